"""What programs call: signed webhooks under /in, and the JSON API under /api/v1."""

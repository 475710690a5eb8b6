"""The frame of the JSON API: one shape of errors. It knows no subject."""

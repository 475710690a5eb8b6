"""The machinery that every subject stands on. It knows no subject."""

"""Connectors: one file for each kind of service that is not HTTP, on the library that is kept well for it."""

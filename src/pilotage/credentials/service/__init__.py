"""Use cases of secrets: what people do with them, and what processes are given."""

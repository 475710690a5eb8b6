"""Measurements: `./dev bench` lists them. Never imported by tests."""

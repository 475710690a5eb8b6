"""Secrets: where their values come from, and how they stay out of everything that people or machines read.

A secret is referred to by name; its value is released to the process that needs it, masked wherever it could be shown.
Knows no connection.
"""

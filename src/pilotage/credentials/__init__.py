"""Secrets: where their values come from, who may use them, and how they stay out of everything that is read.

A secret is referred to by name; its value is released to the process that needs it, for a time, and that is written down.
It is masked wherever it could be shown. Knows no connection.
"""

"""Releases: what is frozen, where it is kept, which one new cases begin on, and how old ones are still answered for.

It knows no stage and no gate yet.
"""

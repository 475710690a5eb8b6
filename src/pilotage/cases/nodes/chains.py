"""Who is asked, in order."""

from typing import TypeAlias

from pilotage.authoring.people import Ask

Chain: TypeAlias = tuple[tuple[str, str], ...]
"""Roles, each with the time that it has."""


def chain_of(ask: Ask) -> Chain:
    """Who is asked and for how long, in order, as plain texts."""
    return tuple((role.name, str(within)) for role, within in ask.chain())

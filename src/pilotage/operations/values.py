"""The words for how the platform is doing."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Condition(StrEnum):
    """How the platform is doing, from best to worst."""

    EMPTY = "empty"
    WELL = "well"
    PASSING = "passing"
    """Something outside does not work, and nobody need do anything about it yet."""
    ATTENTION = "attention"
    HELD = "held"
    BROKEN = "broken"


class Urgency(StrEnum):
    """How much something needs somebody."""

    WORK = "work"
    """Ordinary: it is there for people to settle."""
    PASSING = "passing"
    """Something outside does not work; it is tried again by itself, and nobody is needed yet."""
    TROUBLE = "trouble"
    """Something is not as it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One thing that needs somebody."""

    condition: Condition
    """What the platform's condition is at least, as long as it is there."""
    urgency: Urgency
    title: str
    why: str
    command: str
    """What to type to deal with it."""
    oldest: timedelta | None = None
    """How long the oldest of them has been there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How the platform is doing, in words."""

    condition: Condition
    title: str
    """In a few words: "All is well"."""
    sentence: str
    """In a sentence, with the numbers that matter."""

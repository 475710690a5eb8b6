"""A rehearsal, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

RESULTS: Final = "results.jsonl"
"""The file in a rehearsal's folder in which stands what became of each record."""


class Ending(StrEnum):
    """How a record ended in a rehearsal: its case's place, or what a rehearsal alone knows."""

    DONE = "done"
    WITH_PEOPLE = "with people"
    WOULD_ACT = "would act"
    """Its effect met the door, and nobody knows what it would have been answered."""
    UNANSWERED = "unanswered"
    """It would have read or asked outside, and nobody knows what it would have been answered."""
    HANDED_OVER = "handed over"
    WAITING = "waiting"
    WITHDRAWN = "withdrawn"
    DEAD_LETTER = "dead letter"
    QUARANTINED = "in quarantine"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wall:
    """One of the three walls, and whether it held in this run."""

    name: str
    holds: bool
    why: str = ""
    """Why it does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """What a rehearsal's process is told."""

    root: str
    environment: str
    references: tuple[str, ...]
    """The automations of the project, as module:attribute."""
    automation: str
    folder: str
    """A throw-away folder, for its database and for what it writes down."""
    release: str
    frozen: str | None = None
    """The folder of the release's files; None: the working directory."""
    manifest: str | None = None
    contents: str = ""
    """The folder of the project's large contents, to read from."""
    files: tuple[str, ...] = ()
    way: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    stored: str | None = None
    """A file with the records of old cases."""
    results: str | None = None
    """A file with what the effects of old cases gave."""
    answers: str | None = None
    fakes: Mapping[str, str] = field(default_factory=dict[str, str])
    cut_off: bool = True

"""The words of a case's way, as values."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from pilotage.kernel.clock import from_micros
from pilotage.kernel.ids import BatchId, CaseId, shown


class Place(StrEnum):
    """Where a case is: exactly one of these. A record that is not a case yet is in quarantine."""

    READY = "ready"
    MOVING = "moving"
    WAITING = "waiting"
    WITH_PEOPLE = "with people"
    DEAD_LETTER = "dead letter"
    HANDED_OVER = "handed over"
    DONE = "done"
    WITHDRAWN = "withdrawn"


OPEN_PLACES = (Place.READY, Place.MOVING, Place.WAITING, Place.WITH_PEOPLE, Place.DEAD_LETTER)
ENDED_PLACES = (Place.HANDED_OVER, Place.DONE, Place.WITHDRAWN)


class WaitsFor(StrEnum):
    """What a waiting case waits for."""

    TIME = "a time"
    RETRY = "another attempt"
    EFFECT = "an effect"
    ITEMS = "its items"
    CONNECTION = "a connection"
    HAND_OVER = "a hand-over"


_WAITING_FOR = f"{WaitsFor.CONNECTION.value}: "


def waiting_for(connection: str) -> str:
    """What a case waits for whose connection is left alone, as it is stored."""
    return _WAITING_FOR + connection


def connection_waited_for(waits_for: str | None) -> str | None:
    """The connection that is named in it, or None."""
    return waits_for.removeprefix(_WAITING_FOR) if waits_for and waits_for.startswith(_WAITING_FOR) else None


TO_DO = " To do: "
"""Between what is said of an effect that waits because of our own side, and its remedy."""


def with_remedy(what: str, remedy: str) -> str:
    """What is kept of an effect that nobody could be asked for until somebody mends something here."""
    return f"{what}{TO_DO}{remedy}"


class EffectState(StrEnum):
    """How far an outward act has come."""

    PLANNED = "planned"
    SENDING = "sending"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNDOING = "undoing"
    UNDONE = "undone"
    UNDO_REFUSED = "undo refused"
    UNDO_UNKNOWN = "undo unknown"


class HandOverState(StrEnum):
    """How far a value has come that one automation hands over to another."""

    WAITING = "waiting"
    """With the giver: nobody has taken it yet."""
    TAKEN = "taken"
    """It is a case of the taker."""
    DUPLICATE = "duplicate"
    """The taker had it already."""
    QUARANTINED = "quarantined"
    """It came to the taker's quarantine."""
    CALLED_OFF = "called off"
    """The giver's case was withdrawn before."""


Repeat = Literal["safe", "ask", "never"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a judging step answered for one case, as plain data."""

    value: object
    confidence: float | None
    evidence: tuple[dict[str, str], ...] = ()
    alternatives: dict[str, float] = field(default_factory=dict[str, float])
    abstained: str | None = None


@dataclass(kw_only=True, slots=True)
class LiveCase:
    """A case in memory while its batch moves. Changed by the walk alone; written at the checkpoint."""

    id: CaseId
    key: str
    node: str | None
    record: object
    """The typed record."""
    values: dict[str, object]
    """What each node gave, typed."""
    fresh: dict[str, object] = field(default_factory=dict[str, object])
    """What was given since the last checkpoint, encoded."""
    stored: dict[str, object] = field(default_factory=dict[str, object])
    """What earlier checkpoints stored, encoded."""
    judgements: dict[str, object] = field(default_factory=dict[str, object])
    proposed: object = None
    """What a person is asked about, typed."""
    story: list[list[object]] = field(default_factory=list[list[object]])
    """What happened since the last checkpoint: [what, node, details ...], for the timeline."""
    attempts: int = 0
    parent: CaseId | None = None
    item: int | None = None
    segments: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something that a person must settle before a case goes on."""

    case: CaseId
    automation: str
    node: str
    kind: str
    chain: tuple[tuple[str, str], ...]
    """Who is asked, and for how long, in order: (role, duration)."""
    proposal: object = None
    why: str = ""
    effect: int | None = None
    then: str = "case"


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedEffect:
    """An outward act that a case has come to."""

    case: CaseId
    node: str
    connection: str
    repeat: Repeat
    inputs: str
    """Digest of the inputs that the act was planned with."""
    segments: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a case hands over to another automation."""

    taker: str
    version: int
    """Of the taker's contract, as the giver knows it."""
    text: str
    """The value as JSON."""
    late_at: int
    """Until when the taker should have taken it."""
    late_to: str
    """The role that answers for it then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchRow:
    """A batch as it is stored."""

    id: BatchId
    automation: str
    release: str
    checkpoints: int
    ended: bool
    takeovers: int = 0
    size: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Permitted:
    """An effect that this sender may send now, with what its step needs."""

    id: int
    key: str
    automation: str
    release: str
    case: int
    case_key: str
    node: str
    connection: str
    repeat: str
    attempt: int
    failures: int
    asked: int
    planned_at: int
    doubtful: bool
    """An earlier attempt may have acted: what happens to a later one proves nothing about it."""
    record: str
    given: str | None
    item: int | None
    parent: int | None
    segments: str | None = None
    earlier: dict[str, str] = field(default_factory=dict[str, str])
    """What earlier effects of the case gave: node -> JSON text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OnItsWay:
    """A call that was permitted before the hold."""

    effect: int
    case: int
    node: str
    connection: str
    sender: str
    send_by: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A hold in force."""

    id: int
    scope: str
    name: str
    intake: bool
    reason: str
    by: str
    at: int

    def __str__(self) -> str:
        name = shown("C", int(self.name)) if self.scope == "case" else self.name
        what = "everything" if self.scope == "everything" else f"{self.scope} {name}"
        also = ", intake too" if self.intake else ""
        return f"{what}{also} (by {self.by} at {from_micros(self.at):%H:%M}: {self.reason})"

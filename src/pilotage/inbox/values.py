"""A decision, as values."""

from dataclasses import dataclass, field
from enum import StrEnum

from pilotage.kernel.ids import CaseId, DecisionId


class Kind(StrEnum):
    """Why a person is asked."""

    JUDGEMENT = "judgement"
    ABSTAINED = "abstained"
    APPROVAL = "approval"
    UNKNOWN_VARIANT = "unknown variant"
    EXCEPTION = "exception"
    HAND_OVER = "hand-over"
    UNKNOWN_EFFECT = "unknown effect"
    INPUTS_CHANGED = "inputs changed"
    NO_LONGER_FITS = "no longer fits"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """Something that waits for a person, or was settled by one."""

    id: DecisionId
    automation: str
    release: str
    """The release that the case is on: its code says what may be answered, and what follows."""
    case: CaseId
    case_key: str
    effect: int | None
    node: str
    kind: Kind
    why: str
    asked: str
    """The role that is asked now."""
    step: int
    """How far along the chain the question has come."""
    chain: tuple[tuple[str, str], ...]
    deadline: int | None
    """Platform time; None: the chain is at its end, it stays with people and the owner is alarmed."""
    asked_at: int
    state: str
    proposal: object = None
    answer: object = None
    settled_by: str | None = None
    known: str | None = None
    reason: str | None = None
    settled_at: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person says."""

    by: str
    known: str
    """How it is known who they are, such as "shell user, not verified"."""
    reason: str
    word: str
    """What is done: value, approve, refuse, go on, finish, done, not done, keep, withdraw."""
    value: object = None
    """Plain data, where a value is given."""
    fields: dict[str, object] = field(default_factory=dict[str, object])


WORDS: dict[Kind, tuple[str, ...]] = {
    Kind.JUDGEMENT: ("value", "withdraw"),
    Kind.ABSTAINED: ("value", "withdraw"),
    Kind.APPROVAL: ("approve", "refuse"),
    Kind.UNKNOWN_VARIANT: ("value", "withdraw"),
    Kind.EXCEPTION: ("go on", "finish", "withdraw"),
    Kind.HAND_OVER: ("value", "withdraw"),
    Kind.UNKNOWN_EFFECT: ("done", "not done", "withdraw"),
    Kind.INPUTS_CHANGED: ("keep", "withdraw"),
    Kind.NO_LONGER_FITS: ("go on", "withdraw"),
}
"""What may be answered to each kind of decision."""

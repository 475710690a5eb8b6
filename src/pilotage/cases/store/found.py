"""What the store finds when it only looks, as values; a field for each column that somebody reads."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseRow:
    """A case, without what is personal."""

    id: int
    automation: str
    key: str
    release: str
    place: str
    node: str | None
    waits_for: str | None
    due_at: int | None
    parent: int | None
    segments: str | None
    reason: str | None
    accepted_at: int
    changed_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a case holds, as JSON texts."""

    record: str
    given: str | None
    judgements: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """Where a case is."""

    id: int
    key: str
    place: str
    node: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One entry of a timeline."""

    at: int
    batch: int | None
    story: str
    """JSON text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectRow:
    """An effect as the ledger has it, with what it gave."""

    id: int
    key: str
    case_id: int
    node: str
    connection: str
    generation: int
    state: str
    attempt: int
    words: str | None
    due_at: int | None
    planned_at: int
    changed_at: int
    result: str | None
    """JSON text; None where it is not confirmed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A case that somebody has to look at."""

    id: int
    key: str
    automation: str
    node: str | None
    reason: str | None
    changed_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Records in quarantine that are wrong in the same way."""

    automation: str
    shape: str
    kind: str
    reason: str
    """Of one of them."""
    count: int
    first: int
    """The id of the first."""
    oldest: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ShapeOfOne:
    """Records of one submission in quarantine that are wrong in the same way."""

    kind: str
    shape: str
    reason: str
    """Of one of them."""
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """A record in quarantine, without what is personal."""

    id: int
    automation: str
    number: int | None
    """Its line or row in the source."""
    digest: str
    whole: bool
    """Whether all of its bytes are kept."""
    kind: str
    field: str | None
    reason: str
    shape: str
    key: str | None
    beside: int | None
    """The case that has its key with other content."""
    state: str
    case_id: int | None
    """The case that it became."""
    at: int
    settled_at: int | None
    settled_by: str | None
    settled_why: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantinedWhole(Quarantined):
    """A record in quarantine with its original bytes and, where they could be read, its fields (JSON text)."""

    start: int | None
    """The byte of its source at which it begins; `end` is the one behind it."""
    end: int | None
    original: bytes | None
    fields: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A submission with its counts."""

    id: int
    automation: str
    source: str
    arrived: int
    accepted: int
    duplicates: int
    quarantined: int
    finished: bool
    started_at: int
    changed_at: int

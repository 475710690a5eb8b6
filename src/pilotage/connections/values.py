"""What is known about a call: who may make it, how far it has come, and what the other side said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Standing(StrEnum):
    """How the one state-changing call of a running step stands."""

    NOTHING = "nothing sent"
    NOT_DONE = "known not done"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """Also while the call is on its way: whoever ends the step then does not know."""
    ANSWERED = "answered"


class Heard(StrEnum):
    """What the other side did with a call, in the words in which people are told."""

    ANSWERED = "answered"
    DOWN = "down"
    """No connection, no answer in time, or an answer that says that it cannot (5xx)."""
    DIFFERS = "answers differently"
    """It answered, but not as agreed."""
    REFUSED = "refused us"
    """It answered that it does not do what was asked, or does not know who asks."""
    THROTTLED = "throttled"
    """It answered that it was too much."""

    @property
    def fails(self) -> bool:
        """Whether it says that the other side does not work as agreed, whoever calls it."""
        return self in {Heard.DOWN, Heard.DIFFERS}


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectGuard:
    """What one attempt of an effect is allowed."""

    key: str
    """The effect's key; it goes along as the connection's idempotency header."""
    attempt: int
    send_by: float | None
    """On the monotonic clock of this process: at this moment and later no first byte leaves."""
    repeats_unknown: bool = False
    """The outcome of an earlier attempt is unknown: a refusal of this one then proves nothing about that one."""

    segment: Mapping[str, str] = field(default_factory=dict[str, str])
    """The segments of its case, for limits that count them apart."""
    counted: bool = True
    """Its one call was taken from the account's limits with the permission to send; else it takes a permit of its own."""

    def __post_init__(self) -> None:
        if not (self.key and self.key.isascii() and self.key.isprintable()):
            raise ValueError(f"an effect's key is printable ASCII, so that it can be sent: {self.key!r}")


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class RawResponse:
    """What the other side said, for diagnosis: credentials taken out, cut to a size. Its text form shows no content."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: bool

    def __repr__(self) -> str:
        return f"RawResponse(status={self.status}, {len(self.body)} bytes{', cut' if self.truncated else ''})"

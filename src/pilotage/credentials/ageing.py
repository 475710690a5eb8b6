"""When a secret is too old, or ends soon."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

DAY: Final = 86_400_000_000
_SOON: Final = 14 * DAY
_SHARE: Final = 0.1


class Age(StrEnum):
    """How a secret stands to its age."""

    YOUNG = "young"
    SOON = "soon"
    """It ends soon, or is nearly as old as it may become."""
    OLD = "old"
    """It is older than it may be."""
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """Its source does not say when it was set."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What is known of a secret's age."""

    age: Age
    left: int | None
    """Microseconds until it is too old or ends; negative: since. None: nobody knows, or there is no end."""


def standing(*, set_at: int | None, max_age: int | None, expires_at: int | None, now: int) -> Standing:
    """How it stands; `max_age` in microseconds, None where no automation declares one."""
    if expires_at is not None and expires_at <= now:
        return Standing(age=Age.EXPIRED, left=expires_at - now)
    if set_at is None and expires_at is None:
        return Standing(age=Age.UNKNOWN, left=None)
    oldest = None if set_at is None or max_age is None else set_at + max_age
    left = min((end - now for end in (oldest, expires_at) if end is not None), default=None)
    if left is None:
        return Standing(age=Age.YOUNG, left=None)
    if left <= 0:
        return Standing(age=Age.OLD, left=left)
    soon = _SOON if max_age is None else min(_SOON, int(max_age * _SHARE))
    return Standing(age=Age.SOON if left <= soon else Age.YOUNG, left=left)

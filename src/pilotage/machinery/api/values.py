"""Tokens and keyed requests as values."""

from dataclasses import dataclass
from enum import StrEnum


class TokenScope(StrEnum):
    """What a token is for."""

    SUBMIT = "submit"
    READ = "read"
    METRICS = "metrics"


@dataclass(frozen=True, kw_only=True, slots=True)
class Token:
    """A token as it is kept: without its secret half."""

    id: str
    name: str
    scopes: frozenset[TokenScope]
    made_at: int
    made_by: str
    expires_at: int
    revoked_at: int | None
    revoked_by: str | None

    def valid(self, now: int) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that came with a key of its own."""

    asker: str
    """Whose keys they are: another's are not looked at."""
    key: str
    digest: str
    """Of the whole request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What was answered to it before."""

    digest: str
    answer: str

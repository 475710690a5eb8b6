"""The value of a secret, which shows itself to nobody who does not ask for it by name."""

from dataclasses import dataclass
from enum import StrEnum
from hmac import compare_digest
from typing import NoReturn


class SecretValue:
    """A credential. Its text, its format, its repr, its copies and its pickles never hold the value; `reveal()` does."""

    __slots__ = ("__hidden", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.__hidden = value

    def reveal(self) -> str:
        """The value itself, for the one place that sends it."""
        return self.__hidden

    def __repr__(self) -> str:
        return f"<secret {self.name}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretValue):
            return NotImplemented
        return compare_digest(self.__hidden.encode(), other.__hidden.encode())

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret is a way to guess it

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(f"the secret {self.name} is neither copied nor stored")


class Source(StrEnum):
    """Where a value was read."""

    ENVIRONMENT = "environment variable"
    FILE_NAMED_BY_ENVIRONMENT = "file named by an environment variable"
    PROJECT_FILE = "file of the project"
    LOCAL = "local store"
    OPENBAO = "OpenBao"
    AWS = "AWS Secrets Manager"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A value as its source gives it now."""

    value: SecretValue
    source: Source
    version: str = ""
    """How the source calls it; "" where it does not tell versions apart."""
    set_at: int | None = None
    """Platform time in microseconds; None where the source does not say."""
    expires_at: int | None = None


@dataclass(frozen=True, kw_only=True)
class Release:
    """A value was released to this process: what the audit trail is told."""

    name: str
    environment: str
    source: Source
    again: bool
    """It was asked for again, because the other side had not accepted the one before."""
    version: str = ""
    automation: str = ""
    """For which automation; "" is the platform itself."""
    seconds: float = 0.0
    """For how long it may be used before the source is asked again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One version of a secret in the local store, as people see it: never its value."""

    secret: str
    version: int
    key: str | None
    set_at: int
    set_by: str
    known: str
    expires_at: int | None
    retires_at: int | None
    forgotten_at: int | None

    def valid(self, now: int) -> bool:
        """Whether it may still be used."""
        ends = (self.expires_at, self.retires_at, self.forgotten_at)
        return all(end is None or end > now for end in ends)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealed:
    """What the local store keeps of a value: under a data key, which is itself under the key outside of the database."""

    secret: str
    version: int
    key: str
    wrapped: bytes
    sealed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """An automation may use a secret."""

    secret: str
    automation: str
    granted_at: int
    granted_by: str
    known: str
    revoked_at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A process holds a value, until then at most."""

    id: int
    secret: str
    version: str
    source: str
    automation: str
    holder: str
    host: str
    pid: int
    taken_at: int
    until: int
    ended_at: int | None
    set_at: int | None
    expires_at: int | None

    @property
    def end(self) -> int:
        """When it ended, or ends."""
        return self.until if self.ended_at is None else min(self.ended_at, self.until)

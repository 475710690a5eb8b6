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


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A value was released to this process: what the audit trail is told."""

    name: str
    environment: str
    source: Source
    again: bool
    """It was read again, after the other side had not accepted the one before."""

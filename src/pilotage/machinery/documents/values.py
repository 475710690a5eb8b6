"""How much of a document is read, and for how long."""

from dataclasses import dataclass


class Unreadable(Exception):
    """What is in a document cannot be read; the reason is a sentence."""

    def __init__(self, reason: str, /) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The bounds of one reading."""

    seconds: float = 30.0
    memory: int = 1 << 30
    """Bytes of address space of the process that reads."""
    pages: int = 200
    characters: int = 4_000_000
    unpacked: int = 64 << 20
    """Bytes that a workbook may have when it is unpacked."""

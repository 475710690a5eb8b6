"""Which trace belongs to a batch or a case: computed from its id, so that nothing has to be stored to find it again."""

import hashlib
from typing import Final

_BITS: Final = 128


def trace_of(environment: str, what: str, number: int) -> int:
    """The id of the trace of a batch or of a case's effects: the same in every process, and spread evenly for sampling."""
    text = f"pilotage {environment} {what} {number}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=_BITS // 8).digest(), "big") or 1


def trace_text(trace: int) -> str:
    """A trace's id as every tool shows it."""
    return f"{trace:032x}"

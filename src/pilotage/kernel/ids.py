"""Ids: 63-bit integers in the order of their making, shown to people as short words such as `C-1K3X8Q0T7M2A4`.

An integer key keeps the tables of a million cases small and their indexes in order of arrival. The upper 41 bits are
milliseconds since 2020, the lower 22 a process's own counter that starts at random, so that two processes do not meet.
"""

import secrets
import threading
import time
from typing import Final, NewType

CaseId = NewType("CaseId", int)
BatchId = NewType("BatchId", int)
EffectId = NewType("EffectId", int)
DecisionId = NewType("DecisionId", int)
SubmissionId = NewType("SubmissionId", int)
QuarantineId = NewType("QuarantineId", int)

_EPOCH_MS: Final = 1_577_836_800_000
_COUNTER_BITS: Final = 22
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}


class IdMaker:
    """Makes ids that are unique in this process and, but for one chance in four million a millisecond, in the world."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def make(self, count: int) -> list[int]:
        """`count` new ids, ascending."""
        with self._lock:
            fresh = ((time.time_ns() // 1_000_000 - _EPOCH_MS) << _COUNTER_BITS) | secrets.randbits(_COUNTER_BITS - 1)
            first = max(fresh, self._last + 1)
            self._last = first + count - 1
        return list(range(first, first + count))

    def one(self) -> int:
        """One new id."""
        return self.make(1)[0]


ids: Final = IdMaker()


def shown(letter: str, number: int) -> str:
    """An id as people see it: the letter of its kind (C case, D decision, E effect, Q quarantine, B batch) and a word."""
    word = ""
    while number:
        number, digit = divmod(number, 32)
        word = _ALPHABET[digit] + word
    return f"{letter}-{word or '0'}"


def read(letter: str, text: str) -> int | None:
    """The number behind a shown id, or None when the text is none of this kind."""
    head, dash, word = text.strip().upper().partition("-")
    if not dash or head != letter or not word or any(sign not in _VALUES for sign in word):
        return None
    number = 0
    for sign in word:
        number = number * 32 + _VALUES[sign]
    return number

"""Takes every credential that this process holds out of text, wherever text leaves it: logs, words, JSON, pages, rows.

Whoever holds credentials says so once; whoever writes text calls `hide` and needs to know nobody. What nobody holds costs
nothing, and where nothing is found a search is all that it costs.
"""

import threading
import weakref
from typing import Final, Protocol

from pilotage.machinery.net.redaction import Redactor


class Holder(Protocol):
    """Whoever holds credentials."""

    def redactor(self) -> Redactor:
        """What takes them out; the same one as long as it holds the same ones."""
        ...


_holders: Final[list["weakref.ref[Holder]"]] = []
_lock: Final = threading.Lock()


def watch(holder: Holder) -> None:
    """Hide what this holder holds, for as long as it lives."""
    with _lock:
        _holders[:] = [one for one in _holders if one() is not None]
        _holders.append(weakref.ref(holder))


def hide(text: str) -> str:
    """The text without any credential that this process holds."""
    for redactor in _redactors():
        text = redactor.text(text)
    return text


def hide_bytes(data: bytes) -> bytes:
    """The bytes without any credential that this process holds."""
    for redactor in _redactors():
        data = redactor.body(data)
    return data


def blacken(data: bytes) -> bytes:
    """The same, as long as it was: for what is announced with its length."""
    for redactor in _redactors():
        data = redactor.body(data, same_length=True)
    return data


def _redactors() -> list[Redactor]:
    return [holder.redactor() for one in _holders if (holder := one()) is not None]

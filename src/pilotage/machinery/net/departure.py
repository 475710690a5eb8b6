"""The moment at which a request begins to leave, told by the socket itself and not guessed from an exception."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from pilotage.machinery.net.errors import TooLate


class Departure:
    """Follows one request out: whether anything of it has left, and whether it still may."""

    __slots__ = ("_monotonic", "_send_by", "left")

    def __init__(self, *, send_by: float | None, monotonic: Callable[[], float]) -> None:
        self._send_by = send_by
        self._monotonic = monotonic
        self.left = False
        """Set before the first byte is handed to the operating system, never taken back."""

    def leave(self) -> None:
        """Called directly before the first bytes leave: raises TooLate when their time is over."""
        self.check()
        self.left = True

    def check(self) -> None:
        """Raise TooLate when the time by which the request had to leave is over."""
        if self._send_by is not None and self._monotonic() >= self._send_by:
            raise TooLate("The time by which it had to be sent was over before its first byte left.")


departure: Final[ContextVar[Departure | None]] = ContextVar("departure", default=None)
"""The request that the running task sends. httpcore2 writes in the task that called it, so this reaches the socket."""

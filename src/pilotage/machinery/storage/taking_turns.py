"""SQLite's one write lock, waited for in turn.

SQLite itself waits by sleeping longer each time, up to a tenth of a second: whoever has waited longest asks least often, and
among a few busy writers somebody waits for half a minute while the lock is free most of the time. Here the threads of a process
stand in line for one ordinary lock, and the processes ask the more often the longer they have waited.
"""

import sqlite3
import threading
from typing import Final

from pilotage.kernel.clock import SystemClock

_PAUSES: Final = ((0.05, 0.002), (0.5, 0.001))
"""(up to so many seconds of waiting, seconds between two tries)."""
_LAST_PAUSE: Final = 0.0003

_clock: Final = SystemClock()


class Line:
    """Where the threads of this process stand that want to write to one file."""

    def __init__(self, longest: float) -> None:
        self.longest = longest
        """Seconds after which one gives up."""
        self.lock = threading.Lock()


class Connection(sqlite3.Connection):
    """The driver's connection; `begin_writing` waits in turn, and the end of the transaction, whichever, gives the turn away."""

    _line: Line | None = None

    def begin_writing(self, line: Line) -> None:
        """Begin a transaction with the write lock. Raises sqlite3.OperationalError (SQLITE_BUSY) where others keep it."""
        began = _clock.monotonic()
        if not line.lock.acquire(timeout=line.longest):
            self._begin()  # whoever keeps the turn may hold nothing at all
            return
        self._line = line
        try:
            self._ask(began, line.longest)
        except BaseException:
            self._give_away()
            raise

    def _ask(self, began: float, longest: float) -> None:
        rest = threading.Event()
        (patience,) = self.execute("PRAGMA busy_timeout").fetchone()
        self.execute("PRAGMA busy_timeout=0")
        try:
            while True:
                try:
                    self._begin()
                except sqlite3.OperationalError as error:
                    waited = _clock.monotonic() - began
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or waited > longest:
                        raise
                    rest.wait(next((pause for until, pause in _PAUSES if waited < until), _LAST_PAUSE))
                else:
                    return
        finally:
            self.execute(f"PRAGMA busy_timeout={patience}")

    def _begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit, and give the turn away."""
        try:
            super().commit()
        finally:
            self._ended()

    def rollback(self) -> None:
        """Roll back, and give the turn away."""
        try:
            super().rollback()
        finally:
            self._ended()

    def close(self) -> None:
        """Close, and give the turn away."""
        try:
            super().close()
        finally:
            self._give_away()

    def _ended(self) -> None:
        if self._line is not None and not self.in_transaction:
            self._give_away()

    def _give_away(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.lock.release()

"""The only reader of the time.

Platform time comes from the database (`machinery.storage`); this clock is what it is read with on SQLite, and what
everything without a database uses. Durations inside a process use `monotonic`.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards; for durations inside this process."""
        ...


class SystemClock:
    """The clock of the host."""

    def now(self) -> datetime:
        """The host's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The host's monotonic seconds."""
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved; for tests and rehearsals."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """The time that was last set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds by which the clock was moved forward."""
        return self._monotonic

    def forward(self, by: timedelta) -> None:
        """Let the time pass."""
        self._now += by
        self._monotonic += by.total_seconds()

    def travel(self, to: datetime) -> None:
        """Set the time; the monotonic seconds go on only if it lies ahead."""
        ahead = (to.astimezone(UTC) - self._now).total_seconds()
        self._monotonic += max(0.0, ahead)
        self._now = to.astimezone(UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970 in UTC: how every time is stored."""
    return int(moment.timestamp() * 1_000_000)


def from_micros(value: int) -> datetime:
    """The time that `micros` stored."""
    seconds, rest = divmod(value, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest)

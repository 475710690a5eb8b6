"""The only reader of the time.

Platform time comes from the database (`machinery.storage`); this clock is what it is read with on SQLite, and what
everything without a database uses. Durations inside a process use `monotonic`.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from pilotage.kernel.ids import ids, shown

_TRIES = 5
_AT_ONCE = 1_000_000
"""Nanoseconds within which two clocks were read at one moment."""


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never run backwards; for durations inside this process."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Beat:
    """What both clocks of a host read at one moment, in microseconds."""

    boot: str
    """As long as it is the same, the steady clock is the same, in every process of the host."""
    steady: int
    """From an arbitrary start; it cannot be set, and goes on while the host sleeps."""
    wall: int
    """Since 1970; it can be set, and jumps."""


@runtime_checkable
class TwoClocks(Protocol):
    """A clock that also tells how long something took, to all processes of the host alike."""

    def beat(self) -> Beat:
        """Both at one moment."""
        ...


class SystemClock:
    """The clock of the host."""

    def now(self) -> datetime:
        """The host's time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The host's monotonic seconds."""
        return time.monotonic()

    def beat(self) -> Beat:
        """Both clocks of the host; read again where the process was held up between them."""
        boot, steady = _steady()
        best = (steady(), time.time_ns(), steady())
        for _ in range(_TRIES):
            if best[2] - best[0] < _AT_ONCE:
                break
            best = min(best, (steady(), time.time_ns(), steady()), key=lambda one: one[2] - one[0])
        return Beat(boot=boot, steady=best[0] // 1_000, wall=best[1] // 1_000)


@cache
def _steady() -> tuple[str, Callable[[], int]]:
    """What names the steady clock, and how it is read; where a boot has no name, it is this process's own."""
    kind = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    steady = time.monotonic_ns if kind is None else partial(time.clock_gettime_ns, kind)
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = ""  # a container may have a steady clock of its own
        with suppress(OSError):
            namespace = Path("/proc/self/ns/time").readlink().name
        return f"{boot} {namespace}".strip(), steady
    return shown("L", ids.one()), steady


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

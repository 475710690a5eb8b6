"""Which worker processes to start and which to stop: one for each release that is wanted. Pure.

A process that died is started again, at once the first time and after a pause that doubles from then on; one that has
lived for a while has earned a clean slate.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
"""Seconds; also what a missing file costs at most between its coming back and the next attempt."""
STEADY: Final = 30.0
"""Seconds; who has lived for so long did not die of its start."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is known of one release's worker process."""

    running: bool
    since: float
    """Monotonic seconds of its last start."""
    failures: int = 0
    """How often it died in a row."""
    again_at: float = 0.0
    """When it may be started again."""
    code: int | None = None
    """The exit code of its last end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Acts:
    """What to do now."""

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()


def decide(wanted: Collection[str], kept: Mapping[str, Kept], now: float) -> Acts:
    """Start what is wanted and does not run, as soon as it may; stop and forget what is not wanted any more."""
    return Acts(
        start=tuple(
            name for name in wanted if name not in kept or (not kept[name].running and kept[name].again_at <= now)
        ),
        stop=tuple(name for name, one in kept.items() if one.running and name not in wanted),
        forget=tuple(name for name, one in kept.items() if not one.running and name not in wanted),
    )


def started(before: Kept | None, now: float) -> Kept:
    """Its process runs from now on."""
    return Kept(running=True, since=now, failures=before.failures if before else 0)


def died(before: Kept, code: int, now: float) -> Kept:
    """Its process ended by itself: how long to wait before the next one."""
    failures = 1 if now - before.since >= STEADY else before.failures + 1
    pause = 0.0 if failures == 1 else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 2))
    return Kept(running=False, since=before.since, failures=failures, again_at=now + pause, code=code)

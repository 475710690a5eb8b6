"""Waiting until nothing moves by itself any more: what is left needs time or people."""

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeVar

from pilotage.cases.retry import SECOND
from pilotage.cases.store import counting, sources
from pilotage.cases.store.counting import OnItsOwn
from pilotage.connections import limiting
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.interrupts import welcome
from pilotage.machinery.storage.database import Database

SOON: Final = 30.0
"""Seconds: what is due within them is waited for, as another attempt is; what is due later needs time."""
PAUSE: Final = 0.2
_AWAY_PAUSE: Final = 1.0
PATIENCE: Final = 60.0
"""Seconds after which nobody waits any more for a source into which nobody looks."""

Served = Sequence[tuple[str, str]]
_T = TypeVar("_T")


def on_its_own(database: Database, served: Served, *, soon: float = SOON, begun: int | None = None) -> OnItsOwn:
    """What goes on by itself within `soon` seconds.

    What our own side was found to hold up since `begun` does not: somebody has to mend that.
    """
    with database.snapshot() as tx:
        now = database.now(tx)
        until = now + int(soon * SECOND)
        standings = limiting.read(tx, now, beat=database.beat())
        alone = {name for name, one in standings.items() if one.on_platform(one.left_alone_until) > until}
        held_up = () if begun is None else counting.held_up_since(tx, begun)
        return counting.on_its_own(tx, served, until, left_alone=alone, held_up=held_up)


def _now(database: Database) -> int:
    with database.snapshot() as tx:
        return database.now(tx)


def when_it_answers(database: Database, read: Callable[[], _T]) -> _T:
    """What is read; while the database server is away, those who work wait for it, and so does who watches them."""
    rest = threading.Event()
    while True:
        try:
            return read()
        except Exception as error:
            if not database.outage.noticed(error):
                raise
        with welcome():
            rest.wait(_AWAY_PAUSE)


def wait_until_still(
    database: Database,
    served: Served,
    *,
    soon: float = SOON,
    within: float | None = None,
    pause: float = PAUSE,
    seen: Callable[[OnItsOwn], None] = lambda left: None,
    clock: Clock | None = None,
) -> OnItsOwn:
    """Wait until nothing moves by itself, for at most `within` seconds; what still did at the end.

    Somebody else has to do the work meanwhile: a worker of this process or of another one.
    """
    clock = clock or SystemClock()
    rest = threading.Event()
    begun, since = clock.monotonic(), when_it_answers(database, lambda: _now(database))
    while True:
        left = when_it_answers(database, lambda: on_its_own(database, served, soon=soon, begun=since))
        seen(left)
        if not left.count or (within is not None and clock.monotonic() - begun >= within):
            return left
        with welcome():
            rest.wait(pause)


def wait_for_looks(
    database: Database,
    watched: Collection[tuple[str, str]],
    *,
    pause: float = PAUSE,
    patience: float = PATIENCE,
    seen: Callable[[str], None] = lambda words: None,
    clock: Clock | None = None,
) -> bool:
    """Wait until each of these sources (automation, source) was looked into, or is not due; whether one waits for room.

    Somebody else has to look meanwhile: a worker of this process or of another one. Where nobody does for as long as
    `patience`, nobody is waited for.
    """
    clock = clock or SystemClock()
    rest = threading.Event()
    since = when_it_answers(database, lambda: _now(database))
    stirred, before = clock.monotonic(), set[str]()
    while True:
        left, held, waits = when_it_answers(database, lambda: _not_looked_into(database, watched, since))
        if held or left != before:
            stirred, before = clock.monotonic(), left
        if not left or clock.monotonic() - stirred > patience:
            return waits
        seen(f"{', '.join(sorted(left))}: looked into")
        with welcome():
            rest.wait(pause)


def _not_looked_into(
    database: Database, watched: Collection[tuple[str, str]], since: int
) -> tuple[set[str], bool, bool]:
    """Which are still to be looked into; whether somebody looks now; whether one waits for room."""
    with database.snapshot() as tx:
        now = database.now(tx)
        found = {(one.automation, one.source): one for one in sources.standing(tx)}
    left = {
        source
        for automation, source in watched
        if (one := found.get((automation, source))) is None
        or one.held_until > now
        or (one.next_at <= now and (one.looked_at or 0) < since)
    }
    held = any(found[one].held_until > now for one in watched if one in found)
    waits = any(found[one].words and not found[one].failing for one in watched if one in found)
    return left, held, waits

"""What this process hears from the other sides, and what all processes know of them: told to the connection's row, read from it.

Answers are gathered and written with what is written anyway, or after some seconds; a failure is written at once.
"""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from pilotage.connections.breaker import Breaker, delayed
from pilotage.connections.counting import SECOND
from pilotage.connections.errors import ConnectionAway, HeldBack
from pilotage.connections.limiting import Limiter
from pilotage.connections.standing import Standing
from pilotage.connections.values import Heard
from pilotage.kernel.clock import Clock, from_micros
from pilotage.machinery.storage.database import Database

GATHER: Final = 5.0
"""Seconds for which answers are gathered before they are written."""
MOMENT: Final = 1.0
"""Seconds for which a process that found no room for a repeat does not look again."""
PROBE: Final = 15 * SECOND
"""How long the probe of a reading step may take before it is taken for lost, beyond its time-out."""

_log = logging.getLogger("pilotage.connections")


@dataclass(kw_only=True, slots=True)
class _Pending:
    """What was heard and is not written yet."""

    since: float
    heard: Counter[Heard] = field(default_factory=Counter[Heard])
    words: dict[Heard, str] = field(default_factory=dict[Heard, str])
    probe: Heard | None = None

    @property
    def urgent(self) -> bool:
        return self.probe is not None or any(one.fails for one in self.heard)


@dataclass(kw_only=True, slots=True)
class HeldBackHere:
    """Repeats of reading calls that this process held back: told at once for a moment, and counted until it is written."""

    _full: dict[str, float] = field(default_factory=dict[str, float])
    """Until when there is no room, on the monotonic clock."""
    _count: Counter[str] = field(default_factory=Counter[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_full(self, connection: str, now: float) -> bool:
        """Whether there was no room a moment ago."""
        return now < self._full.get(connection, 0.0)

    def one_more(self, connection: str, now: float) -> int:
        """One more is held back; how many were, since it was written last."""
        with self._lock:
            if now >= self._full.get(connection, 0.0):
                self._full[connection] = now + MOMENT
            self._count[connection] += 1
            return self._count[connection]

    def take(self, connection: str) -> int:
        """How many were held back and are not written yet; they are now."""
        with self._lock:
            return self._count.pop(connection, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """A breaker as it was at a moment: the row's time, and the monotonic clock of this process."""

    breaker: Breaker
    now: int
    ahead: int
    """How far platform time is ahead of the row's."""
    read: float


class Watches(Protocol):
    """What a caller needs of a watch."""

    def hear(self, connection: str, heard: Heard, words: str = "", *, probe: bool = False) -> None:
        """Note what came of a call."""
        ...

    async def enter(self, connection: str, *, seconds: float) -> bool:
        """Whether this call is the probe; raises ConnectionAway where the connection is left alone."""
        ...

    async def repeat(self, connection: str) -> None:
        """Leave for a call that failed before; raises HeldBack where the repeats of the connection have no room."""
        ...

    async def settle(self, connection: str) -> None:
        """Write what was noted, where that cannot wait."""
        ...

    def away(self, connection: str) -> ConnectionAway | None:
        """Why the connection is left alone, as far as this process knows."""
        ...

    def nobody_answers(self, connection: str) -> bool:
        """Whether nobody has had an answer of late, as far as this process knows."""
        ...


@dataclass(kw_only=True)
class Watch:
    """The other sides, as one process sees them."""

    database: Database
    limiter: Limiter
    clock: Clock
    chance: Random
    _pending: dict[str, _Pending] = field(default_factory=dict[str, _Pending])
    _views: dict[str, _View] = field(default_factory=dict[str, _View])
    _given_up: set[str] = field(default_factory=set[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _held_back: HeldBackHere = field(default_factory=HeldBackHere)
    _telling: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    def hear(self, connection: str, heard: Heard, words: str = "", *, probe: bool = False) -> None:
        """Note what came of a call; it is written later."""
        with self._lock:
            pending = self._pending.get(connection)
            if pending is None:
                pending = self._pending[connection] = _Pending(since=self.clock.monotonic())
            pending.heard[heard] += 1
            if heard is not Heard.ANSWERED:
                pending.words[heard] = words
            if probe:
                pending.probe = heard

    def give_up_on(self, connection: str) -> None:
        """An attempt was the last one, and nobody has an answer from this connection: it is left alone."""
        self._given_up.add(connection)

    # -- written to the row --------------------------------------------------------

    def write_into(self, standings: Mapping[str, Standing], *, at_once: bool = False) -> None:
        """Note in rows that are locked what was heard of them, where it is time for that, or at once."""
        for name, standing in standings.items():
            was = standing.stored.breaker
            with self._lock:
                pending = self._pending.get(name)
                if pending is not None and (at_once or self._is_time(pending, standing)):
                    del self._pending[name]
                else:
                    pending = None
            if pending is not None:
                standing.note(pending.heard, self.chance, words=pending.words, probe=pending.probe)
            standing.hold_back(self._held_back.take(name))
            if name in self._given_up:
                self._given_up.discard(name)
                standing.give_up_on_it(Heard.DOWN, self.chance)
            _tell(name, was, standing)
            self.see(name, standing)

    def _is_time(self, pending: _Pending, standing: Standing) -> bool:
        old = self.clock.monotonic() - pending.since >= GATHER
        news = any(one is not Heard.ANSWERED for one in pending.heard)
        return news or pending.probe is not None or standing.changed or old or not standing.stored.breaker.at_ease

    def see(self, name: str, standing: Standing) -> None:
        """Remember how its breaker stands now."""
        self._views[name] = _View(
            breaker=standing.stored.breaker,
            now=standing.now,
            ahead=standing.on_platform(0),
            read=self.clock.monotonic(),
        )

    def expected(self, name: str, standing: Standing) -> Standing:
        """How it will stand once what was heard is written; nothing is written yet."""
        with self._lock:
            pending = self._pending.get(name)
        if pending is not None:
            standing.note(pending.heard, self.chance, probe=pending.probe)
        return standing

    def write(self) -> int:
        """Write what was gathered for long enough; a chore."""
        now = self.clock.monotonic()
        with self._lock:
            due = [name for name, one in self._pending.items() if one.urgent or now - one.since >= GATHER]
        self._write(due)
        return 0

    def finish(self) -> None:
        """Write what is left, before this process ends."""
        with self._lock:
            left = list(self._pending)
        try:
            self._write(left, at_once=True)
        except Exception as error:  # noqa: BLE001 - a process that cannot tell what it heard ends all the same
            if not self.database.outage.noticed(error):
                _log.exception("connection.unwritten")

    def _write(self, names: Collection[str], *, at_once: bool = False) -> None:
        if not names:
            return
        with self.database.transaction() as tx:
            standings = self.limiter.lock(tx, names, self.database.now(tx))
            self.write_into(standings, at_once=at_once)
            self.limiter.write(tx, standings)

    # -- for steps that read -------------------------------------------------------

    async def enter(self, connection: str, *, seconds: float) -> bool:
        """Whether this call is the probe; raises ConnectionAway where the connection is left alone."""
        view = self._views.get(connection)
        if view is None or not view.breaker.closed:
            try:
                view, probe = await asyncio.to_thread(self._ask, connection, seconds)
            except Exception as error:  # noqa: BLE001 - without the row nobody knows better, and the call says how it is
                if not self.database.outage.noticed(error):
                    _log.exception("connection.unread")
                return False
            if probe:
                return True
        if view.breaker.closed:
            return False
        raise self._away(connection, view)

    def _ask(self, connection: str, seconds: float) -> tuple[_View, bool]:
        """The breaker as the row has it, and whether the caller now has the probe."""
        view = self._views.get(connection)
        if view is not None and self._moment(view) < view.breaker.until and self._fresh(view):
            return view, False
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            standings = self.limiter.lock(tx, {connection}, now)
            standing = standings[connection]
            probe = not standing.stored.breaker.closed and standing.let_through(1) == 1
            if probe:
                standing.probing(standing.now + int(seconds * SECOND) + PROBE)
            self.limiter.write(tx, standings)
            self.see(connection, standing)
        return self._views[connection], probe

    async def repeat(self, connection: str) -> None:
        """Leave for a call that failed before; raises HeldBack where the repeats of the connection have no room."""
        view = self._views.get(connection)
        if view is None or view.breaker.repeats(self._moment(view)) is None:
            return
        if self._held_back.is_full(connection, self.clock.monotonic()):
            raise self._no_repeat(connection)
        try:
            granted = await asyncio.to_thread(self._permit_repeat, connection)
        except Exception as error:  # noqa: BLE001 - without the row nobody knows better, and the call says how it is
            if not self.database.outage.noticed(error):
                _log.exception("connection.unread")
            return
        if not granted:
            raise self._no_repeat(connection)

    def _permit_repeat(self, connection: str) -> bool:
        with self.database.transaction() as tx:
            standings = self.limiter.lock(tx, {connection}, self.database.now(tx))
            standing = standings[connection]
            room = standing.repeats()
            if room is None or room > 0:
                standing.permit_repeats(1)
            standing.hold_back(self._held_back.take(connection))
            self.limiter.write(tx, standings)
            self.see(connection, standing)
        return room is None or room > 0

    def _no_repeat(self, connection: str) -> HeldBack:
        """The next one held back; each is told to come a little later than the one before."""
        place = self._held_back.one_more(connection, self.clock.monotonic())
        after = delayed(place, 0, self.chance)[-1] / SECOND
        what = (
            f"{connection}: a part of its calls fails, and so many are repeats that this one waits; nothing was sent."
        )
        return HeldBack(what, after=after)

    def _moment(self, view: _View) -> int:
        return view.now + int((self.clock.monotonic() - view.read) * SECOND)

    def _fresh(self, view: _View) -> bool:
        return self.clock.monotonic() - view.read < 1.0

    async def settle(self, connection: str) -> None:
        """Write what was noted of a reading call, where that cannot wait."""
        if not self._is_urgent(connection):
            return
        async with self._telling.setdefault(connection, asyncio.Lock()):
            if not self._is_urgent(connection):  # another one has written it along with its own
                return
            try:
                await asyncio.to_thread(self._write, [connection])
            except Exception as error:  # noqa: BLE001 - what could not be written is lost; the call counts all the same
                if not self.database.outage.noticed(error):
                    _log.exception("connection.unwritten")

    def _is_urgent(self, connection: str) -> bool:
        with self._lock:
            pending = self._pending.get(connection)
        return pending is not None and (pending.urgent or self._is_warming(connection))

    def _is_warming(self, connection: str) -> bool:
        view = self._views.get(connection)
        return view is not None and not view.breaker.at_ease

    def away(self, connection: str) -> ConnectionAway | None:
        """Why the connection is left alone, as far as this process knows."""
        view = self._views.get(connection)
        return None if view is None or view.breaker.closed else self._away(connection, view)

    def nobody_answers(self, connection: str) -> bool:
        """Whether nobody has had an answer of late, as far as this process knows."""
        view = self._views.get(connection)
        return view is not None and view.breaker.nobody_answers(self._moment(view))

    def _away(self, connection: str, view: _View) -> ConnectionAway:
        breaker = view.breaker
        why = (breaker.why or Heard.DOWN).value
        what = f"{connection}: {why} since {from_micros((breaker.turned or breaker.since) + view.ahead):%H:%M} UTC."
        after = max(0.0, (breaker.until - self._moment(view)) / SECOND)
        return ConnectionAway(what, connection=connection, until=breaker.until + view.ahead, after=after)


def _tell(name: str, was: Breaker, standing: Standing) -> None:
    """Say in the log when a connection is left alone, and when it works again."""
    breaker = standing.stored.breaker
    if was.closed and not breaker.closed:
        said = standing.stored.said.get((breaker.why or Heard.DOWN).value)
        _log.warning(
            "connection.opened",
            extra={"connection": name, "why": breaker.why, "said": said.words if said else ""},
        )
    elif breaker.closed and not was.closed:
        lasted = (standing.now - was.since) / SECOND
        _log.warning("connection.closed", extra={"connection": name, "after_seconds": round(lasted)})

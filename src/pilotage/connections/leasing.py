"""Leases: permits for calls that are no effects, taken in small groups so that no call waits for a transaction of its own.

Whoever asks waits in one line for each connection. A group of those who wait is served in one transaction, in a thread, and
what came back is settled in the same one. Where calls follow one another a few permits are lent ahead, by recent use; those
that nobody took are given back. A permit is good on the monotonic clock from before it was asked for: a process that stood
still meanwhile does not call with it.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

from pilotage.connections.counting import SECOND, Flight
from pilotage.connections.errors import NoRoom, TooHeavy
from pilotage.connections.hearing import Notice
from pilotage.connections.limiting import ANSWER_SOON, KEEP, SEND_WITHIN, Ask, Lending, PerhapsLent, Settled, Short
from pilotage.connections.standing import CALLS
from pilotage.connections.wording import in_words, moment_in_words
from pilotage.kernel.clock import Clock, from_micros

AHEAD: Final = 0.25
"""Seconds of recent use that are lent ahead."""
GATHER: Final = 0.03
"""Seconds for which answers wait for others, where nobody waits for room."""
MOMENT: Final = 0.005
LONG: Final = 0.25
"""Seconds between two looks at most, while somebody waits: others give room back without a word."""
TOGETHER: Final = 1000
"""How many of those who wait are served in one transaction."""
_GRACE: Final = 10.0
"""Seconds that a call waits beyond its time for a database that does not answer."""
_AGAIN: Final = 0.5

_Key: TypeAlias = tuple[Flight, tuple[tuple[str, str], ...]]
"""A flight, and the segments of a call."""

_log = logging.getLogger("pilotage.limits")


class Lends(Protocol):
    """Takes and settles in the database; `connections.limiting.Limiter` does."""

    def limits(self, name: str) -> bool:
        """Whether anything is counted at this connection."""
        ...

    def lend(self, name: str, asks: Sequence[Ask], settled: Sequence[Settled], *, ahead: int, longest: int) -> Lending:
        """Settle what came back, and take what is asked for; blocks."""
        ...

    def learn(self, name: str, notice: Notice) -> None:
        """An answer said something about limits."""
        ...

    def noticed(self, error: Exception) -> bool:
        """Whether the error is that of an outage of the database, which is told once."""
        ...


@dataclass(kw_only=True)
class Held:
    """What one call holds of the account's limits, until it is over."""

    flight: Flight
    ask: Ask
    send_by: float
    """On the monotonic clock: at this moment and later it may not begin to leave."""
    desk: "_Desk"
    waited: float = 0.0
    """Seconds for which it was waited for."""
    _over: bool = False

    def over(self, *, sent: bool, used: Mapping[str, int] | None = None) -> None:
        """The call is over: so much was used of what it reserved, or nothing where it was never sent."""
        if not self._over:
            self._over = True
            amounts = {**self.ask.amounts, **(used or {})} if sent else {}
            self.desk.back(self.flight, self.ask, amounts)


@dataclass(kw_only=True)
class _Waiting:
    """One that waits in line."""

    ask: Ask
    until: float
    """On the monotonic clock: how long it waits."""
    future: "asyncio.Future[Held]"


@dataclass(kw_only=True)
class _Spare:
    """Permits for calls to come."""

    flight: Flight
    since: float
    """On the monotonic clock, before they were asked for."""
    count: int


class Leases:
    """The leases of one process. Belongs to the event loop in which it is used."""

    def __init__(self, lends: Lends, clock: Clock) -> None:
        self.lends: Final = lends
        self.clock: Final = clock
        self.patient = True
        """Whether calls wait for room at all; where the clock stands still, as in tests, they are told at once."""
        self.thread: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pilotage-limits")
        self._desks: dict[str, _Desk] = {}

    async def hold(self, name: str, ask: Ask, *, wait: float, longest: float) -> Held | None:
        """Wait for room for a call; None where nothing is counted. Raises NoRoom (PLT-251), TooHeavy (PLT-252)."""
        if not self.lends.limits(name):
            return None
        desk = self._desks.get(name)
        if desk is None:
            desk = self._desks[name] = _Desk(leases=self, name=name, longest=int(longest * SECOND))
        began = self.clock.monotonic()
        held = await desk.hold(ask, wait if self.patient else 0.0)
        held.waited = self.clock.monotonic() - began
        return held

    async def close(self) -> None:
        """Give back what is left."""
        for desk in self._desks.values():
            await desk.close()
        self._desks.clear()
        self.thread.shutdown(wait=False)


@dataclass(kw_only=True)
class _Desk:
    """The line at one connection."""

    leases: Leases
    name: str
    longest: int
    _line: deque[_Waiting] = field(default_factory=deque[_Waiting])
    _spare: deque[_Spare] = field(default_factory=deque[_Spare])
    _back: dict[_Key, tuple[Counter[str], Counter[str]]] = field(
        default_factory=dict[_Key, tuple[Counter[str], Counter[str]]]
    )
    """What came back and is not settled yet: held and used, by flight and segment."""
    _handed: deque[float] = field(default_factory=deque[float])
    """When the calls of the last second were permitted."""
    _full: dict[tuple[str, str], tuple[Short, int, float]] = field(
        default_factory=dict[tuple[str, str], tuple[Short, int, float]]
    )
    """Limits that had no room: since when, and for how much; told to those who would not wait, without a look."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _answers_matter: bool = False
    """Those who wait may find room as soon as an answer is here."""
    _closing: bool = False

    # -- those who call ------------------------------------------------------------

    async def hold(self, ask: Ask, wait: float) -> Held:
        now = self._now()
        if not self._line and ask.amounts == {CALLS: 1} and not ask.segment and (held := self._from_spare(ask, now)):
            return held
        self._refuse_known(ask, now, wait)
        one = _Waiting(ask=ask, until=now + wait, future=asyncio.get_running_loop().create_future())
        self._line.append(one)
        self._work()
        try:
            async with asyncio.timeout(wait + _GRACE):
                return await one.future
        except TimeoutError:
            raise NoRoom(f"{self.name}: its limits could not be asked within {wait + _GRACE:g} s.") from None
        finally:
            if not one.future.done():
                one.future.cancel()

    def back(self, flight: Flight, ask: Ask, used: Mapping[str, int]) -> None:
        """What a call held comes back."""
        held, counted = self._back.setdefault(
            (flight, tuple(sorted(ask.segment.items()))), (Counter[str](), Counter[str]())
        )
        held.update(ask.amounts)
        counted.update(used)
        self._work(news=self._answers_matter)

    def _from_spare(self, ask: Ask, now: float) -> Held | None:
        while self._spare:
            first = self._spare[0]
            if now >= first.since + KEEP / SECOND:
                self._return_spare()
                continue
            first.count -= 1
            if not first.count:
                self._spare.popleft()
            return self._held(first.flight, ask, now)
        return None

    def _held(self, flight: Flight, ask: Ask, handed: float) -> Held:
        self._handed.append(handed)
        return Held(flight=flight, ask=ask, send_by=handed + SEND_WITHIN / SECOND, desk=self)

    def _refuse_known(self, ask: Ask, now: float, wait: float) -> None:
        """Where it is known that there is no room in time, say so without a look."""
        for place, (short, amount, opens) in list(self._full.items()):
            if now >= opens:
                del self._full[place]
                continue
            unit = CALLS if short.limit is None else short.limit.unit
            mine = short.limit is None or ask.segment.get(short.limit.by or "", "") == place[1]
            if mine and ask.amounts.get(unit, 0) >= amount and now + wait < opens:
                raise self._no_room(short, opens)

    # -- the one who serves them -----------------------------------------------------

    def _work(self, *, news: bool = True) -> None:
        if news:
            self._news.set()
        if self._task is None and not self._closing:
            self._task = asyncio.create_task(self._serve(), name=f"limits of {self.name}")

    async def _serve(self) -> None:
        try:
            while not self._closing:
                self._news.clear()
                if not self._line and not await self._quiet():
                    return
                pause = await self._turn()
                if pause is not None:
                    await self._news_within(pause)
                    await asyncio.sleep(MOMENT)  # those that come together are served together
        finally:
            self._task = None

    async def _quiet(self) -> bool:
        """Nobody waits: gather answers for a while, or wait until spare permits go back; False: there is nothing to do."""
        if self._back:
            await asyncio.sleep(GATHER)
            return True
        if not self._spare:
            return False
        last = self._spare[0].since + KEEP / SECOND
        await self._news_within(max(0.0, last - self._now()))
        while self._spare and self._now() >= self._spare[0].since + KEEP / SECOND:
            self._return_spare()
        return True

    async def _turn(self) -> float | None:
        """Serve those who wait, in one transaction; how long to rest before the next, None: not at all."""
        line = [one for one in self._line if not one.future.done()]
        asking = line[:TOGETHER]
        self._line = deque(line)
        back, self._back = self._back, {}
        if not asking and not back:
            return None
        before = self._now()
        settled = [
            Settled(flight=flight, segment=dict(segment), held=held, used=used)
            for (flight, segment), (held, used) in back.items()
        ]
        ahead = self._ahead(before) if asking and not self._spare and len(line) <= TOGETHER else 0
        lends = self.leases.lends
        try:
            lending = await asyncio.get_running_loop().run_in_executor(
                self.leases.thread,
                lambda: lends.lend(self.name, [one.ask for one in asking], settled, ahead=ahead, longest=self.longest),
            )
        except Exception as error:  # noqa: BLE001 - the database is away: who waits goes on waiting
            if not isinstance(
                error, PerhapsLent
            ):  # what came back is kept; told twice, it would make room that is not there
                self._keep(back)
            if not lends.noticed(error):
                _log.exception("limits.lend_failed", extra={"connection": self.name})
            return _AGAIN
        return self._deliver(asking, lending, before)

    def _keep(self, back: Mapping[_Key, tuple[Counter[str], Counter[str]]]) -> None:
        for key, (held, used) in back.items():
            mine = self._back.setdefault(key, (Counter[str](), Counter[str]()))
            mine[0].update(held)
            mine[1].update(used)

    def _deliver(self, asking: Sequence[_Waiting], lending: Lending, before: float) -> float | None:
        if lending.spare:
            self._spare.append(_Spare(flight=lending.flight, since=before, count=lending.spare))
        rest: list[float] = []
        self._answers_matter = False
        self._full.clear()
        for one, short in zip(asking, lending.answers, strict=True):
            if short is None:
                self._give(one, lending.flight, before)
                continue
            opens = self._opens(short, before)
            if short.limit is not None or short.free_at is not None:
                unit = CALLS if short.limit is None else short.limit.unit
                by = "" if short.limit is None else one.ask.segment.get(short.limit.by or "", "")
                self._full.setdefault(
                    (short.limit.key if short.limit else "", by), (short, one.ask.amounts.get(unit, 0), opens)
                )
            if one.future.done():
                continue
            if short.never and short.limit is not None:
                one.future.set_exception(self._too_heavy(one.ask, short))
            elif one.until <= max(opens, before + ANSWER_SOON / SECOND):
                one.future.set_exception(self._no_room(short, opens))
            else:
                self._answers_matter |= short.free_at is None
                rest.append(opens)
        if not rest:
            return None
        return min(LONG, max(ANSWER_SOON / SECOND, min(rest) - self._now()))

    def _give(self, one: _Waiting, flight: Flight, before: float) -> None:
        held = self._held(flight, one.ask, before)
        if one.future.done():  # it waits no longer
            held.over(sent=False)
        else:
            one.future.set_result(held)

    async def _news_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return

    def _return_spare(self) -> None:
        spare = self._spare.popleft()
        held, _ = self._back.setdefault((spare.flight, ()), (Counter[str](), Counter[str]()))
        held[CALLS] += spare.count

    def _ahead(self, now: float) -> int:
        while self._handed and self._handed[0] < now - 1:
            self._handed.popleft()
        return int(len(self._handed) * AHEAD)

    async def close(self) -> None:
        """Refuse those who wait, and settle the rest."""
        self._closing = True
        task = self._task
        self._news.set()
        if task is not None:
            await asyncio.wait({task}, timeout=_GRACE)
        for one in self._line:
            if not one.future.done():
                one.future.set_exception(NoRoom(f"{self.name}: this process ends."))
        self._line.clear()
        while self._spare:
            self._return_spare()
        if self._back:
            await self._turn()

    # -- in words ----------------------------------------------------------------------

    def _now(self) -> float:
        return self.leases.clock.monotonic()

    def _opens(self, short: Short, before: float) -> float:
        """When there may be room, on the monotonic clock."""
        free = short.now if short.free_at is None else short.free_at
        return before + max(0, free - short.now) / SECOND

    def _no_room(self, short: Short, opens: float) -> NoRoom:
        after = max(0.0, opens - self._now()) or ANSWER_SOON / SECOND
        free_at = None if short.free_at is None else from_micros(short.free_at)
        zone = getattr(short.limit, "zone", "UTC")
        when = "" if free_at is None else f" It has room {_at(moment_in_words(free_at, from_micros(short.now), zone))}."
        if short.limit is None:
            return NoRoom(f"{self.name} asked to be left alone.{when}", free_at=free_at, after=after)
        words = in_words(short.limit)
        return NoRoom(
            f"{self.name}: its limit of {words} is used up; nothing was sent.{when}",
            limit=words,
            unit=short.limit.unit,
            free_at=free_at,
            after=after,
        )

    def _too_heavy(self, ask: Ask, short: Short) -> TooHeavy:
        assert short.limit is not None
        return TooHeavy(
            f"A call of {self.name} asks for {ask.amounts.get(short.limit.unit, 0):,} of {short.limit.unit} at once, and "
            f"its limit of {in_words(short.limit)} never gives so many.",
            "Ask for less in one call, or declare a limit that allows it.",
        )


def _at(moment: str) -> str:
    return moment if moment.startswith("tomorrow") else f"at {moment}"

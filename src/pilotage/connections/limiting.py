"""Limits at work: what a connection has left for everybody is read, taken and settled under the lock of its one row."""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections import store
from pilotage.connections.breaker import Terms
from pilotage.connections.counting import SECOND, Flight, Form
from pilotage.connections.giving_way import READS
from pilotage.connections.hearing import Notice
from pilotage.connections.standing import CALLS, Standing
from pilotage.connections.stored import spelled_terms, terms_of
from pilotage.kernel.clock import Beat, Clock, SystemClock
from pilotage.machinery.storage.database import Database, Tx

AGAIN: Final = 30 * SECOND
"""How often a process says what it declares."""
LOOK: Final = 2 * SECOND
"""How often a process looks whether accounts for which it declares no limits want to be left alone."""
ANSWER_SOON: Final = SECOND // 50
"""When to look again where the room depends on answers still to come."""
KEEP: Final = 1 * SECOND
"""How long a process may keep a lent permit before it hands it out."""
SEND_WITHIN: Final = 5 * SECOND
"""How long after it was handed out a call may still leave."""


class PerhapsLent(Exception):
    """The connection was lost behind the COMMIT: what was to be written may be written, or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What one call wants to take: so much of each unit, all together or not at all."""

    amounts: Mapping[str, int]
    segment: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True, slots=True)
class Short:
    """What was asked for is not there now."""

    limit: Form | None
    """The first that has no room; None: the other side wants to be left alone."""
    now: int
    free_at: int | None
    """When there is room, as far as that is known."""
    never: bool = False
    """It is more than the limit can ever give."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """Calls of one flight that came back, or permits that were never used."""

    flight: Flight
    segment: Mapping[str, str]
    held: Mapping[str, int]
    used: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lending:
    """What a process was lent."""

    flight: Flight
    answers: Sequence[Short | None]
    """For each that asked, in order; None: it may call."""
    spare: int
    """Calls of one each beyond those, for calls still to come."""


@dataclass(kw_only=True)
class Limiter:
    """The limits of the connections that one process uses.

    `declared` names, for each automation and release that it serves, the connections with their limits.
    """

    database: Database
    declared: Mapping[str, Collection[Connection]]
    clock: Clock = field(default_factory=SystemClock)
    _told: int | None = None
    _looked: int = 0
    _own: dict[str, list[Rate | Quota | Window]] = field(init=False)
    """What this process declares of each connection; it counts here whatever the row says."""
    _own_terms: dict[str, list[Terms]] = field(init=False)
    """When their breakers open, as this process declares it."""
    _counted: dict[str, bool] = field(default_factory=dict[str, bool])
    """Whether anybody declares limits, or the other side wants to be left alone, as it was seen last."""
    _noticed: dict[str, tuple[Notice, float]] = field(default_factory=dict[str, tuple[Notice, float]])
    """What answers said and no transaction has written yet, and when, on the monotonic clock: it is counted from then."""
    _noticing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._own, self._own_terms = {}, {}
        for connection in (one for connections in self.declared.values() for one in connections):
            self._own.setdefault(connection.name, []).extend(connection.limits)
            self._own_terms.setdefault(connection.name, []).append(terms_of(spelled_terms(connection.breaker)))

    def limits(self, name: str) -> bool:
        """Whether anything is counted at this connection: as this process declares it, or as far as it heard from others."""
        return bool(self._own.get(name)) or self._counted.get(name, False)

    def learn(self, name: str, notice: Notice) -> None:
        """An answer said something about limits; the next transaction on the connection writes it."""
        now = self.clock.monotonic()
        with self._noticing:
            before = self._noticed.get(name)
            both = notice if before is None else notice.with_earlier(before[0].aged(now - before[1]))
            self._noticed[name] = both, now
        if both.urgent:
            self._counted[name] = True

    def noticed(self, error: Exception) -> bool:
        """Whether the error is that of an outage of the database, which is told once."""
        return self.database.outage.noticed(error)

    def announce(self) -> int:
        """Say what is declared, now and then: it counts for every process as long as it is said. And what was heard."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            self._look(tx, now)
        if self._told is not None and now < self._told + AGAIN:
            return self._write_notices()
        told: dict[str, dict[str, Connection]] = {}
        for by, connections in self.declared.items():
            for connection in connections:
                told.setdefault(connection.name, {})[by] = connection
        if told:
            with self.database.transaction() as tx:
                standings = self.lock(tx, told, now)
                for name, standing in standings.items():
                    for by, connection in told[name].items():
                        standing.declare(by, connection.limits, connection.breaker)
                self.write(tx, standings)
        self._told = now
        return 0

    def _look(self, tx: Tx, now: int) -> None:
        """Whether the other side of an account without limits wants to be left alone, as another process was told."""
        if now < self._looked + LOOK:
            return
        self._looked = now
        for name, standing in self.peek(tx, {name for name, own in self._own.items() if not own}, now).items():
            self._counted[name] = bool(standing.forms) or standing.closed

    def _write_notices(self) -> int:
        """What was heard of connections on which there was no transaction since, if others must know of it."""
        urgent = [name for name, (notice, _) in list(self._noticed.items()) if notice.urgent]
        if urgent:
            with self.database.transaction() as tx:
                self.write(tx, self.lock(tx, urgent, self.database.now(tx)))
        return 0

    def lock(self, tx: Tx, names: Iterable[str], now: int) -> dict[str, Standing]:
        """How these connections stand; nobody else changes it until the transaction ends."""
        wanted = set(names)
        found = store.lock(tx, wanted)
        if missing := wanted - found.keys():
            store.add(tx, missing, now)
            found |= store.lock(tx, missing)
        beat = self.database.beat()
        standings = {
            name: self._read(name, text, now, beat, own=self._own.get(name, ())) for name, text in found.items()
        }
        for name, standing in standings.items():
            with self._noticing:
                noticed = self._noticed.pop(name, None)
            if noticed is not None:
                notice, heard = noticed
                standing.learn(notice.aged(self.clock.monotonic() - heard))
            self._counted[name] = bool(standing.forms) or standing.closed
        return standings

    def lend(self, name: str, asks: Sequence[Ask], settled: Iterable[Settled], *, ahead: int, longest: int) -> Lending:
        """Settle what came back, and take what is asked for, first come first served: one transaction.

        `ahead` is how many calls of one each are wanted beyond; a quarter of the room at most is given for them, so that
        no process takes what others wait for. `longest` is how long one call may last. Raises PerhapsLent where nobody
        knows whether it was done.
        """
        written = False
        try:
            with self.database.transaction() as tx:
                lending = self._lend(tx, name, asks, settled, ahead=ahead, longest=longest)
                written = True
        except Exception as error:
            if written:
                raise PerhapsLent from error
            raise
        return lending

    def _lend(
        self, tx: Tx, name: str, asks: Sequence[Ask], settled: Iterable[Settled], *, ahead: int, longest: int
    ) -> Lending:
        standings = self.lock(tx, [name], self.database.now(tx))
        standing = standings[name]
        for one in settled:
            standing.settle(one.flight, one.held, one.used, one.segment)
        flight = standing.flight(KEEP + SEND_WITHIN + longest)
        answers = _served(standing, asks, flight)
        spare = 0
        alone = standing.allowed(READS, 1 << 20) == 1 << 20
        if ahead and alone and not any(answers) and not standing.apart:
            room = standing.room(flight, wanted=4 * ahead)
            spare = min(ahead, room // 4)
            standing.take(flight, {CALLS: spare})
        self.write(tx, standings)
        return Lending(flight=flight, answers=answers, spare=spare)

    def peek(self, tx: Tx, names: Iterable[str], now: int) -> dict[str, Standing]:
        """How these connections stand, without a lock: good for a guess."""
        wanted = set(names)
        found = store.read(tx, wanted)
        beat = self.database.beat()
        return {name: self._read(name, found.get(name, "{}"), now, beat) for name in wanted}

    def _read(
        self, name: str, text: str, now: int, beat: Beat | None, *, own: Iterable[Rate | Quota | Window] = ()
    ) -> Standing:
        return Standing.read(text, now, own=own, own_terms=self._own_terms.get(name, ()), beat=beat)

    def write(self, tx: Tx, standings: Mapping[str, Standing]) -> None:
        """Write what has changed."""
        changed = {name: standing for name, standing in standings.items() if standing.changed}
        for name, standing in changed.items():
            store.write(tx, {name: standing.text()}, standing.on_platform(standing.now))


def _served(standing: Standing, asks: Sequence[Ask], flight: Flight) -> list[Short | None]:
    """Each in its turn. One that finds no room in a limit is not passed there by those behind it."""
    answers: list[Short | None] = []
    full: dict[tuple[str, str], Short] = {}
    wanted = sum(ask.amounts.get(CALLS, 0) for ask in asks)
    left = standing.allowed(READS, standing.room(flight, wanted=wanted)) if wanted and standing.forms else wanted
    shared = left < wanted and standing.allowed(READS, wanted) < wanted  # others wait too
    got = 0
    for ask in asks:
        calls = ask.amounts.get(CALLS, 0)
        short = next((full[place] for place in _places(standing, ask) if place in full), None) or _short(
            standing, ask, flight
        )
        if short is None and shared and got + calls > left:
            short = _gives_way(standing)
        answers.append(short)
        if short is None:
            standing.take(flight, ask.amounts, ask.segment)
            got += calls
        elif short.limit is not None and not short.never:
            full[short.limit.key, ask.segment.get(short.limit.by or "", "")] = short
    if wanted:
        standing.noted(READS, wanted=wanted, got=got, flight=flight)
    return answers


def _gives_way(standing: Standing) -> Short | None:
    """There is room, and it is the turn of effects."""
    limit = next((form for form in standing.forms if form.unit == CALLS and form.by is None), None)
    return None if limit is None else Short(limit=limit, now=standing.dated(standing.now), free_at=None)


def _places(standing: Standing, ask: Ask) -> list[tuple[str, str]]:
    return [(form.key, ask.segment.get(form.by or "", "")) for form in standing.forms if ask.amounts.get(form.unit, 0)]


def _short(standing: Standing, ask: Ask, flight: Flight) -> Short | None:
    now = standing.dated(standing.now)
    if heavy := standing.too_heavy(ask.amounts):
        return Short(limit=heavy, now=now, free_at=None, never=True)
    if standing.closed and ask.amounts.get(CALLS, 0):
        return Short(limit=None, now=now, free_at=standing.dated(standing.opens()))
    lacking = standing.lacks(flight, ask.amounts, ask.segment)
    if lacking is None:
        return None
    free_at = standing.free_at(flight, ask.amounts, ask.segment)
    return Short(limit=lacking, now=now, free_at=None if free_at is None else standing.dated(free_at))


def settle(standings: Mapping[str, Standing], answered: Mapping[tuple[str, Flight, str | None], int]) -> None:
    """Calls came back: so many of each flight and of the segments of their cases, each counted as one call."""
    for (name, flight, text), count in answered.items():
        if standing := standings.get(name):
            standing.settle(flight, {CALLS: count}, {CALLS: count}, segments_in(text) if standing.apart else {})


def segments_in(text: str | None) -> dict[str, str]:
    """The segments of a case, as its row has them: "|client=acme|product=x|"."""
    parts = (part.partition("=") for part in (text or "").strip("|").split("|") if part)
    return {name: value for name, _, value in parts}


def read(
    tx: Tx,
    now: int,
    own: Mapping[str, Sequence[Rate | Quota | Window]] = MappingProxyType({}),
    *,
    own_terms: Mapping[str, Sequence[Terms]] = MappingProxyType({}),
    beat: Beat | None = None,
) -> dict[str, Standing]:
    """How every connection stands; reads only. `own` and `own_terms` are what the reader itself declares of some."""
    found = dict.fromkeys(own, "{}") | store.read(tx)
    return {
        name: Standing.read(text, now, own=own.get(name, ()), own_terms=own_terms.get(name, ()), beat=beat)
        for name, text in sorted(found.items())
    }

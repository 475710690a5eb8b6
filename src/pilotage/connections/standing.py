"""How a connection stands for every worker: its limits as they are declared and counted, and until when it is left alone. Pure.

One value for a connection, kept as one row: whatever is decided about it is decided under that row's lock, on all of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from types import MappingProxyType
from typing import Final

from pilotage.authoring.limits import Breaker as DeclaredBreaker
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.breaker import USUAL, Stage, Terms
from pilotage.connections.clocks import TOLERANCE, dates_of
from pilotage.connections.clocks import read as read_clocks
from pilotage.connections.counting import SECOND, Count, Flight, Form, form_of, strictest
from pilotage.connections.hearing import Notice
from pilotage.connections.hearing import Told as ToldNow
from pilotage.connections.stored import Counted, Declared, Said, Stored, Told, spelled, spelled_terms, terms_of, written
from pilotage.connections.values import Heard
from pilotage.kernel.clock import Beat

CALLS: Final = "calls"
NOBODY: Final[Mapping[str, str]] = {}
"""The segment of a call that is nobody's in particular."""
ALL: Final[Mapping[str, str]] = MappingProxyType({})
"""The segments of everybody together."""
HEARD: Final = 300 * SECOND
"""How long a declaration counts after the last process that made it was heard of."""
_MINUTE: Final = 60 * SECOND
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24
"""Hours of which it is kept what came of calls."""
_PACE: Final = 60
"""Minutes of which it is kept how many calls were answered."""


_EARLY: Final = 0.1
"""A call that was refused while so much of every limit was left: something is declared wrongly, or not counted."""
_MANY: Final = 1 << 62


def _in_a_second(form: Form) -> int:
    """How much comes back in a second. A quota comes back all at once."""
    length = getattr(form, "period", None) or getattr(form, "length", None)
    return 0 if length is None else -(-form.calls * SECOND // length)


def _of_all(form: Form) -> bool:
    """Whether it counts the calls of everybody."""
    return form.unit == CALLS and form.by is None


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """How much of one limit is taken at a moment."""

    form: Form
    left: int
    free_at: int | None
    """When all that a single call needs is there; None where that depends on answers still to come."""
    value: str | None = None
    """The segment's value, where it is counted apart for each."""


@dataclass(kw_only=True)
class Standing:
    """What is known of a connection, at a moment."""

    stored: Stored
    now: int
    """The row's time."""
    ahead: int = 0
    """How far platform time was ahead of it, when it was read."""
    changed: bool = False
    forms: Sequence[Form] = ()
    terms: Sequence[Terms] = USUAL
    """When its breaker opens: as any of those says who declare it."""
    counts: dict[str, Count] = field(default_factory=dict[str, Count])

    @classmethod
    def read(
        cls,
        text: str,
        now: int,
        *,
        own: Iterable[Rate | Quota | Window] = (),
        own_terms: Iterable[Terms] = (),
        beat: Beat | None = None,
    ) -> "Standing":
        """As it was written, brought to this moment: by the clocks of the host, or without a beat by platform time alone.

        `own` and `own_terms` are what the reader itself declares: they count, whenever they were last said.
        """
        stored = Stored.model_validate_json(text)
        asked, (now, stored.clocks) = now, read_clocks(stored.clocks, stored.clock, now, beat)
        told = [one for one in stored.declared.values() if one.heard > now - HEARD]
        heard = [written(limit) for one in told for limit in one.limits]
        terms = sorted({*(terms_of(one.breaker) for one in told), *own_terms}) or USUAL
        forms = strictest(form_of(limit) for limit in [*heard, *own])
        counts = {
            key: Count(empty_at=one.empty_at, at=dict(one.at), held=dict(one.held))
            for key, one in stored.counted.items()
        }
        news = stored.clocks is not None and stored.clocks.is_news
        standing = cls(stored=stored, now=now, ahead=asked - now, changed=news, forms=forms, terms=terms, counts=counts)
        for form in forms:
            for count in standing._counts(form):
                form.forget(count, now, dates_of(stored.clocks))
        return standing

    def text(self) -> str:
        """As it is written."""
        self.stored.clock = self.now
        self.stored.counted = {
            key: Counted(empty_at=one.empty_at, at=one.at, held=one.held)
            for key, one in self.counts.items()
            if one.empty_at or one.at
        }
        first = self.now // _MINUTE - _PACE
        self.stored.answered = {at: count for at, count in self.stored.answered.items() if at > first}
        hour = self.now // _HOUR - _DAY
        self.stored.heard = {at: counts for at, counts in self.stored.heard.items() if at > hour}
        self.stored.held_back = {at: count for at, count in self.stored.held_back.items() if at > hour}
        return self.stored.model_dump_json()

    def _count(self, form: Form, segment: Mapping[str, str] = NOBODY) -> Count:
        key = form.key if form.by is None else f"{form.key}={segment.get(form.by, '')}"
        return self.counts.setdefault(key, Count())

    def _counts(self, form: Form) -> list[Count]:
        """What a limit has counted, for each value of its segment where it counts them apart."""
        return [count for _, count in self._values(form)]

    # -- what is declared ------------------------------------------------------

    def declare(self, by: str, limits: Iterable[Rate | Quota | Window], breaker: DeclaredBreaker | None = None) -> None:
        """A process that serves this release says what it declares."""
        told = [spelled(limit) for limit in limits]
        self.stored.declared = {
            name: one for name, one in self.stored.declared.items() if one.heard > self.now - HEARD
        } | {by: Declared(limits=told, breaker=spelled_terms(breaker or DeclaredBreaker()), heard=self.now)}
        self.changed = True

    def differing(self) -> Mapping[str, list[dict[str, str | int | float]]]:
        """What each release declares, where they do not declare the same."""
        heard = {name: one.limits for name, one in self.stored.declared.items() if one.heard > self.now - HEARD}
        return heard if len({str(limits) for limits in heard.values()}) > 1 else {}

    def differing_terms(self) -> Mapping[str, Terms]:
        """When the breaker opens as each release declares it, where they do not declare the same."""
        heard = {name: one.breaker for name, one in self.stored.declared.items() if one.heard > self.now - HEARD}
        terms = {name: terms_of(told) for name, told in heard.items()}
        return terms if len(set(terms.values())) > 1 else {}

    def declared_by(self, form: Form) -> list[str]:
        """Which releases declare this limit."""
        return sorted(
            name
            for name, one in self.stored.declared.items()
            if one.heard > self.now - HEARD
            if form.key in {form_of(written(limit)).key for limit in one.limits}
        )

    # -- time ------------------------------------------------------------------

    def on_platform(self, moment: int) -> int:
        """A moment of the row's time as platform time."""
        return moment + self.ahead

    def dated(self, moment: int) -> int:
        """A moment of the row's time as the host's clock shows it, for people."""
        clocks = self.stored.clocks
        return moment if clocks is None or abs(clocks.shown) <= TOLERANCE else moment + clocks.shown

    # -- permits ---------------------------------------------------------------

    def flight(self, length: int) -> Flight:
        """A call that is permitted now and can arrive for so long."""
        return Flight(permitted=self.now, until=self.now + length, dates=dates_of(self.stored.clocks))

    def room(self, flight: Flight, *, wanted: int, segment: Mapping[str, str] = ALL) -> int:
        """How many calls of one each may be permitted now; none where too few to be worth a look.

        Unsaid whose they are, limits that count each value of a segment apart are left out.
        """
        wanted = self.let_through(wanted)
        if not wanted:
            return 0
        wanted = min(wanted, self._told_left())
        counting = [form for form in self.forms if form.unit == CALLS and (form.by is None or segment is not ALL)]
        if not counting or not wanted:
            return wanted
        room = min(wanted, *(form.room(self._count(form, segment), flight) for form in counting))
        return room if room >= min(wanted, *(form.worth for form in counting)) else 0

    def allowed(self, kind: str, room: int) -> int:
        """How much of the room this kind of call may take, with regard to the others who wait."""
        return self.stored.line.allowed(kind, room, self.now) if self.forms else room

    def noted(self, kind: str, *, wanted: int, got: int, flight: Flight) -> None:
        """This kind has taken what it could."""
        if self.forms:
            free_at = self.free_at(flight, {CALLS: 1}) if got < wanted else None
            if self.stored.line.noted(kind, wanted=wanted, got=got, now=self.now, free_at=free_at):
                self.changed = True

    @property
    def apart(self) -> list[str]:
        """The segments for each value of which calls are counted apart."""
        return sorted({form.by for form in self.forms if form.by is not None and form.unit == CALLS})

    def lacks(self, flight: Flight, amounts: Mapping[str, int], segment: Mapping[str, str] = NOBODY) -> Form | None:
        """The first limit without room for all of it; None: it may be taken, all together."""
        for form in self.forms:
            amount = amounts.get(form.unit, 0)
            if amount and form.room(self._count(form, segment), flight) < amount:
                return form
        return None

    def too_heavy(self, amounts: Mapping[str, int]) -> Form | None:
        """The limit that would never let it through."""
        return next((form for form in self.forms if amounts.get(form.unit, 0) > form.most), None)

    def take(self, flight: Flight, amounts: Mapping[str, int], segment: Mapping[str, str] = NOBODY) -> None:
        """Hold it against every limit that counts it."""
        if self.stored.told is not None and self.stored.told.left is not None and amounts.get(CALLS, 0):
            self.stored.told.left = max(0, self.stored.told.left - amounts[CALLS])
            self.changed = True
        for form in self.forms:
            if amount := amounts.get(form.unit, 0):
                form.take(self._count(form, segment), amount, flight)
                self.changed = True

    def settle(
        self, flight: Flight, held: Mapping[str, int], used: Mapping[str, int], segment: Mapping[str, str] = NOBODY
    ) -> None:
        """The answer is here: what was held is counted as what was used."""
        dates = dates_of(self.stored.clocks)
        for form in self.forms:
            if amount := held.get(form.unit, 0):
                form.settle(self._count(form, segment), amount, used.get(form.unit, 0), flight, self.now, dates)
                self.changed = True
        if self.forms and (calls := used.get(CALLS, 0)):
            minute = self.now // _MINUTE
            self.stored.answered[minute] = self.stored.answered.get(minute, 0) + calls
            self.changed = True

    def free_at(self, flight: Flight, amounts: Mapping[str, int], segment: Mapping[str, str] = ALL) -> int | None:
        """When all of it could be taken, as far as that is known now."""
        moments: list[int] = [self.stored.closed_until, self.stored.breaker.until]
        if self.stored.told is not None and amounts.get(CALLS, 0) > self._told_left():
            moments.append(self.stored.told.until)
        for form in self.forms:
            if (amount := amounts.get(form.unit, 0)) and (form.by is None or segment is not ALL):
                found = form.free_at(self._count(form, segment), amount, flight)
                if found is None:
                    return None
                moments.append(found)
        settles = None if self.stored.clocks is None else self.stored.clocks.settles_at
        return max(moments) if settles is None else max(self.now, min(max(moments), settles))

    def worth(self, wanted: int) -> int:
        """How many calls of one each are worth a look."""
        return min([wanted, *(form.worth for form in self.forms if form.unit == CALLS)])

    def leave_alone(self, until: int) -> None:
        """The other side asked to be left alone until then."""
        self.stored.closed_until = max(self.stored.closed_until, until)
        self.changed = True

    @property
    def closed(self) -> bool:
        """Whether the other side wants no call now, whatever is declared."""
        return self.now < self.stored.closed_until or not self._told_left()

    def opens(self) -> int:
        """When the other side, closed by its own word, wants calls again."""
        told = self.stored.told
        until = told.until if told is not None and not self._told_left() else 0
        return max(self.stored.closed_until, until)

    def learn(self, notice: Notice) -> None:
        """Learn from an answer. What it says can make a limit tighter until it counts anew, and never looser."""
        self.changed = True
        left = [form.room(self._count(form), self.flight(0)) / form.most for form in self.forms if _of_all(form)]
        if notice.throttled:
            self.leave_alone(self.now + int((1.0 if notice.wait is None else notice.wait) * SECOND))
            told = self.stored.throttled
            told.times, told.last = told.times + 1, self.now
            if left and min(left) >= _EARLY:
                told.early, told.early_at, told.early_left = told.early + 1, self.now, min(left)
        if notice.told is not None:
            self._learn_told(notice.told)

    def _learn_told(self, told: ToldNow) -> None:
        # what came back since the answer left the other side is in our count and not in what it says
        counted = [
            form.room(self._count(form), self.flight(0)) - _in_a_second(form) for form in self.forms if _of_all(form)
        ]
        fewer = told.reset > 0 and told.remaining < min(counted, default=told.remaining + 1)
        before = self._told_left()  # what was permitted since the answer left is not in what it says
        self.stored.told = Told(
            at=self.now,
            remaining=told.remaining,
            until=self.now + int(told.reset * SECOND),
            limit=told.limit,
            window=told.window,
            left=min(told.remaining, before) if fewer or before < _MANY else None,
        )

    def _told_left(self) -> int:
        told = self.stored.told
        return _MANY if told is None or told.left is None or self.now >= told.until else told.left

    # -- how the other side does ---------------------------------------------

    def let_through(self, wanted: int) -> int:
        """How many of the wanted calls may go for the other side's sake, whatever the limits say."""
        return self.stored.breaker.room(self.now, wanted) if self.now >= self.stored.closed_until else 0

    @property
    def left_alone_until(self) -> int:
        """When a call may go again for the other side's sake."""
        return max(self.stored.closed_until, self.stored.breaker.until)

    @property
    def probed(self) -> bool:
        """Whether a call is on its way that finds out whether the other side works again."""
        return self.stored.breaker.stage is Stage.PROBING

    @property
    def troubled(self) -> bool:
        """Whether room is held back for the other side's sake."""
        return not self.stored.breaker.at_ease

    def probing(self, until: int) -> None:
        """The one call that goes while the breaker is open is on its way; it is lost at `until`."""
        self.stored.breaker = self.stored.breaker.probing(until)
        self.changed = True

    def repeats(self) -> int | None:
        """How many second and later attempts may be permitted now; None: as many as there are."""
        return self.stored.breaker.repeats(self.now)

    def permit_repeats(self, wanted: int) -> int:
        """How many of the wanted second and later attempts may go, of whatever kind; the others are noted as held back."""
        room = self.repeats()
        if room is None or not wanted:
            return wanted
        granted = min(room, wanted)
        self.repeated(granted)
        self.hold_back(wanted - granted)
        return granted

    def hold_back(self, count: int) -> None:
        """So many second and later attempts had to wait."""
        if count:
            hour = self.now // _HOUR
            self.stored.held_back[hour] = self.stored.held_back.get(hour, 0) + count
            self.changed = True

    def repeated(self, count: int) -> None:
        """So many second and later attempts are permitted."""
        self.stored.breaker = self.stored.breaker.repeated(count, self.now, self.terms)
        self.changed = True

    def note(
        self,
        heard: Mapping[Heard, int],
        chance: Random,
        *,
        words: Mapping[Heard, str] | None = None,
        probe: Heard | None = None,
    ) -> None:
        """What came of calls; `words` is what was said last, of each kind."""
        self.stored.breaker = self.stored.breaker.noted(heard, self.now, chance, probe=probe, terms=self.terms)
        hour = self.stored.heard.setdefault(self.now // _HOUR, {})
        for one, count in heard.items():
            hour[one.value] = hour.get(one.value, 0) + count
        for one, said in (words or {}).items():
            self.stored.said[one.value] = Said(at=self.now, words=said)
        self.changed = True

    def give_up_on_it(self, why: Heard, chance: Random) -> None:
        """An attempt was the last, and nobody has had an answer: the connection is left alone, and nobody is given up."""
        if self.stored.breaker.closed:
            self.stored.breaker = self.stored.breaker.opened(why, self.now, chance, self.terms)
            self.changed = True

    # -- what is told ----------------------------------------------------------

    def used(self) -> list[Used]:
        """How each limit stands, and where it is counted apart, for each value that has used any."""
        flight = self.flight(0)
        return [
            Used(form=form, left=form.room(count, flight), free_at=form.free_at(count, 1, flight), value=value)
            for form in self.forms
            for value, count in self._values(form)
        ]

    def _values(self, form: Form) -> list[tuple[str | None, Count]]:
        if form.by is None:
            return [(None, self._count(form))]
        prefix = f"{form.key}="
        return [(key.removeprefix(prefix), count) for key, count in self.counts.items() if key.startswith(prefix)]

    def pace(self, minutes: int = 5) -> float:
        """Calls answered a second, over the last whole minutes in which there were any."""
        last = self.now // _MINUTE
        told = [self.stored.answered.get(last - back, 0) for back in range(1, minutes + 1)]
        whole = [count for count in told if count]
        if whole:
            return sum(whole) / (60 * len(whole))
        return self.stored.answered.get(last, 0) / max(1.0, (self.now % _MINUTE) / SECOND)

"""How an outside account counts calls, and how many it has left. Pure: time comes in as microseconds of platform time.

What a server counts is when a call arrives, and nobody here knows that moment: it lies between the permit and the answer. So a
call is held against the account from its permit on, and counted at its answer. One that is never answered is counted as used at
the last moment at which it could have arrived. With that, an account is never over by the count of a server that counts in
the declared form, whatever the delays on the way.

`Rate` is the generic cell rate algorithm (ITU-T I.371, annex A) as a leaky bucket whose level is known by the moment at which it
is empty; calls on their way fill it without leaking.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from pilotage.authoring.limits import Quota, Rate, Window

SECOND: Final = 1_000_000
_GRAINS: Final = 256
"""A window is counted in so many stretches: what returns is rounded up to the next of them."""
_EARLIER: Final = 2
"""Windows of a quota that are kept after their end, for calls that come back late."""


@dataclass(kw_only=True, slots=True)
class Count:
    """What one limit has counted."""

    empty_at: int = 0
    """Rate: when the bucket is empty."""
    at: dict[int, int] = field(default_factory=dict[int, int])
    """Rate: calls on their way, by the last moment at which they can arrive. Quota: used, by the window's end.
    Window: used, by the moment at which it comes back."""
    held: dict[int, int] = field(default_factory=dict[int, int])
    """Quota: what of it is on its way and may yet turn out to be less, by the last moment at which it can arrive."""

    def add(self, at: int, amount: int) -> None:
        """More, or with a negative amount less, at this moment; what is not there cannot become less."""
        _add(self.at, at, amount)


def _add(amounts: dict[int, int], at: int, amount: int) -> None:
    left = amounts.get(at, 0) + amount
    if left > 0:
        amounts[at] = left
    else:
        amounts.pop(at, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """How far the other side's dates lie ahead of the time that is counted in; two numbers where clocks disagree."""

    low: int = 0
    high: int = 0


SAME: Final = Dates()


@dataclass(frozen=True, kw_only=True, slots=True)
class Flight:
    """When a call was permitted, and the last moment at which it can arrive."""

    permitted: int
    until: int
    dates: Dates = SAME


class Form(Protocol):
    """One way to count."""

    @property
    def key(self) -> str:
        """The same for every declaration that counts the same thing."""
        ...

    @property
    def unit(self) -> str:
        """What is counted: calls, tokens, rows, or a currency in millionths."""
        ...

    @property
    def calls(self) -> int:
        """How much in each period."""
        ...

    @property
    def by(self) -> str | None:
        """The segment for each value of which it is counted apart."""
        ...

    @property
    def most(self) -> int:
        """The most that can ever be taken at once."""
        ...

    @property
    def worth(self) -> int:
        """How much is worth a look: less than what comes back in a fiftieth of a second is not."""
        ...

    def forget(self, count: Count, now: int, dates: Dates = SAME) -> None:
        """Drop what no longer counts, and count what never came back."""
        ...

    def room(self, count: Count, flight: Flight) -> int:
        """How much may be taken by calls that arrive within the flight."""
        ...

    def take(self, count: Count, amount: int, flight: Flight) -> None:
        """Hold it against the account."""
        ...

    def settle(self, count: Count, held: int, used: int, flight: Flight, now: int, dates: Dates = SAME) -> None:
        """The answer is here: what was held is counted as what was used."""
        ...

    def free_at(self, count: Count, amount: int, flight: Flight) -> int | None:
        """When so much can be taken; None where that depends on answers still to come."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class RateForm:
    """On average so many in a period, and so many at once."""

    calls: int
    period: int
    burst: int
    per: str
    unit: str = "calls"
    by: str | None = None

    @property
    def key(self) -> str:
        """One for each period and unit."""
        return _apart(f"rate/{self.per}/{self.unit}", self.by)

    @property
    def most(self) -> int:
        """The burst."""
        return self.burst

    @property
    def worth(self) -> int:
        """What leaks in a fiftieth of a second, and no more than a half of the burst."""
        return max(1, min(self.calls * SECOND // (self.period * 50), self.burst // 2))

    def _cost(self, amount: int) -> int:
        return -(-amount * self.period // self.calls)

    def forget(self, count: Count, now: int, dates: Dates = SAME) -> None:
        """What did not come back arrived at the last moment."""
        del dates
        for at in sorted(at for at in count.at if at <= now):
            count.empty_at = max(count.empty_at, at) + self._cost(count.at.pop(at))

    def room(self, count: Count, flight: Flight) -> int:
        """The burst, without what has not leaked and what is on its way."""
        full = max(0, count.empty_at - flight.permitted) * self.calls
        return max(0, (self.burst * self.period - full) // self.period - sum(count.at.values()))

    def take(self, count: Count, amount: int, flight: Flight) -> None:
        """On its way: it fills the bucket and does not leak."""
        count.add(flight.until, amount)

    def settle(self, count: Count, held: int, used: int, flight: Flight, now: int, dates: Dates = SAME) -> None:
        """It leaks from now on."""
        del dates
        if flight.until in count.at:  # else it was counted as lost, and is not counted again
            count.add(flight.until, -held)
            count.empty_at = max(count.empty_at, now) + self._cost(used)

    def free_at(self, count: Count, amount: int, flight: Flight) -> int | None:
        """When enough has leaked."""
        free = self.burst - sum(count.at.values()) - amount
        if free < 0:
            return None
        return max(flight.permitted, count.empty_at - free * self.period // self.calls)


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotaForm:
    """So many in each calendar window of a zone."""

    calls: int
    per: str
    zone: str
    unit: str = "calls"
    by: str | None = None

    @property
    def key(self) -> str:
        """One for each kind of window, zone and unit."""
        return _apart(f"quota/{self.per}/{self.zone}/{self.unit}", self.by)

    @property
    def most(self) -> int:
        """All of it."""
        return self.calls

    @property
    def worth(self) -> int:
        """A quota comes back all at once."""
        return 1

    def end(self, moment: int) -> int:
        """When the window ends in which this moment lies."""
        return _end(self.per, self.zone, moment)

    def _ends(self, flight: Flight) -> list[int]:
        """The ends of all windows in which it may arrive, by either clock where two disagree."""
        low, high = flight.dates.low, flight.dates.high
        ends = self._within(flight.permitted + low, flight.until + low)
        if low == high:
            return ends
        return sorted({*ends, *self._within(flight.permitted + high, flight.until + high)})

    def _within(self, first: int, last: int) -> list[int]:
        ends = [self.end(first)]
        while ends[-1] <= last:
            ends.append(self.end(ends[-1]))
        return ends

    def forget(self, count: Count, now: int, dates: Dates = SAME) -> None:
        """Windows that are long over, by either clock."""
        over = sorted(at for at in count.at if at <= now + dates.low)
        for at in over[:-_EARLIER]:
            del count.at[at]
        for at in [at for at in count.held if at <= now]:
            del count.held[at]

    def room(self, count: Count, flight: Flight) -> int:
        """What is left in every window in which a call may arrive."""
        return max(0, self.calls - max(count.at.get(end, 0) for end in self._ends(flight)))

    def take(self, count: Count, amount: int, flight: Flight) -> None:
        """It may arrive in any of them, so it is held in all of them."""
        for end in self._ends(flight):
            count.add(end, amount)
        _add(count.held, flight.until, amount)

    def settle(self, count: Count, held: int, used: int, flight: Flight, now: int, dates: Dates = SAME) -> None:
        """It did not arrive in a window that had not begun at its answer."""
        last = self.end(now + dates.high)
        for end in self._ends(flight):
            count.add(end, (used if end <= last else 0) - held)
        _add(count.held, flight.until, -held)

    def free_at(self, count: Count, amount: int, flight: Flight) -> int | None:
        """The beginning of the first window with enough left; calls that may arrive in two need it in both.

        What is on its way may use less than it holds.
        """
        ends = self._ends(flight)
        missing = {end: amount - (self.calls - count.at.get(end, 0)) for end in ends}
        full = [end for end in ends if missing[end] > 0]
        if not full:
            return flight.permitted
        return None if max(missing.values()) <= sum(count.held.values()) else max(full) - flight.dates.low


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowForm:
    """So many in any stretch of time of this length."""

    calls: int
    length: int
    unit: str = "calls"
    by: str | None = None

    @property
    def key(self) -> str:
        """One for each length and unit."""
        return _apart(f"window/{self.length / SECOND:g}/{self.unit}", self.by)

    @property
    def most(self) -> int:
        """All of it."""
        return self.calls

    @property
    def worth(self) -> int:
        """What comes back in a fiftieth of a second on average, and no more than a half."""
        return max(1, min(self.calls * SECOND // (self.length * 50), self.calls // 2))

    def _back(self, moment: int) -> int:
        grain = max(1, self.length // _GRAINS)
        return -(-(moment + self.length) // grain) * grain

    def forget(self, count: Count, now: int, dates: Dates = SAME) -> None:
        """What has come back."""
        del dates
        for at in [at for at in count.at if at <= now]:
            del count.at[at]

    def room(self, count: Count, flight: Flight) -> int:
        """What has come back by now."""
        return max(0, self.calls - sum(amount for at, amount in count.at.items() if at > flight.permitted))

    def take(self, count: Count, amount: int, flight: Flight) -> None:
        """It comes back when its window is over, counted from the last moment at which it can arrive."""
        count.add(self._back(flight.until), amount)

    def settle(self, count: Count, held: int, used: int, flight: Flight, now: int, dates: Dates = SAME) -> None:
        """It comes back when its window is over, counted from its answer."""
        del dates
        if self._back(flight.until) in count.at:
            count.add(self._back(flight.until), -held)
            count.add(self._back(min(now, flight.until)), used)

    def free_at(self, count: Count, amount: int, flight: Flight) -> int | None:
        """When enough has come back."""
        missing = amount - self.room(count, flight)
        if missing <= 0:
            return flight.permitted
        answered = self._back(flight.permitted)
        for at in sorted(at for at in count.at if flight.permitted < at <= answered):
            missing -= count.at[at]
            if missing <= 0:
                return at
        return None  # the rest is on its way


def form_of(limit: Rate | Quota | Window) -> Form:
    """How a declared limit is counted."""
    match limit:
        case Rate():
            period = int(limit.seconds * SECOND)
            return RateForm(
                calls=limit.calls * _scale(limit.of),
                period=period,
                burst=limit.burst * _scale(limit.of),
                per=limit.per,
                unit=limit.of,
                by=limit.by,
            )
        case Quota():
            return QuotaForm(
                calls=limit.calls * _scale(limit.of), per=limit.per, zone=limit.zone, unit=limit.of, by=limit.by
            )
        case Window():
            return WindowForm(
                calls=limit.calls * _scale(limit.of),
                length=max(1, int(limit.seconds * SECOND)),
                unit=limit.of,
                by=limit.by,
            )


def _apart(key: str, by: str | None) -> str:
    return key if by is None else f"{key}/by {by}"


def scaled(amounts: Mapping[str, float]) -> dict[str, int]:
    """Amounts as they are counted: money in millionths, everything else in ones, never less than what was said."""
    return {unit: max(0, ceil(amount * _scale(unit))) for unit, amount in amounts.items()}


def _scale(unit: str) -> int:
    """Money is counted in millionths of its unit."""
    return SECOND if is_money(unit) else 1


def is_money(unit: str) -> bool:
    """Whether a unit is a currency: three capital letters (ISO 4217)."""
    return len(unit) == 3 and unit.isascii() and unit.isalpha() and unit.isupper()


def strictest(forms: Iterable[Form]) -> list[Form]:
    """One form for each key: where declarations differ, the smallest numbers count."""
    kept: dict[str, Form] = {}
    for form in forms:
        other = kept.get(form.key)
        kept[form.key] = form if other is None else _stricter(form, other)
    return list(kept.values())


def _stricter(one: Form, other: Form) -> Form:
    match one, other:
        case RateForm(), RateForm():
            return RateForm(
                calls=min(one.calls, other.calls),
                period=one.period,
                burst=min(one.burst, other.burst),
                per=one.per,
                unit=one.unit,
                by=one.by,
            )
        case _:
            return one if one.most <= other.most else other


@lru_cache(maxsize=512)
def _end(per: str, zone: str, moment: int) -> int:
    """When the window ends in which a moment lies; a day has 23 or 25 hours where the clocks change."""
    local = datetime.fromtimestamp(moment // SECOND, UTC).astimezone(ZoneInfo(zone))
    if per in {"minute", "hour"}:
        # on the line of time: an hour that comes twice is two windows
        length = 60 if per == "minute" else 3600
        offset = local.utcoffset() or timedelta()
        shift = int(offset.total_seconds()) % length
        return (((moment // SECOND + shift) // length + 1) * length - shift) * SECOND
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    match per:
        case "week":
            then = day + timedelta(days=7 - day.weekday())
        case "month":
            then = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        case _:
            then = day + timedelta(days=1)
    return _instant(then, zone)


def _instant(local: datetime, zone: str) -> int:
    """The instant at which a local day begins, in microseconds; where midnight does not exist, when the clocks jump over it."""
    return int(local.replace(tzinfo=ZoneInfo(zone)).timestamp()) * SECOND

"""How an outside account counts calls, when it is left alone, and how often a failed call is tried again."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError, Finding
from pilotage.authoring.location import here
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration

_TEN_SECONDS: Final = 10
_HOUR: Final = 3600
_SECONDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86_400.0}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls on average, and at most `burst` at once: `Rate(5, per="second", burst=5)`.

    Up to `burst + calls` may go through in one period; where the other side counts periods, say so with Quota or Window.
    """

    calls: int
    per: Literal["second", "minute", "hour", "day"] = field(kw_only=True)
    burst: int = field(kw_only=True)
    of: str = field(default="calls", kw_only=True)
    """What is counted: calls, tokens, rows, or a currency such as USD."""
    by: str | None = field(default=None, kw_only=True)
    """Counted apart for each value of this segment, such as "client"; None: together."""

    def __post_init__(self) -> None:
        at_least_one(f"Rate({self.calls})", "calls", self.calls)
        at_least_one(f"Rate({self.calls})", "burst", self.burst)

    @property
    def seconds(self) -> float:
        """The length of the period."""
        return _SECONDS[self.per]


@dataclass(frozen=True, slots=True)
class Quota:
    """So many calls in each calendar hour, day, week or month of a time zone: `Quota(10_000, per="day", zone="Europe/Berlin")`."""

    calls: int
    per: Literal["minute", "hour", "day", "week", "month"] = field(kw_only=True)
    zone: str = field(default="UTC", kw_only=True)
    of: str = field(default="calls", kw_only=True)
    """What is counted: calls, tokens, rows, or a currency such as USD."""
    by: str | None = field(default=None, kw_only=True)
    """Counted apart for each value of this segment, such as "client"; None: together."""

    def __post_init__(self) -> None:
        at_least_one(f"Quota({self.calls})", "calls", self.calls)
        if not zone_exists(self.zone):
            raise DefinitionError(finding("PLT-185", place=f"Quota({self.calls})", line=here(), text=self.zone))


@dataclass(frozen=True, slots=True)
class Window:
    """So many calls in any stretch of so many seconds, wherever it begins: `Window(100, seconds=60)`."""

    calls: int
    seconds: float = field(kw_only=True)
    of: str = field(default="calls", kw_only=True)
    """What is counted: calls, tokens, rows, or a currency such as USD."""
    by: str | None = field(default=None, kw_only=True)
    """Counted apart for each value of this segment, such as "client"; None: together."""

    def __post_init__(self) -> None:
        at_least_one(f"Window({self.calls})", "calls", self.calls)
        if self.seconds <= 0:
            raise DefinitionError(
                _limit(f"Window({self.calls})", "a window of no time holds no calls", "Write seconds=60.")
            )


Limit = Rate | Quota | Window


class Breaker:
    """When a connection is left alone because its other side fails: `Breaker(rate=0.3, at_least=20, within="1m")`.

    It opens where at least so many of the calls of the last stretch failed, and at least this share of them. One call finds out
    whether it works again after `probe_after`; each one in vain doubles that time, up to a minute.
    """

    def __init__(
        self,
        *,
        rate: float = 0.5,
        at_least: int = 5,
        within: timedelta | str = "2m",
        probe_after: timedelta | str = "2s",
    ) -> None:
        self.rate = rate
        """The share of the calls, more than 0 and at most 1."""
        self.at_least = at_least
        """Fewer failed calls than these say nothing."""
        self.within: Duration = span(within, place="Breaker", line=here())
        """The stretch whose calls are judged, from ten seconds to an hour."""
        self.probe_after: Duration = span(probe_after, place="Breaker", line=here())
        """How long it stays open at first, from a second to an hour."""
        if not 0 < rate <= 1:
            raise DefinitionError(_breaker("rate is a share of the calls", "Write rate=0.5 for one half of them."))
        if at_least < 1:
            raise DefinitionError(_breaker("at_least must be 1 or more", "Write at_least=5."))
        if not _TEN_SECONDS <= self.within.seconds <= _HOUR:
            raise DefinitionError(_breaker("within is from ten seconds to an hour", 'Write within="2m".'))
        if not 1 <= self.probe_after.seconds <= _HOUR:
            raise DefinitionError(_breaker("probe_after is from a second to an hour", 'Write probe_after="2s".'))

    def __repr__(self) -> str:
        stretch = f"within={self.within.seconds}, probe_after={self.probe_after.seconds}"
        return f"Breaker(rate={self.rate}, at_least={self.at_least}, {stretch})"


class Retry:
    """How often, and for how long, a transient failure is tried again."""

    def __init__(self, *, attempts: int = 5, within: timedelta | str = "1h") -> None:
        at_least_one("Retry", "attempts", attempts)
        self.attempts = attempts
        self.within: Duration = span(within, place="Retry", line=here())

    def __repr__(self) -> str:
        return f"Retry(attempts={self.attempts}, within={str(self.within)!r})"


def zone_exists(zone: str) -> bool:
    """Whether there is such a time zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


def at_least_one(place: str, name: str, number: int) -> None:
    """Raise DefinitionError where a number that counts something is none."""
    if number < 1:
        raise DefinitionError(_limit(place, f"{name} must be 1 or more", f"Write {name}=1 or more."))


def _breaker(why: str, remedy: str) -> Finding:
    return finding("PLT-570", place="Breaker", line=here(), why=why, remedy=remedy)


def _limit(place: str, why: str, remedy: str) -> Finding:
    return finding("PLT-164", place=place, line=here(), why=why, remedy=remedy)

"""How an outside account counts calls, and how often a failed one is tried again."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError, Finding
from pilotage.authoring.location import here
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration

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


def _limit(place: str, why: str, remedy: str) -> Finding:
    return finding("PLT-164", place=place, line=here(), why=why, remedy=remedy)

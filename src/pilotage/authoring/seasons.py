"""When a rule is awake: seasons of the year, and stretches of time, by a day and never by the clock."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.location import here
from pilotage.authoring.spans import day as read_day

_MONTH_DAY: Final = re.compile(r"(\d\d)-(\d\d|end)")
_MONTHS: Final = 12
_COMMON_YEAR: Final = 2023


@dataclass(frozen=True, slots=True)
class _DayOfYear:
    """A day that every year has; the last of a month where `day` is beyond it."""

    month: int
    day: int

    def of(self, year: int) -> date:
        return date(year, self.month, min(self.day, monthrange(year, self.month)[1]))

    def later(self, months: int) -> "_DayOfYear":
        return _DayOfYear((self.month - 1 + months) % _MONTHS + 1, self.day)


@dataclass(frozen=True, slots=True)
class _Yearly:
    first: _DayOfYear
    last: _DayOfYear

    def holds(self, day: date) -> bool:
        first, last = self.first.of(day.year), self.last.of(day.year)
        return first <= day <= last if first <= last else day >= first or day <= last


@dataclass(frozen=True, slots=True)
class _Quarter:
    first: _DayOfYear
    """Of the quarter."""

    def holds(self, day: date) -> bool:
        after = self.first.later(3)
        for year in (day.year - 1, day.year):
            begins = self.first.of(year)
            ends = after.of(year + (1 if after.month < self.first.month else 0)) - timedelta(days=1)
            if begins <= day <= ends:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Between:
    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last


class Season:
    """When a rule is awake, by the case's business date in the automation's time zone."""

    def __init__(self, text: str, when: "_Yearly | _Quarter | _Between") -> None:
        self.text = text
        self._when = when

    @staticmethod
    def quarter(number: Literal[1, 2, 3, 4], /, *, year_starts: str = "01-01") -> "Season":
        """A quarter of a year that starts on `year_starts`."""
        text = f"quarter {number}" if year_starts == "01-01" else f"quarter {number} of the year from {year_starts}"
        start = _month_day(year_starts, text)
        if number not in {1, 2, 3, 4}:
            raise DefinitionError(finding("PLT-151", place=f"Season {text}", line=here()))
        return Season(text, _Quarter(start.later(3 * (number - 1))))

    @staticmethod
    def yearly(first: str, last: str, /) -> "Season":
        """From one day to another, both included, each year; it may go over the turn of the year."""
        text = f"{first} to {last} each year"
        return Season(text, _Yearly(_month_day(first, text), _month_day(last, text)))

    @staticmethod
    def between(first: date | str, last: date | str, /) -> "Season":
        """From one day to another, both included, once."""
        place = f"Season {first} to {last}"
        begins, ends = read_day(first, place=place, line=here()), read_day(last, place=place, line=here())
        if ends < begins:
            raise DefinitionError(finding("PLT-156", place=place, line=here(), last=ends))
        return Season(f"{begins} to {ends}", _Between(begins, ends))

    def awake(self, day: date) -> bool:
        """Whether the day lies in the season."""
        return self._when.holds(day)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Season) and self._when == other._when

    def __hash__(self) -> int:
        return hash(self._when)

    def __repr__(self) -> str:
        return f"Season({self.text})"


def _month_day(value: str, season: str) -> _DayOfYear:
    found = _MONTH_DAY.fullmatch(value)
    month = int(found[1]) if found else 0
    if found and 1 <= month <= _MONTHS:
        if found[2] == "end":
            return _DayOfYear(month, 31)
        day = int(found[2])
        if 1 <= day <= monthrange(_COMMON_YEAR, month)[1]:
            return _DayOfYear(month, day)
    raise DefinitionError(finding("PLT-151", place=f"Season {season}", line=here()))

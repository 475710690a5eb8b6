"""Durations as people write them: "90d", "4h", "30m", "20s", "2 working days", or a timedelta."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pilotage.kernel.errors import NotADuration

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SHORT: Final = re.compile(r"(\d+)\s*(s|m|h|d|w)")
_WORKING: Final = re.compile(r"(\d+)\s*working\s+days?")
_SATURDAY: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """A length of time; working days skip Saturdays and Sundays in the zone they are counted in."""

    seconds: float = 0.0
    working_days: int = 0
    text: str = ""

    def after(self, moment: datetime, zone: str = "UTC") -> datetime:
        """The moment that lies this long after `moment`."""
        if not self.working_days:
            return moment + timedelta(seconds=self.seconds)
        local = moment.astimezone(ZoneInfo(zone))
        left = self.working_days
        while left:
            local += timedelta(days=1)
            if local.weekday() < _SATURDAY:
                left -= 1
        return local.astimezone(UTC)

    def __str__(self) -> str:
        return self.text


def duration(value: timedelta | str) -> Duration:
    """Read a duration, or raise NotADuration (PLT-144)."""
    if isinstance(value, timedelta):
        return Duration(seconds=value.total_seconds(), text=_said(value))
    text = value.strip().lower()
    if found := _WORKING.fullmatch(text):
        return Duration(working_days=int(found[1]), text=text)
    if found := _SHORT.fullmatch(text):
        return Duration(seconds=float(int(found[1]) * _UNITS[found[2]]), text=text)
    msg = f'"{value}" is no duration.'
    raise NotADuration(msg, 'Write "90d", "4h", "30m", "2 working days" or a timedelta.')


def _said(value: timedelta) -> str:
    seconds = value.total_seconds()
    for unit, size in (("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds:g}s"

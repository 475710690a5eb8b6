"""Numbers and times as people read them; every page uses these and no others."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pilotage.kernel.counted import counted

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def count(number: int) -> str:
    """A number with its thousands apart: 1,650."""
    return f"{number:,}"


def age(length: timedelta) -> str:
    """How long something has lasted, in the one unit that matters: "under a minute", "22 minutes", "3 hours", "5 days"."""
    seconds = length.total_seconds()
    if seconds < _MINUTE:
        return "under a minute"
    if seconds < _HOUR:
        return counted(int(seconds // _MINUTE), "minute")
    if seconds < 2 * _DAY:
        return counted(int(seconds // _HOUR), "hour")
    return counted(int(seconds // _DAY), "day")


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence in a row: "a, b and c"."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def clock(moment: datetime) -> str:
    """The time of day, to the second, in UTC."""
    return moment.astimezone(UTC).strftime("%H:%M:%S UTC")


def minute(moment: datetime) -> str:
    """The time of day, to the minute, in UTC."""
    return moment.astimezone(UTC).strftime("%H:%M")


def day(moment: datetime) -> str:
    """The date: "Monday 23 November 2026"."""
    there = moment.astimezone(UTC)
    return f"{there:%A} {there.day} {there:%B %Y}"


def iso(moment: datetime) -> str:
    """For the `datetime` attribute of a time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Durations and days as authors write them, or the finding that says what is wrong with the text."""

from datetime import date, timedelta
from typing import TypeAlias

from pilotage.authoring.codes import finding
from pilotage.authoring.findings import DefinitionError
from pilotage.kernel.durations import Duration, duration
from pilotage.kernel.errors import NotADuration

Span: TypeAlias = timedelta | str
"""A duration as authors write it."""
Day: TypeAlias = date | str
"""A day as authors write it; a text is ISO."""


def span(value: Span, *, place: str, line: str) -> Duration:
    """Read a duration, or raise PLT-144 with its place."""
    try:
        return duration(value)
    except NotADuration:
        raise DefinitionError(finding("PLT-144", place=place, line=line, text=value)) from None


def day(value: Day, *, place: str, line: str) -> date:
    """Read a day (ISO), or raise PLT-158 with its place."""
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise DefinitionError(finding("PLT-158", place=place, line=line, text=value)) from None

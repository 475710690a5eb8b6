"""A query of a SQL database from which an automation's records come."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, LiteralString, TypeAlias

from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.intake import Source
from pilotage.authoring.spans import Span, span
from pilotage.authoring.sql import Database
from pilotage.kernel.durations import Duration

Row: TypeAlias = Mapping[str, Any]
"""A row as it was read: its columns by name."""
_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_INNER: Final = re.compile(r"\([^()]*\)")
_BEGINS: Final = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_BOUNDS: Final = re.compile(
    r"\b(order\s+by|limit|offset|fetch\s+(?:first|next)|for\s+(?:update|share))\b", re.IGNORECASE
)
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


class Query(Source):
    """What a SELECT of a database gives becomes records: each row one, in the order of `by`.

    The statement says which rows and columns; the platform adds the condition, the order and the size of a page, and
    remembers how far it came together with the records that it took. `by` names columns that the statement gives: what
    grows when a row is written (a time, a number), then what tells rows apart that have the same. Rows that others commit
    late, behind what was read already, are found within `overlap`.
    """

    def __init__(
        self,
        name: str,
        database: Database,
        statement: LiteralString,
        /,
        *,
        by: str | Sequence[str],
        since: date | int | str | None = None,
        overlap: Span | int | None = None,
        every: Span = "5m",
        record: Callable[[Row], object] | None = None,
    ) -> None:
        super().__init__(name)
        place = f"Query {name}"
        self.database = database
        self.statement = statement.strip().rstrip(";")
        self.by: tuple[str, ...] = (by,) if isinstance(by, str) else tuple(by)
        self.since = since
        """Where the first reading begins; None: with the first row."""
        self.overlap: int | timedelta | None = (
            overlap
            if overlap is None or isinstance(overlap, int)
            else timedelta(seconds=span(overlap, place=place, line=self.line).seconds)
        )
        """How far behind what was read it looks again: a time, or a number where `by` begins with one."""
        self.every: Duration = span(every, place=place, line=self.line)
        self.record = record
        if why := self._wrong():
            raise DefinitionError(finding("PLT-580", place=place, line=self.line, why=why[0], remedy=why[1]))

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The database."""
        return (self.database,)

    def _wrong(self) -> tuple[str, str] | None:
        """What is wrong with it, and what to write."""
        if not isinstance(self.database, Database):  # pyright: ignore[reportUnnecessaryIsInstance]
            return "it asks no database", 'Write Query("name", Database("erp", ...), "SELECT ...", by=...).'
        if not self.by or not all(isinstance(one, str) and _COLUMN.fullmatch(one) for one in self.by):  # pyright: ignore[reportUnnecessaryIsInstance]
            return "by= names no columns", 'Write the columns that the statement gives: by=("updated_at", "id").'
        less = self.overlap.total_seconds() if isinstance(self.overlap, timedelta) else self.overlap
        if isinstance(less, bool) or (less is not None and less < 0):
            return (
                "overlap= is less than nothing",
                'Write a time, such as overlap="10m", or how many numbers: overlap=1000.',
            )
        return _not_readable(self.statement)


def _not_readable(statement: str) -> tuple[str, str] | None:
    """Why a statement cannot be read in pages, and what to write."""
    bare = _QUOTED.sub(" ", statement)
    if found := _PARAMETER.search(bare):
        remedy = "Leave it out: the platform adds the condition, from by= and from how far it came."
        return f"the statement has the parameter :{found.group(1)}", remedy
    while (inner := _INNER.sub(" ", bare)) != bare:
        bare = inner
    if ";" in bare or not _BEGINS.match(bare):
        return "the statement is not one SELECT", "Write one SELECT that gives the columns of a record."
    if found := _BOUNDS.search(bare):
        remedy = "Leave it out: the platform adds the order of by= and the size of a page."
        return f"the statement says {' '.join(found.group(1).upper().split())}", remedy
    return None

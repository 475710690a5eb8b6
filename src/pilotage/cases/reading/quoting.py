"""One row of a CSV file, read exactly: which fields it has, on how many lines it stands, and what is wrong with it.

Quotes are read as RFC 4180 has them: a field that begins with a quote ends with one, a quote within it is doubled, and
line ends within it belong to it. One liberty: a quote in the midst of a field that does not begin with one is an
ordinary character (`3" pipe,5`). But a field that only *ends* with a quote is refused, because that is also what the
last line of a field looks like whose beginning was broken.

`csv.reader` reads the great majority of rows (see `csv_reader`); this is for those over which it would be silent:
it takes everything between two stray quotes for one field, be it a thousand good rows.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from pilotage.cases.reading.values import Shape

LineAt = Callable[[int], str | None]
"""The line with that index, its end included; None when there is none, or none that this row may still use."""

CERTAINLY_ROWS = 12
FAR_TOO_MANY = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row that ends where a row may end. `clean`: every quote in it opens, closes or is doubled."""

    values: list[str]
    lines: int
    clean: bool
    stray: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Why no row begins here. `lines` is how far it was read until that was sure."""

    shape: Shape
    reason: str
    lines: int


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def one_line(line: str) -> LineAt:
    """That line and no other."""
    return lambda index: line if index == 0 else None


def read_row(line_at: LineAt, at: int, delimiter: str, *, columns: int = 0) -> Row | Fault:
    """The row that begins with line `at`. `columns` is how many are expected, so that reading can give up in time."""
    try:
        return _RowReader(line_at, at, delimiter, columns + FAR_TOO_MANY if columns else sys.maxsize).read()
    except _Refused as refused:
        return refused.fault


class _RowReader:
    """Goes through one row, a field at a time."""

    def __init__(self, line_at: LineAt, at: int, delimiter: str, most: int) -> None:
        self._line_at = line_at
        self._first = self._at = at
        self._delimiter = delimiter
        self._most = most
        self._place = 0
        self._values: list[str] = []
        self._clean = True
        self._stray: int | None = None
        self._take(line_at(at) or "")

    def read(self) -> Row:
        more = True
        while more:
            if self._line.startswith('"', self._place):
                self._quoted()
            else:
                self._plain()
            more = self._place < self._end
            self._place += 1
        lines = self._at - self._first + 1
        return Row(values=self._values, lines=lines, clean=self._clean, stray=self._stray)

    def _take(self, line: str) -> None:
        self._line = line
        self._end = len(line.rstrip("\r\n"))

    def _plain(self) -> None:
        found = self._line.find(self._delimiter, self._place, self._end)
        end = self._end if found < 0 else found
        value = self._line[self._place : end]
        if '"' in value:
            self._clean = False
            if value.endswith('"'):
                self._stray = self._stray or len(self._values) + 1
        self._values.append(value)
        self._place = end

    def _quoted(self) -> None:
        parts: list[str] = []
        begin = self._place + 1
        while True:
            close = self._line.find('"', begin)
            if close < 0:
                parts.append(self._line[begin:])
                self._next_line()
                begin = 0
            elif self._line.startswith('"', close + 1):
                parts.append(self._line[begin : close + 1])
                begin = close + 2
            else:
                parts.append(self._line[begin:close])
                break
        self._values.append("".join(parts))
        self._place = close + 1
        if self._place < self._end and not self._line.startswith(self._delimiter, self._place):
            raise _Refused(self._text_after_quote())

    def _next_line(self) -> None:
        line = self._line_at(self._at + 1)
        if line is None or len(self._values) > self._most:  # without the latter, a soup of quotes takes for ever
            column = len(self._values) + 1
            reason = f"the quote that opens column {column} is not closed, as far as a record may reach"
            raise _Refused(Fault(shape=Shape.OPEN_QUOTE, reason=reason, lines=self._at - self._first + 1))
        self._at += 1
        self._take(line)

    def _text_after_quote(self) -> Fault:
        column, lines = len(self._values), self._at - self._first + 1
        if lines == 1:
            reason = f"text follows the closing quote of column {column}; a quote within a field is written twice"
            return Fault(shape=Shape.TEXT_AFTER_QUOTE, reason=reason, lines=1)
        reason = (
            f"the quote that opens column {column} is not closed: the next quote, {lines - 1} "
            f"{'line' if lines == 2 else 'lines'} further down, is followed by text"
        )
        return Fault(shape=Shape.OPEN_QUOTE, reason=reason, lines=lines)


def judge_row(row: Row, line_at: LineAt, at: int, delimiter: str, columns: int) -> Fault | None:
    """What is wrong with a row that ends where a row may end, or None if it is a record."""
    found = len(row.values)
    if row.lines > 1:
        return _judge_lines(row, line_at, at, delimiter, columns)
    if found != columns:
        return wrong_columns(found, columns)
    if row.stray is not None:
        reason = (
            f"column {row.stray} ends with a quote and does not begin with one; a quote in a field is written twice"
        )
        return Fault(shape=Shape.STRAY_QUOTE, reason=reason, lines=1)
    return None


def wrong_columns(found: int, expected: int) -> Fault:
    """The fault of a row with another number of columns than the header."""
    shape = Shape.TOO_MANY_COLUMNS if found > expected else Shape.TOO_FEW_COLUMNS
    reason = f"{found} {'column' if found == 1 else 'columns'}, and the header has {expected}"
    return Fault(shape=shape, reason=reason, lines=1)


def _judge_lines(row: Row, line_at: LineAt, at: int, delimiter: str, columns: int) -> Fault | None:
    """A field over several lines is believed, unless what it swallowed is rows.

    With the right number of columns that has to be certain: every line within it is a row by itself, with a dozen
    delimiters between them. With the wrong number something is wrong anyway, so that most of the lines are enough.
    """
    if not row.clean:
        reason = f"its quotes do not fit together: read by them, {row.lines} lines would be one record"
        return Fault(shape=Shape.OPEN_QUOTE, reason=reason, lines=row.lines)
    right = len(row.values) == columns
    if right and _is_text(row, line_at, at, delimiter, columns):
        return None
    rows, others = _rows_within(row, line_at, at, delimiter, columns)
    if right:
        if rows * (columns - 1) < CERTAINLY_ROWS or others:
            return None
        reason = f"a quote is not closed: up to the next one, {rows} lines follow that are complete rows by themselves"
        return Fault(shape=Shape.OPEN_QUOTE, reason=reason, lines=row.lines)
    wrong = wrong_columns(len(row.values), columns)
    if rows > others:
        reason = f"a quote is not closed: rows follow, and read up to the next quote it has {wrong.reason}"
        return Fault(shape=Shape.OPEN_QUOTE, reason=reason, lines=row.lines)
    return replace(wrong, lines=row.lines)


def _is_text(row: Row, line_at: LineAt, at: int, delimiter: str, columns: int) -> bool:
    """Whether there is a line within the row that has too few delimiters for a row, which is quickly seen."""
    within = range(at + 1, at + row.lines - 1)
    return any((line_at(index) or "").count(delimiter) < columns - 1 for index in within)


def _rows_within(row: Row, line_at: LineAt, at: int, delimiter: str, columns: int) -> tuple[int, int]:
    """How many lines strictly between the first and the last are rows by themselves, and how many are not."""
    if columns == 1:
        return 0, row.lines - 2
    rows = 0
    for index in range(at + 1, at + row.lines - 1):
        alone = read_row(one_line(line_at(index) or ""), 0, delimiter)
        rows += isinstance(alone, Row) and len(alone.values) == columns
    return rows, row.lines - 2 - rows

"""Rows out of a CSV file.

Three ways through the same lines, and the same answer from each: lines without a quote are split; rows about which
nothing is doubtful go through `csv.reader`; the rest is read by `quoting`, which is exact about where a record ends.

After a quote that is not closed, reading resumes at the first following line that is a row by itself (or a sound row
over several lines), or that has as many delimiters as a row and is thus a broken record of its own.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, repeat
from typing import cast

from pilotage.cases.reading.encodings import Encoding
from pilotage.cases.reading.lines import LineReader, Run, Stretch, plain_text
from pilotage.cases.reading.quoting import CERTAINLY_ROWS, Fault, Row, judge_row, one_line, read_row, wrong_columns
from pilotage.cases.reading.values import Broken, Item, Record, Shape
from pilotage.cases.reading.window import Window

STRIDE = 256
_QUOTE_FAULTS = {Shape.OPEN_QUOTE, Shape.TEXT_AFTER_QUOTE}
# What Record(...) does, without its detour over Python code.
_record = cast("Callable[[object], Record]", partial(tuple.__new__, Record))  # pyright: ignore[reportUnknownMemberType]


class CsvReader:
    """Reads the rows behind the header. `blank` counts the empty lines that were passed over."""

    def __init__(self, lines: LineReader, *, columns: Sequence[str], delimiter: str) -> None:
        self._encoding: Encoding = lines.encoding
        self._limit = lines.limit
        self._columns = tuple(columns)
        self._count = len(self._columns)
        self._delimiter = delimiter
        self._window = Window(iter(lines), lines.encoding, lines.limit)
        self.blank = 0

    def __iter__(self) -> Iterator[list[Item]]:
        while (piece := self._window.next_piece()) is not None:
            if isinstance(piece, Broken):
                yield [piece]
            elif (items := self._easy(piece)) is not None:
                yield items
            else:
                self._window.load(piece)
                yield from self._exact()

    def _easy(self, run: Run) -> list[Item] | None:
        """The rows of lines among which every row stands on one line, or None if that is not certain."""
        text = plain_text(run, self._encoding)
        if text is None:
            return None
        lines = text.split("\n")
        if len(lines) > len(run.raws):
            del lines[-1]
        if '"' not in text:
            return self._items(run, lines, list(map(str.split, lines, repeat(self._delimiter))))
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        # As many rows as lines: so none goes over two.
        if len(rows) != len(lines) or self._has_stray_quote(lines, rows):
            return None
        return self._items(run, lines, rows)

    def _has_stray_quote(self, lines: list[str], rows: list[list[str]]) -> bool:
        """Whether a value ends with a quote that stands there although its field was not opened with one."""
        if '"\n' not in "\n".join(chain(chain.from_iterable(rows), ("",))):
            return False
        for line, row in zip(lines, rows, strict=True):
            if any(value.endswith('"') for value in row):
                alone = read_row(one_line(line), 0, self._delimiter)
                if isinstance(alone, Fault) or alone.stray is not None:
                    return True
        return False

    def _items(self, run: Run, lines: list[str], rows: list[list[str]]) -> list[Item]:
        """One item for each line. The first branch is the one that has to be fast."""
        if set(map(len, rows)) == {self._count} and (self._count > 1 or "" not in lines):
            numbers = range(run.number, run.number + len(rows))
            return list(map(_record, zip(numbers, run.starts, run.ends, self._fields(rows), strict=True)))
        items: list[Item] = []
        start = run.start
        for place, (line, row, end) in enumerate(zip(lines, rows, run.ends, strict=True)):
            number = run.number + place
            if self._is_blank(line):
                self.blank += 1
            elif len(row) == self._count:
                items.append(Record(number, start, end, dict(zip(self._columns, row, strict=True))))
            else:
                fault = wrong_columns(len(row), self._count)
                stretch = Stretch(number=number, start=start, limit=self._limit)
                stretch.add(run.raws[place])
                items.append(stretch.broken(shape=fault.shape, reason=fault.reason))
            start = end
        return items

    def _fields(self, rows: list[list[str]]) -> Iterator[Mapping[str, object]]:
        return map(dict, map(zip, repeat(self._columns), rows))

    def _is_blank(self, line: str) -> bool:
        if self._count == 1:
            return line in {"", "\n", "\r\n", "\r"}
        return not line.strip(" \t\r\n") and self._delimiter not in line

    def _exact(self) -> Iterator[list[Item]]:
        """All rows that begin in the window, in parts."""
        window, at = self._window, 0
        while at < len(window.texts):
            items: list[Item] = []
            at = self._simple_rows(at, items)
            if at < len(window.texts):
                item, lines = self._row_at(at)
                items.append(item)
                at += lines
            if at > STRIDE or at == len(window.texts):
                window.drop(at)
                at = 0
            yield items

    def _simple_rows(self, at: int, items: list[Item]) -> int:
        """Read as long as every row is plainly sound; answers where that ends."""
        texts = self._window.texts[at : at + STRIDE]
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        done = 0
        try:
            for row in reader:
                lines = reader.line_num - done
                if lines == 1 and self._is_blank(texts[done]):
                    self.blank += 1
                elif self._is_plainly_sound(at + done, row, texts[done : done + lines]):
                    items.append(self._sound(at + done, lines, row))
                else:
                    break
                done += lines
        except csv.Error:
            pass  # where it stands, `quoting` looks closely
        return at + done

    def _is_plainly_sound(self, at: int, row: list[str], lines: list[str]) -> bool:
        """Whether `quoting` would certainly call the row sound. It decides on all others."""
        if len(row) != self._count:
            return False
        if len(lines) == 1:
            return not any(value.endswith('"') for value in row)
        # No quote is left in a value: so each of them opened or closed a field.
        if '"' in "".join(row) or self._window.start_of(at + len(lines)) - self._window.start_of(at) > self._limit:
            return False
        delimiters = self._count - 1
        few = (len(lines) - 2) * delimiters < CERTAINLY_ROWS
        return few or any(line.count(self._delimiter) < delimiters for line in lines[1:-1])

    def _row_at(self, at: int) -> tuple[Item, int]:
        """The record that begins with a line on which it may not end, or that is not sound; and its number of lines."""
        line_at = partial(self._window.text, since=at)
        row = read_row(line_at, at, self._delimiter, columns=self._count)
        fault = row if isinstance(row, Fault) else judge_row(row, line_at, at, self._delimiter, self._count)
        if isinstance(row, Row) and fault is None:
            return self._sound(at, row.lines, row.values), row.lines
        assert fault is not None
        if fault.shape in _QUOTE_FAULTS:
            return self._skip(at, fault)
        lines = row.lines
        flaw = self._window.flaw(at, lines)
        told = flaw or fault
        return self._window.broken(at, lines, shape=told.shape, reason=told.reason), lines

    def _sound(self, at: int, lines: int, row: list[str]) -> Item:
        """A row whose form is right: a record, if its characters are."""
        window = self._window
        flaw = window.flaw(at, lines)
        if flaw is not None:
            return window.broken(at, lines, shape=flaw.shape, reason=flaw.reason)
        fields = dict(zip(self._columns, row, strict=True))
        return Record(window.number_of(at), window.start_of(at), window.start_of(at + lines), fields)

    def _skip(self, at: int, fault: Fault) -> tuple[Broken, int]:
        """The lines from a broken quote up to where reading may resume, as one broken record."""
        window, upto = self._window, at + 1
        while window.text(upto, since=at) is not None and not self._may_resume(upto):
            upto += 1
        return window.broken(at, upto - at, shape=fault.shape, reason=fault.reason), upto - at

    def _may_resume(self, at: int) -> bool:
        line = self._window.texts[at]
        if line.count(self._delimiter) == self._count - 1:
            return True
        if self._is_blank(line):
            return False
        line_at = partial(self._window.text, since=at)
        row = read_row(line_at, at, self._delimiter, columns=self._count)
        return isinstance(row, Row) and judge_row(row, line_at, at, self._delimiter, self._count) is None

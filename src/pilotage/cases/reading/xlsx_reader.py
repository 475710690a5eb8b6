"""Rows out of an XLSX workbook. It is loaded whole (`workbook` looks first whether it may be); the byte is the row here.

Cells keep the types that Excel gives them: text, numbers (a whole number comes as int), dates, true and false; an empty
cell is None. A row has no bytes of its own: a broken one is kept as JSON.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from pilotage.cases.reading.errors import SheetUnclear, SourceEmpty, WorkbookUnreadable
from pilotage.cases.reading.files import OpenFile
from pilotage.cases.reading.header import name_columns
from pilotage.cases.reading.lines import PREFIX
from pilotage.cases.reading.values import Broken, Item, Record, Shape
from pilotage.cases.reading.workbook import SheetSurvey, survey

PART = 500
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One sheet, loaded, with its header read. `first` is the row behind the header."""

    rows: CalamineSheet
    columns: tuple[str, ...]
    first: int
    errors: frozenset[tuple[int, int]]


def load_sheet(file: OpenFile, *, sheet: str | None, expects: AbstractSet[str] | None) -> Sheet:
    """The sheet of that name, or the only one that holds anything."""
    if file.head.startswith(OLD_EXCEL):
        what = f"{file.path.name} is protected by a password, or it is the old Excel format (.xls)."
        raise WorkbookUnreadable(what, "Save it in Excel as .xlsx without a password, or as CSV.")
    surveyed = survey(file)
    try:
        with CalamineWorkbook.from_path(str(file.path)) as book:  # pyright: ignore[reportUnknownMemberType]
            visible = [each.name for each in book.sheets_metadata if each.visible == SheetVisibleEnum.Visible]
            name = _name_of_sheet(file, surveyed, visible, sheet)
            rows = book.get_sheet_by_name(name)
    except PasswordError as error:
        what = f"{file.path.name} is protected by a password."
        raise WorkbookUnreadable(what, "Save it without a password and submit it again.") from error
    except (CalamineError, OSError) as error:
        what = f"{file.path.name} is no sound Excel workbook: {error}."
        raise WorkbookUnreadable(
            what, "Open it in Excel and save it again as .xlsx, or save the sheet as CSV."
        ) from error
    file.check()
    for number, cells in enumerate(rows.iter_rows(), 1):
        if any(cell != "" for cell in cells):
            names = [_text(cell) for cell in cells[: _filled(cells)]]
            columns = name_columns(names, path=file.path, expects=expects, place=f"row {number} of sheet {name}")
            return Sheet(rows=rows, columns=columns, first=number + 1, errors=surveyed[name].errors)
    what = f"Sheet {name} of {file.path.name} is empty."
    raise SourceEmpty(what, "Look whether what wrote it has failed.")


def _name_of_sheet(file: OpenFile, surveyed: Mapping[str, SheetSurvey], visible: list[str], wanted: str | None) -> str:
    if wanted is not None:
        if wanted in surveyed:
            return wanted
        what = f'{file.path.name} has no sheet "{wanted}".'
        raise SheetUnclear(what, f"It has: {', '.join(surveyed)}.")
    filled = [name for name in visible if name in surveyed and surveyed[name].filled]
    if not filled:
        raise SourceEmpty(f"{file.path.name} holds no cell with a value.", "Look whether what wrote it has failed.")
    if len(filled) > 1:
        what = f"{file.path.name} has {len(filled)} sheets that hold something: {', '.join(filled)}."
        raise SheetUnclear(what, f'Say which one holds the records: --sheet "{filled[0]}".')
    return filled[0]


class XlsxReader:
    """Reads the rows behind the header. `blank` counts the empty rows that were passed over."""

    def __init__(self, sheet: Sheet, *, start: int, limit: int) -> None:
        self._sheet = sheet
        self._start = max(start, sheet.first)
        self._limit = limit
        self._count = len(sheet.columns)
        self._rows_with_errors = dict(sorted(sheet.errors, reverse=True))
        self.blank = 0

    def __iter__(self) -> Iterator[list[Item]]:
        items: list[Item] = []
        for number, cells in enumerate(self._sheet.rows.iter_rows(), 1):
            if number < self._start:
                continue
            values = [None if cell == "" else _value(cell) for cell in cells]
            if number not in self._rows_with_errors and all(value is None for value in values):
                self.blank += 1
                continue
            items.append(self._item(number, values))
            if len(items) == PART:
                yield items
                items = []
        yield items

    def _item(self, number: int, values: list[object]) -> Item:
        column = self._rows_with_errors.get(number)
        if column is not None:
            reason = f"Excel shows an error in column {column} ({self._name(column)})"
            return self._broken(number, values, Shape.CELL_ERROR, reason)
        found = _filled(values)
        if found > self._count:
            reason = f"{found} columns, and the header has {self._count}"
            return self._broken(number, values, Shape.TOO_MANY_COLUMNS, reason)
        if sum(len(value) for value in values if isinstance(value, str)) * 4 > self._limit:  # rarely, so look closely
            size = len(_as_json(values))
            if size > self._limit:
                reason = f"longer than a record may be: {size:,} bytes, and {self._limit:,} are allowed"
                return self._broken(number, values, Shape.TOO_LONG, reason)
        values += [None] * (self._count - len(values))
        return Record(number, number, number + 1, dict(zip(self._sheet.columns, values, strict=False)))

    def _name(self, column: int) -> str:
        return self._sheet.columns[column - 1] if column <= self._count else "beyond the header"

    def _broken(self, number: int, values: Sequence[object], shape: Shape, reason: str) -> Broken:
        original = _as_json(values)
        whole = len(original) <= self._limit
        return Broken(
            number=number,
            start=number,
            end=number + 1,
            prefix=original if whole else original[:PREFIX],
            digest=hashlib.sha256(original).hexdigest(),
            reason=reason,
            shape=shape,
            whole=whole,
        )


def _as_json(values: Sequence[object]) -> bytes:
    return json.dumps(values, ensure_ascii=False, default=str).encode()


def _filled(cells: Sequence[object]) -> int:
    """How many cells there are up to the last one that holds something."""
    filled = len(cells)
    while filled and cells[filled - 1] in {None, ""}:
        filled -= 1
    return filled


def _value(cell: object) -> object:
    """Excel knows no whole numbers: 7 comes as 7.0, and was written as 7."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell


def _text(cell: object) -> str:
    value = _value(cell)
    return value.isoformat() if isinstance(value, dt.date | dt.datetime | dt.time) else str(value)

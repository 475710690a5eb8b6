"""What a workbook holds, found out before it is loaded: a workbook is loaded whole, and must not take the memory away.

An XLSX file is a ZIP archive of XML. Neither the sizes that the archive states nor the area that a sheet states are
believed: the sheets are unpacked once, piece by piece, and counted.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from pilotage.cases.reading.errors import WorkbookTooLarge, WorkbookUnreadable
from pilotage.cases.reading.files import OpenFile

MOST_BYTES = 256 * 1024 * 1024
MOST_CELLS = 10_000_000
MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
PIECE = 1024 * 1024
OVERLAP = 4 * 1024
LIST_BYTES = 4 * 1024 * 1024

_VALUE = re.compile(
    rb"<(?:\w+:)?c(?:\s[^<>]*)?(?<!/)>"
)  # a cell that is not closed at once, so that it holds something
_COLUMN = re.compile(rb"\sr=[\"']([A-Z]{1,3})\d")
_ROW = re.compile(rb"\sr=[\"'][A-Z]{0,3}(\d{1,7})[\"']")
_UNPLACED = re.compile(rb"<(?:\w+:)?c(?=[\s>])(?![^<>]*\sr=)")
_ERROR = re.compile(rb"\st=[\"']e[\"']")
_PLACE = re.compile(rb"\sr=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetSurvey:
    """What one sheet holds: whether any value, and where Excel shows an error (#N/A, #REF!) in place of one."""

    filled: bool
    errors: frozenset[tuple[int, int]]


def survey(file: OpenFile) -> dict[str, SheetSurvey]:
    """The sheets by name. Raises when the workbook is damaged, or larger than what may be loaded."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            _refuse_bytes(file.path, sum(each.file_size for each in archive.infolist()))
            parts = _sheet_parts(archive)
            for other in {each.filename for each in archive.infolist()} - set(parts.values()):
                _prove_size(archive, other)
            found: dict[str, SheetSurvey] = {}
            left = MOST_BYTES
            for name, part in parts.items():
                found[name], unpacked = _survey_sheet(archive, part, file.path, left)
                left -= unpacked
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        ElementTree.ParseError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        what = f"{file.path.name} is no sound Excel workbook: {str(error).strip(chr(34) + chr(39)) or 'it is damaged'}."
        raise WorkbookUnreadable(
            what, "Open it in Excel and save it again as .xlsx, or save the sheet as CSV."
        ) from error
    return found


def _refuse_bytes(path: Path, unpacked: int) -> None:
    if unpacked > MOST_BYTES:
        what = (
            f"{path.name} is too large for a workbook: unpacked it takes more than {MOST_BYTES >> 20} MB, "
            "and a workbook has to be loaded as a whole."
        )
        raise WorkbookTooLarge(what, "Save the sheet as CSV, which is read at any size, and submit that.")


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The sheets' names and the files in the archive that hold them."""
    book = ElementTree.fromstring(_read_list(archive, "xl/workbook.xml"))  # noqa: S314 - expat refuses entities that grow
    relations = ElementTree.fromstring(_read_list(archive, "xl/_rels/workbook.xml.rels"))  # noqa: S314 - as above
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    parts: dict[str, str] = {}
    for each in book.iter():
        if each.tag.rpartition("}")[2] == "sheet":
            target = targets.get(each.get(_RELATION), "")
            parts[each.get("name", "")] = target[1:] if target.startswith("/") else str(PurePosixPath("xl", target))
    return {name: part for name, part in parts.items() if part in archive.namelist()}


def _read_list(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        found = part.read(LIST_BYTES)
        if part.read(1):
            raise zipfile.BadZipFile(f"{name} in it is far too long")
    return found


def _prove_size(archive: zipfile.ZipFile, part: str) -> None:
    """Unpack the part as far as it states to go: if it is longer, its checksum is wrong, which zipfile says."""
    with archive.open(part) as unpacked:
        while unpacked.read(PIECE):
            pass


def _survey_sheet(archive: zipfile.ZipFile, part: str, path: Path, left: int) -> tuple[SheetSurvey, int]:
    columns: set[bytes] = set()
    errors: set[tuple[int, int]] = set()
    rows = unplaced = unpacked = 0
    filled = False
    for data, fresh in _pieces(archive, part):
        unpacked += fresh
        _refuse_bytes(path, MOST_BYTES + 1 if unpacked > left else 0)
        columns.update(_COLUMN.findall(data))
        rows = max([rows, *map(int, set(_ROW.findall(data)))])
        unplaced += len(_UNPLACED.findall(data))
        filled = filled or _VALUE.search(data) is not None
        if b'"e"' in data or b"'e'" in data:
            errors.update(_errors(data))
    widest = max([min(unplaced, MOST_COLUMNS), *map(_column, columns)])
    if rows * widest > MOST_CELLS:  # many files have formats far beyond their data, which cost nothing
        rows, widest = _filled_area(archive, part, unplaced)
    if rows * widest > MOST_CELLS:
        what = (
            f"{path.name} is too large for a workbook: its sheet reaches over {rows:,} rows and {widest:,} columns, and "
            f"{MOST_CELLS:,} cells are the most that is loaded."
        )
        remedy = "Delete stray cells far below or to the right of the data, or save the sheet as CSV and submit that."
        raise WorkbookTooLarge(what, remedy)
    return SheetSurvey(filled=filled, errors=frozenset(errors)), unpacked


def _errors(data: bytes) -> Iterator[tuple[int, int]]:
    """Row and column of each cell that shows an error."""
    for cell in _VALUE.findall(data):
        place = _PLACE.search(cell)
        if place is not None and _ERROR.search(cell):
            yield int(place.group(2)), _column(place.group(1))


def _filled_area(archive: zipfile.ZipFile, part: str, unplaced: int) -> tuple[int, int]:
    """The last row and the last column that hold a value, looked for cell by cell, which is slow."""
    rows, columns = (MOST_ROWS if unplaced else 0), min(unplaced, MOST_COLUMNS)
    for data, _ in _pieces(archive, part):
        for cell in _VALUE.findall(data):
            place = _PLACE.search(cell)
            if place is not None:
                rows, columns = max(rows, int(place.group(2))), max(columns, _column(place.group(1)))
    return rows, columns


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[tuple[bytes, int]]:
    """The sheet's XML in pieces that never cut a tag in two, and how many bytes are new in each."""
    kept = b""
    with archive.open(part) as unpacked:
        while piece := unpacked.read(PIECE):
            data = kept + piece
            cut = data.rfind(b"<")
            cut = len(data) if cut < 0 or len(data) - cut > OVERLAP else cut
            yield data[:cut], len(piece)
            kept = data[cut:]
    yield kept, 0


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number

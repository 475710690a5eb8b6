"""The door: a file that is opened, understood, and read in blocks."""

import os
from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self

from pilotage.cases.reading.csv_reader import CsvReader
from pilotage.cases.reading.encodings import Encoding, choose_encoding
from pilotage.cases.reading.errors import NotABoundary, SourceChanged, SourceEmpty, WrongForm
from pilotage.cases.reading.files import OpenFile
from pilotage.cases.reading.header import read_header
from pilotage.cases.reading.jsonl_reader import JsonlReader
from pilotage.cases.reading.lines import CHUNK, LineReader, line_number
from pilotage.cases.reading.values import Block, Form, Item
from pilotage.cases.reading.xlsx_reader import XlsxReader, load_sheet

RECORD_LIMIT = 1_000_000
BLOCK_ITEMS = 1000
BLOCK_BYTES = 4_000_000

_FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
_ZIP = b"PK\x03\x04"
_OTHERS = {
    b"\x1f\x8b": ("packed with gzip", "Unpack it (gunzip) and submit what comes out."),
    b"%PDF": ("a PDF", "Submit the CSV, JSONL or XLSX file that the records are in."),
    b"\xd0\xcf\x11\xe0": ("an old Excel file (.xls) or one with a password", "Save it as .xlsx without a password."),
    b"\xfd7zXZ": ("packed with xz", "Unpack it and submit what comes out."),
    b"\x28\xb5\x2f\xfd": ("packed with zstd", "Unpack it and submit what comes out."),
    b"BZh": ("packed with bzip2", "Unpack it and submit what comes out."),
    b"SQLite format 3": ("a SQLite database", "Export the table as CSV and submit that."),
}


class Reader(Protocol):
    """What each form gives: items in the order of the file, in parts of any length."""

    blank: int

    def __iter__(self) -> Iterator[list[Item]]: ...


class Source:
    """An open file of records. Iterating (once) gives blocks, from `start_byte` to its end."""

    def __init__(
        self, file: OpenFile, reader: Reader, *, form: Form, columns: tuple[str, ...], encoding: str, delimiter: str
    ) -> None:
        self._file = file
        self._reader = reader
        self.form: Form = form
        self.path = file.path
        self.size = file.size
        self.fingerprint = file.fingerprint
        """Size and digest of the first 64 KiB: to be remembered, and given as `remembered` when reading goes on."""
        self.columns = columns
        """The column names; none for JSONL, where each record has its own."""
        self.encoding = encoding
        self.delimiter = delimiter

    @property
    def blank(self) -> int:
        """How many blank lines have been passed over so far."""
        return self._reader.blank

    def digest(self) -> str:
        """The SHA-256 of the whole file."""
        return self._file.digest()

    def original(self, start: int, end: int) -> bytes:
        """The file's own bytes from `start` up to `end`."""
        return self._file.read(start, end - start)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Block]:
        return self.blocks()

    def blocks(self, *, most: int = BLOCK_ITEMS) -> Iterator[Block]:
        """Blocks of at most `most` items; once."""
        return _blocks(self._reader, most)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(
    path: str | os.PathLike[str],
    *,
    start_byte: int = 0,
    record_limit: int = RECORD_LIMIT,
    form: Form | None = None,
    expects: AbstractSet[str] | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    remembered: str | None = None,
    chunk: int = CHUNK,
) -> Source:
    """Open a file of records, and understand it far enough to read it.

    `start_byte` is a block's `next_byte`, and `remembered` the fingerprint that the file had then. `expects` names the
    columns that there must be (and says that the first line is the header). A workbook's bytes are its rows.
    """
    file = OpenFile(path)
    try:
        _refuse_another_file(file, remembered)
        found = _form(file, form)
        if found == "xlsx":
            return _open_workbook(file, start_byte, record_limit, sheet, expects)
        chosen = choose_encoding(file.head, encoding)
        lines = LineReader(
            file=file, encoding=chosen, start=chosen.mark, number=1, limit=max(record_limit, 16), chunk=chunk
        )
        if found == "jsonl":
            _refuse_empty(file, chosen)
            return Source(
                file,
                JsonlReader(_from(lines, start_byte, chosen.mark)),
                form=found,
                columns=(),
                encoding=chosen.name,
                delimiter="",
            )
        header = read_header(lines, delimiter=delimiter, expects=expects)
        rows = CsvReader(_from(lines, start_byte, header.end), columns=header.columns, delimiter=header.delimiter)
        return Source(file, rows, form=found, columns=header.columns, encoding=chosen.name, delimiter=header.delimiter)
    except BaseException:
        file.close()
        raise


def _open_workbook(
    file: OpenFile, start: int, limit: int, sheet: str | None, expects: AbstractSet[str] | None
) -> Source:
    loaded = load_sheet(file, sheet=sheet, expects=expects)
    rows = XlsxReader(loaded, start=start, limit=limit)
    return Source(file, rows, form="xlsx", columns=loaded.columns, encoding="", delimiter="")


def _refuse_another_file(file: OpenFile, remembered: str | None) -> None:
    if file.size == 0:
        raise SourceEmpty(f"{file.path.name} is empty.", "Look whether what wrote it has failed, or is not done yet.")
    if remembered is not None and remembered != file.fingerprint:
        what = f"{file.path.name} is not the file whose reading was interrupted: its size or its beginning has changed."
        remedy = (
            "Submit it from its beginning: records that were committed before are recognised by their key. Or put the "
            "former file back to go on where it stopped."
        )
        raise SourceChanged(what, remedy)


def _refuse_empty(file: OpenFile, encoding: Encoding) -> None:
    if len(file.head) == file.size and not encoding.text_of_broken(file.head[encoding.mark :]).strip():
        what = f"{file.path.name} holds nothing but blank lines."
        raise SourceEmpty(what, "Look whether what wrote it has failed, or is not done yet.")


def _form(file: OpenFile, said: Form | None) -> Form:
    """The file's form: what was said, else what its name says, else what it looks like; and it has to look like it."""
    name, suffix = file.path.name, file.path.suffix.lower()
    packed = file.head.startswith(_ZIP)
    form = said or _FORMS.get(suffix) or _form_by_content(file)
    if form == "xlsx":
        if not packed and not file.head.startswith(b"\xd0\xcf\x11\xe0"):
            what = f"{name} is no Excel workbook, whatever it is called."
            raise WrongForm(what, "If it is text, say --form csv or --form jsonl.")
        return form
    if packed:
        what = f"{name} is an Excel workbook or a ZIP archive, and no {form.upper()} file."
        raise WrongForm(what, "If it is a workbook, say --form xlsx; if it is an archive, unpack it.")
    for beginning, (kind, remedy) in _OTHERS.items():
        if file.head.startswith(beginning):
            raise WrongForm(f"{name} is {kind}, and no {form.upper()} file.", remedy)
    return form


def _form_by_content(file: OpenFile) -> Form:
    if file.head.startswith(_ZIP):
        return "xlsx"
    first = file.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if first.startswith(b"[") or first.split(b"\n", 1)[0].strip() == b"{":
        what = f"{file.path.name} is one JSON document, and not one object on each line."
        raise WrongForm(
            what, "Write each record as one line (JSONL), or say --form jsonl or csv if it is one of those."
        )
    return "jsonl" if first.startswith(b"{") else "csv"


def _from(lines: LineReader, start: int, first: int) -> LineReader:
    """The same lines from byte `start` on, which has to be the beginning of one; `first` is where the records begin."""
    file, encoding = lines.file, lines.encoding
    place = first if start == 0 else start
    if place > file.size:
        what = f"{file.path.name} has {file.size:,} bytes; its reading was interrupted at byte {place:,}."
        raise SourceChanged(what, "Put the former file back, or submit this one from its beginning.")
    if place < first or (place > first and not _begins_line(file, encoding, place)):
        what = f"Byte {place:,} of {file.path.name} is not the beginning of a record."
        raise NotABoundary(what, "Go on at a byte that reading has given before, or begin at 0.")
    return replace(lines, start=place, number=line_number(file, encoding, place))


def _begins_line(file: OpenFile, encoding: Encoding, place: int) -> bool:
    if place == file.size:
        return True
    begin = max(place - 4, 0) & ~1  # an even place, where a character of UTF-16 begins
    before, behind = file.read(begin, place - begin), file.read(place, 4)
    if encoding.cut(before, final=True) < len(before):
        return False
    return not (before.rstrip(b"\0").endswith(b"\r") and behind.lstrip(b"\0").startswith(b"\n"))


def _blocks(reader: Reader, most: int) -> Iterator[Block]:
    """Blocks of at most so many items and, as items may be large, about so many bytes."""
    waiting: list[Item] = []
    for part in reader:
        waiting += part
        at = 0
        while length := _full(waiting, at, most):
            items = waiting[at : at + length]
            at += length
            yield Block(items=items, next_byte=items[-1].end)
        del waiting[:at]
    if waiting:
        yield Block(items=waiting, next_byte=waiting[-1].end)


def _full(waiting: list[Item], at: int, most: int) -> int:
    """How many of the waiting items, from there on, make a full block; 0 while they do not."""
    count = min(len(waiting) - at, most)
    if count == 0:
        return 0
    upto = waiting[at].start + BLOCK_BYTES
    if waiting[at + count - 1].end <= upto:
        return count if count == most else 0
    return max(1, bisect_right(waiting, upto, at, at + count, key=lambda item: item.end) - at)

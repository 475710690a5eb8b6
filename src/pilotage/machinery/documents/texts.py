"""The text of a document: PDF, HTML, workbooks, and what is text already. Runs in the process that reads."""

import zipfile
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from io import BytesIO
from typing import Final

from pilotage.machinery.documents.values import Bounds, Unreadable

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SUFFIXES: Final = {
    ".pdf": "application/pdf",
    ".txt": "text/plain",
    ".csv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
    ".xml": "application/xml",
    ".json": "application/json",
    ".xlsx": _XLSX,
}


def kind_of(data: bytes, name: str, media_type: str) -> str:
    """What a document is: what its first bytes say, then its name, then what its sender says."""
    if b"%PDF-" in data[:1024]:
        return "application/pdf"
    by_name = next((kind for suffix, kind in _SUFFIXES.items() if name.lower().endswith(suffix)), "")
    return by_name or media_type.partition(";")[0].strip().lower()


def text(data: bytes, name: str, media_type: str, bounds: Bounds) -> str:
    """The text of a document. Raises Unreadable."""
    kind = kind_of(data, name, media_type)
    read = _READERS.get(kind, _plain if kind.startswith("text/") else None)
    if read is None:
        raise Unreadable(f"{kind or 'a file of an unknown kind'} is not read")
    found = read(data, bounds)
    if len(found) > bounds.characters:
        raise Unreadable(f"it has {len(found):,} characters, and at most {bounds.characters:,} are read")
    if not found.strip():
        raise Unreadable("there is no text in it; a scanned page is a picture, and is not read")
    return found


def _pdf(data: bytes, bounds: Bounds) -> str:
    import pdfplumber  # noqa: PLC0415 - for the documents that need it
    from pdfplumber.utils.exceptions import PdfminerException  # noqa: PLC0415

    try:
        with pdfplumber.open(BytesIO(data)) as document:
            if len(document.pages) > bounds.pages:
                raise Unreadable(f"it has {len(document.pages):,} pages, and at most {bounds.pages:,} are read")
            parts: list[str] = []
            size = 0
            for page in document.pages:
                parts.append(page.extract_text() or "")
                page.close()
                size += len(parts[-1])
                if size > bounds.characters:
                    break
            return "\n\n".join(parts)
    except PdfminerException as error:
        if error.args and type(error.args[0]).__name__ == "PDFPasswordIncorrect":
            raise Unreadable("it is protected by a password") from error
        raise


def _workbook(data: bytes, bounds: Bounds) -> str:
    from python_calamine import CalamineWorkbook  # noqa: PLC0415

    with zipfile.ZipFile(BytesIO(data)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > bounds.unpacked:
        raise Unreadable(f"it unpacks to {unpacked:,} bytes, and at most {bounds.unpacked:,} are read")
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    sheets = [(name, book.get_sheet_by_name(name).to_python()) for name in book.sheet_names]
    lines: list[str] = []
    for name, rows in sheets:
        lines.append(f"[{name}]" if len(sheets) > 1 else "")
        lines += ["\t".join(str(cell) for cell in row).rstrip() for row in rows]
    return "\n".join(lines).strip("\n")


class _Stripped(HTMLParser):
    """The text of a page, without what nobody sees."""

    _UNSEEN: Final = frozenset({"script", "style", "head", "template", "noscript"})
    _BREAKS: Final = frozenset({"p", "br", "div", "tr", "li", "h1", "h2", "h3", "h4", "table", "section"})

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        del attrs
        self._unseen += tag in self._UNSEEN
        if tag in self._BREAKS:
            self.parts.append("\n")
        elif tag in {"td", "th"}:
            self.parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        """An element ends."""
        self._unseen -= tag in self._UNSEEN and self._unseen > 0

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._unseen:
            self.parts.append(data)


def _html(data: bytes, bounds: Bounds) -> str:
    return without_tags(_plain(data, bounds))


def without_tags(page: str) -> str:
    """The text of an HTML page."""
    parser = _Stripped()
    parser.feed(page)
    lines = (" ".join(line.split(" ")).strip() for line in "".join(parser.parts).splitlines())
    return "\n".join(line for line in lines if line)


def _plain(data: bytes, bounds: Bounds) -> str:
    del bounds
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


_READERS: Final[Mapping[str, Callable[[bytes, Bounds], str]]] = {
    "application/pdf": _pdf,
    "text/html": _html,
    "application/xml": _plain,
    "application/json": _plain,
    _XLSX: _workbook,
}

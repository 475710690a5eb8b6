"""How a file's bytes are text: which encoding, where its lines end, and what to say about bytes that are none."""

import codecs
import re
from dataclasses import dataclass
from typing import Protocol

from pilotage.cases.reading.errors import WrongEncoding

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3,}")
_BROKEN_TEXT = re.compile("[\ud800-\udfff]")
_ASCII = bytes(range(0x20, 0x7F)) + b"\t\r\n"
_STATEFUL = ("iso2022", "hz", "utf-7", "utf-32", "punycode", "idna", "unicode_escape", "unicode-escape", "raw")
_UTF16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


class Encoding(Protocol):
    """What reading needs to know of an encoding."""

    @property
    def name(self) -> str:
        """As Python calls it."""
        ...

    @property
    def mark(self) -> int:
        """The length of the byte-order mark with which the file begins."""
        ...

    def split(self, data: bytes) -> list[bytes]:
        """The lines, each with its end."""
        ...

    def cut(self, data: bytes, *, final: bool) -> int:
        """The place after the last line that has certainly ended, 0 if none has."""
        ...

    def first(self, data: bytes, *, final: bool) -> int:
        """The place after the first line if it has certainly ended, 0 if it has not."""
        ...

    def count(self, data: bytes) -> int:
        """How many lines end in the data."""
        ...

    def text(self, data: bytes) -> str:
        """The text, or UnicodeDecodeError."""
        ...

    def text_of_broken(self, data: bytes) -> str:
        """The text of bytes that are not text throughout, with a lone surrogate for what is none."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrowEncoding:
    """UTF-8 and every encoding in which an ASCII byte is that ASCII character: lines can be split as bytes."""

    name: str
    mark: int = 0

    def split(self, data: bytes) -> list[bytes]:
        """The lines, each with its end."""
        return data.splitlines(keepends=True)

    def cut(self, data: bytes, *, final: bool) -> int:
        """The place after the last line that has certainly ended."""
        # A \r at the very end may be the first half of \r\n: only what follows can tell.
        last = len(data) if final or not data.endswith(b"\r") else len(data) - 1
        return max(data.rfind(b"\n", 0, last), data.rfind(b"\r", 0, last)) + 1

    def first(self, data: bytes, *, final: bool) -> int:
        """The place after the first line if it has certainly ended, 0 if it has not."""
        feed, back = data.find(b"\n"), data.find(b"\r")
        if back < 0 or 0 <= feed < back:
            return feed + 1
        if back + 1 == len(data):
            return len(data) if final else 0
        return back + 2 if feed == back + 1 else back + 1

    def count(self, data: bytes) -> int:
        """How many lines end in the data."""
        returns = data.count(b"\r")
        return data.count(b"\n") + (returns - data.count(b"\r\n") if returns else 0)

    def text(self, data: bytes) -> str:
        """The text, or UnicodeDecodeError."""
        return data.decode(self.name)

    def text_of_broken(self, data: bytes) -> str:
        """The text, with a lone surrogate for what is none."""
        return data.decode(self.name, "surrogateescape")


@dataclass(frozen=True, kw_only=True, slots=True)
class WideEncoding:
    """UTF-16: lines are split as text, and their bytes found by encoding them again. Slower, and just as exact."""

    name: str
    mark: int = 0

    def split(self, data: bytes) -> list[bytes]:
        """The lines, each with its end."""
        even = len(data) & ~1
        lines = [self._bytes(line) for line in _LINE.findall(self._text(data[:even]))]
        if even == len(data):
            return lines
        return [*lines[:-1], lines[-1] + data[even:]] if lines and not _ended(lines[-1]) else [*lines, data[even:]]

    def cut(self, data: bytes, *, final: bool) -> int:
        """The place after the last line that has certainly ended."""
        text = self._text(data[: len(data) & ~1])
        last = len(text) if final or not text.endswith("\r") else len(text) - 1
        return len(self._bytes(text[: max(text.rfind("\n", 0, last), text.rfind("\r", 0, last)) + 1]))

    def first(self, data: bytes, *, final: bool) -> int:
        """The place after the first line if it has certainly ended, 0 if it has not."""
        text = self._text(data[: len(data) & ~1])
        found = re.search(r"\r\n|\r|\n", text)
        if found is None or (found.group() == "\r" and found.end() == len(text) and not final):
            return 0
        return len(self._bytes(text[: found.end()]))

    def count(self, data: bytes) -> int:
        """How many lines end in the data."""
        text = self._text(data[: len(data) & ~1])
        return text.count("\n") + text.count("\r") - text.count("\r\n")

    def text(self, data: bytes) -> str:
        """The text, or UnicodeDecodeError."""
        return data.decode(self.name)

    def text_of_broken(self, data: bytes) -> str:
        """The text, with a lone surrogate for what is none."""
        even = len(data) & ~1
        return self._text(data[:even]) + ("\udcff" if even < len(data) else "")

    def _text(self, data: bytes) -> str:
        return data.decode(self.name, "surrogatepass")

    def _bytes(self, text: str) -> bytes:
        return text.encode(self.name, "surrogatepass")


def _ended(line: bytes) -> bool:
    return line[-2:] in {b"\n\0", b"\0\n", b"\r\0", b"\0\r"}


def choose_encoding(head: bytes, wanted: str | None) -> Encoding:
    """The encoding of a file that begins so: the one that was said, else by its byte-order mark, else UTF-8."""
    marked = _marked(head)
    if wanted is None:
        if marked is None:
            _refuse_unmarked_utf16(head)
        return marked or NarrowEncoding(name="utf-8")
    name = _known(wanted)
    if name == "utf-16":
        if isinstance(marked, WideEncoding):
            return marked
        what = "The file was said to be UTF-16, and it does not begin with a UTF-16 byte-order mark."
        raise WrongEncoding(what, "Say --encoding utf-16-le (Windows) or utf-16-be, or leave the encoding out.")
    if marked is not None and marked.name != name and not (marked.name == "utf-8" and name == "utf-8-sig"):
        what = f"The file was said to be {wanted}, and it begins with the byte-order mark of {marked.name.upper()}."
        raise WrongEncoding(what, f"Leave the encoding out, or say --encoding {marked.name}.")
    if marked is not None:
        return marked
    if name in {"utf-16-le", "utf-16-be"}:
        return WideEncoding(name=name)
    return NarrowEncoding(name="utf-8" if name == "utf-8-sig" else name)


def _marked(head: bytes) -> Encoding | None:
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        what = "The file is UTF-32, which is not read."
        raise WrongEncoding(what, "Save it as UTF-8 and submit it again.")
    if head.startswith(codecs.BOM_UTF8):
        return NarrowEncoding(name="utf-8", mark=3)
    name = _UTF16_MARKS.get(head[:2])
    return None if name is None else WideEncoding(name=name, mark=2)


def _known(wanted: str) -> str:
    try:
        name = codecs.lookup(wanted).name
        if name.startswith("utf-16") or name == "utf-8-sig":
            return name
        usable = _ASCII.decode(name) == _ASCII.decode("ascii") and not name.startswith(_STATEFUL)
    except LookupError as error:
        what = f'"{wanted}" is no encoding that Python knows.'
        raise WrongEncoding(what, "Say for example --encoding cp1252, latin-1, cp1250 or utf-16-le.") from error
    except UnicodeError:
        usable, name = False, wanted
    if not usable:
        what = f"{wanted} cannot be read line by line: in it the bytes of line ends and quotes also mean other things."
        raise WrongEncoding(what, "Save the file as UTF-8 and submit it again.")
    return name


def _refuse_unmarked_utf16(head: bytes) -> None:
    if head.count(0) * 3 < len(head) or len(head) < 4:
        return
    little, big = head[1::2].count(0), head[0::2].count(0)
    if min(little, big) * 8 > max(little, big):
        return
    name = "utf-16-le" if little > big else "utf-16-be"
    what = "The file looks like UTF-16 without the byte-order mark that would say so."
    raise WrongEncoding(what, f"Say --encoding {name}, or save it as UTF-8.")


def holds_broken_text(text: str) -> bool:
    """Whether the text holds a half of a surrogate pair, which no file and no database can hold."""
    return _BROKEN_TEXT.search(text) is not None


def why_not_text(raw: bytes, encoding: Encoding) -> str | None:
    """In plain words why these bytes are no text in this encoding, or None if they are."""
    try:
        encoding.text(raw)
    except UnicodeDecodeError as error:
        place = len(encoding.text_of_broken(raw[: error.start])) + 1
        name = encoding.name.upper() if encoding.name.startswith("utf") else encoding.name
        bad = " ".join(f"0x{byte:02X}" for byte in raw[error.start : max(error.start + 1, error.end)][:4])
        kind = "byte" if len(bad) == 4 else "bytes"
        return f"not {name}: {kind} {bad} at character {place}{_advice(raw, encoding)}"
    return None


def _advice(raw: bytes, encoding: Encoding) -> str:
    """A guess at the encoding, from one line: short runs of high bytes are accents, long ones another alphabet."""
    if encoding.name != "utf-8":
        return ""
    if _HIGH_RUN.search(raw) or raw.endswith(tuple(bytes([lead]) for lead in range(0xC2, 0xF5))):
        return "; if the whole file is in another encoding, say --encoding"
    try:
        raw.decode("cp1252")
    except UnicodeDecodeError:
        return "; it looks like Latin-1; if the whole file is, say --encoding latin-1"
    return "; it looks like Windows-1252; if the whole file is, say --encoding cp1252"

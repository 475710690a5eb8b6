"""The file as lines, many at once, each with its bytes; a line beyond all measure is passed over in bounded memory."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from pilotage.cases.reading.encodings import Encoding
from pilotage.cases.reading.files import OpenFile
from pilotage.cases.reading.values import Broken, Shape

CHUNK = 32 * 1024  # small enough that what is made of it stays in the processor's cache: twice as fast as 256 KiB
PREFIX = 4 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Whole lines that stand one after the other. `number` is the first one's, `ends` the byte after each."""

    data: bytes
    raws: list[bytes]
    start: int
    ends: list[int]
    number: int

    @property
    def starts(self) -> list[int]:
        """The byte at which each line begins."""
        return [self.start, *self.ends[:-1]]


@dataclass(frozen=True, kw_only=True, slots=True)
class LineReader:
    """Reads a file's lines from a place on. Lines longer than `limit` bytes come as `Broken`."""

    file: OpenFile
    encoding: Encoding
    start: int
    number: int
    limit: int
    chunk: int = CHUNK

    def __iter__(self) -> Iterator[Run | Broken]:
        place, number, data = self.start, self.number, b""
        final = False
        while not final:
            more = self.file.read(place + len(data), self.chunk)
            data += more
            final = place + len(data) >= self.file.size
            cut = len(data) if final else self.encoding.cut(data, final=False)
            if cut:
                for piece in self._pieces(data[:cut], place, number):
                    yield piece
                    number += len(piece.raws) if isinstance(piece, Run) else 1
                place, data = place + cut, data[cut:]
            if len(data) > self.limit:
                broken, data = self._long_line(data, place, number)
                yield broken
                place, number, final = broken.end, number + 1, broken.end >= self.file.size
        self.file.check()

    def _pieces(self, data: bytes, start: int, number: int) -> Iterator[Run | Broken]:
        raws = self.encoding.split(data)
        if len(data) <= self.limit or max(map(len, raws)) <= self.limit:
            yield _run(data, raws, start, number)
            return
        kept: list[bytes] = []
        for raw in raws:
            if len(raw) <= self.limit:
                kept.append(raw)
                continue
            if kept:
                yield (run := _run(b"".join(kept), kept, start, number))
                start, number, kept = run.ends[-1], number + len(kept), []
            stretch = Stretch(number=number, start=start, limit=self.limit)
            stretch.add(raw)
            yield stretch.too_long()
            start, number = start + len(raw), number + 1
        if kept:
            yield _run(b"".join(kept), kept, start, number)

    def _long_line(self, data: bytes, start: int, number: int) -> tuple[Broken, bytes]:
        """The line that begins with `data`, read to its end without keeping it; and what was read behind its end."""
        stretch, place = Stretch(number=number, start=start, limit=self.limit), start
        while True:
            final = place + len(data) >= self.file.size
            cut = self.encoding.first(data, final=final) or (len(data) if final else 0)
            if cut:
                stretch.add(data[:cut])
                return stretch.too_long(), data[cut:]
            keep = max(0, len(data) - 4 & ~3)  # a line end may be cut in two, and so may a character
            stretch.add(data[:keep])
            place, data = place + keep, data[keep:]
            data += self.file.read(place + len(data), self.chunk)


def _run(data: bytes, raws: list[bytes], start: int, number: int) -> Run:
    ends = list(accumulate(map(len, raws), initial=start))
    del ends[0]
    return Run(data=data, raws=raws, start=start, ends=ends, number=number)


def plain_text(run: Run, encoding: Encoding) -> str | None:
    """The lines as one text in which each ends with a line feed, or None if not all of it is text."""
    try:
        text = encoding.text(run.data)
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


class Stretch:
    """Bytes of a broken record as they are passed over: all of them while they fit, their digest in any case."""

    def __init__(self, *, number: int, start: int, limit: int) -> None:
        self._number = number
        self._start = self._end = start
        self._limit = limit
        self._most = max(limit, PREFIX)
        self._digest = hashlib.sha256()
        self._parts: list[bytes] = []

    def add(self, raw: bytes) -> None:
        """Some more of it."""
        fitted = self._end - self._start <= self._most
        self._digest.update(raw)
        self._end += len(raw)
        if self._end - self._start <= self._most:
            self._parts.append(raw)
        elif fitted:
            self._parts = [b"".join([*self._parts, raw])[:PREFIX]]

    def broken(self, *, shape: Shape, reason: str) -> Broken:
        """What was passed over, as one broken record."""
        prefix = b"".join(self._parts)
        return Broken(
            number=self._number,
            start=self._start,
            end=self._end,
            prefix=prefix,
            digest=self._digest.hexdigest(),
            reason=reason,
            shape=shape,
            whole=len(prefix) == self._end - self._start,
        )

    def too_long(self) -> Broken:
        """The same, because no record may be as long as that."""
        found = self._end - self._start
        reason = f"longer than a record may be: {found:,} bytes, and {self._limit:,} are allowed"
        return self.broken(shape=Shape.TOO_LONG, reason=reason)


def line_number(file: OpenFile, encoding: Encoding, place: int) -> int:
    """The number of the line that begins at that byte."""
    number, at, length = 1, 0, 1024 * 1024
    while at < place:
        data = file.read(at, min(length, place - at))
        cut = len(data) if at + len(data) >= place else (encoding.cut(data, final=False) or max(0, len(data) - 4 & ~3))
        number += encoding.count(data[:cut])
        at += cut
    return number

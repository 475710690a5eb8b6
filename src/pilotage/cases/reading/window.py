"""The lines of a CSV file that are in hand, and as many more as one record may need."""

from collections.abc import Iterator
from dataclasses import dataclass

from pilotage.cases.reading.encodings import Encoding, why_not_text
from pilotage.cases.reading.lines import Run, Stretch
from pilotage.cases.reading.values import Broken, Shape


@dataclass(frozen=True, kw_only=True, slots=True)
class Flaw:
    """What is wrong with the characters of one line."""

    shape: Shape
    reason: str


class Window:
    """Lines by index, 0 being the first in hand. Only `drop` forgets any, so that an index holds until then."""

    def __init__(self, pieces: Iterator[Run | Broken], encoding: Encoding, limit: int) -> None:
        self._pieces = pieces
        self._encoding = encoding
        self._limit = limit
        self._raws: list[bytes] = []
        self._ends: list[int] = []
        self._start = 0
        self._number = 0
        self._flaws: dict[int, Flaw] = {}
        self.texts: list[str] = []
        self.behind: Broken | None = None
        """A line longer than a record may be, which stands directly behind the lines in hand."""

    def next_piece(self) -> Run | Broken | None:
        """The next piece of the file, past this window; only when no line is in hand."""
        if self.behind is not None:
            piece, self.behind = self.behind, None
            return piece
        return next(self._pieces, None)

    def load(self, run: Run) -> None:
        """Take these lines in hand, behind those that are."""
        if not self.texts:
            self._start, self._number = run.start, run.number
        self._raws += run.raws
        self._ends += run.ends
        try:
            self._encoding.text(run.data)
        except UnicodeDecodeError:
            self._load_broken(run)
        else:
            self.texts += map(self._encoding.text, run.raws)
            if b"\0" in run.data:
                self._note_nuls(run)

    def text(self, index: int, *, since: int) -> str | None:
        """Line `index` of the record that begins with line `since`; None past the file's end or the record's limit."""
        while index >= len(self.texts):
            if self._too_far(len(self.texts) - 1, since) or not self.more():
                return None
        return None if self._too_far(index, since) else self.texts[index]

    def more(self) -> bool:
        """Take another piece of the file in hand; False when there is none, or when it is a line beyond all measure."""
        if self.behind is not None:
            return False
        piece = next(self._pieces, None)
        if isinstance(piece, Run):
            self.load(piece)
            return True
        self.behind = piece
        return False

    def drop(self, lines: int) -> None:
        """Forget the first lines."""
        self._start = self.start_of(lines)
        self._number += lines
        del self._raws[:lines], self._ends[:lines], self.texts[:lines]
        if self._flaws:
            self._flaws = {number: flaw for number, flaw in self._flaws.items() if number >= self._number}

    def start_of(self, index: int) -> int:
        """The byte at which that line begins."""
        return self._ends[index - 1] if index else self._start

    def number_of(self, index: int) -> int:
        """The number of that line in the file."""
        return self._number + index

    def raw(self, index: int) -> bytes:
        """The line's bytes."""
        return self._raws[index]

    def flaw(self, index: int, lines: int) -> Flaw | None:
        """What is wrong with the characters of these lines, or None."""
        if not self._flaws:
            return None
        for number in range(self._number + index, self._number + index + lines):
            if (flaw := self._flaws.get(number)) is not None:
                return flaw if lines == 1 else Flaw(shape=flaw.shape, reason=f"line {number}: {flaw.reason}")
        return None

    def broken(self, index: int, lines: int, *, shape: Shape, reason: str) -> Broken:
        """These lines as one broken record."""
        stretch = Stretch(number=self.number_of(index), start=self.start_of(index), limit=self._limit)
        for raw in self._raws[index : index + lines]:
            stretch.add(raw)
        return stretch.broken(shape=shape, reason=reason)

    def _too_far(self, index: int, since: int) -> bool:
        return self._ends[index] - self.start_of(since) > self._limit

    def _load_broken(self, run: Run) -> None:
        for place, raw in enumerate(run.raws):
            reason = why_not_text(raw, self._encoding)
            if reason is not None:
                self._flaws[run.number + place] = Flaw(shape=Shape.WRONG_ENCODING, reason=reason)
            self.texts.append(self._encoding.text_of_broken(raw))
        self._note_nuls(run)

    def _note_nuls(self, run: Run) -> None:
        for place, text in enumerate(self.texts[-len(run.raws) :]):
            column = text.find("\0") + 1
            if column:
                reason = f"a NUL byte at character {column}: no text holds one, so that the file may be damaged"
                self._flaws.setdefault(run.number + place, Flaw(shape=Shape.NUL_BYTE, reason=reason))

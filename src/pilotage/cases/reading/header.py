"""The first line of a CSV file: what separates the columns, what they are called, and what to say if it is no header."""

import difflib
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from pilotage.cases.reading.encodings import Encoding, why_not_text
from pilotage.cases.reading.errors import (
    ColumnsMissing,
    HeaderMissing,
    HeaderRepeats,
    HeaderUnreadable,
    SourceEmpty,
    WrongDelimiter,
    WrongEncoding,
)
from pilotage.cases.reading.files import HEAD
from pilotage.cases.reading.lines import LineReader
from pilotage.cases.reading.quoting import Row, one_line, read_row
from pilotage.cases.reading.values import Broken
from pilotage.cases.reading.window import Window

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 20
_NUMBER = re.compile(r"\s*[-+]?\d[\d.,' ]*%?\s*")
_YEAR = re.compile(r"\s*(?:19|20)\d\d\s*")
_SAID = re.compile(r"sep=(.)[\r\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What the beginning of the file says about the rest. `end` is the byte at which the first record may begin."""

    columns: tuple[str, ...]
    delimiter: str
    end: int


def read_header(lines: LineReader, *, delimiter: str | None, expects: AbstractSet[str] | None) -> Header:
    """The header of the file, whose lines are read from the start."""
    path = lines.file.path
    if delimiter is not None:
        _check_delimiter(delimiter)
    window = Window(iter(lines), lines.encoding, lines.limit)
    at = _first_line(window, path)
    said = _SAID.fullmatch(window.texts[at])
    if said is not None:  # Excel's own way of saying it, in a line before the header
        delimiter = delimiter or said.group(1)
        at = _first_line(window, path, at + 1)
    _refuse_broken_text(window, at, lines.encoding, path)
    rows = {each: _row(window, at, each) for each in ((delimiter,) if delimiter else DELIMITERS)}
    good = {each: row for each, row in rows.items() if row is not None}
    if not good:
        what = f"The first line of {path.name} cannot be read as column names: a quote in it is not closed."
        raise HeaderUnreadable(what, "Close or remove the quote in the first line.")
    best = max(good, key=lambda each: _fitness(window, at, each, good[each], expects))
    columns = name_columns(good[best].values, path=path, expects=expects)
    return Header(columns=columns, delimiter=best, end=window.start_of(at + good[best].lines))


def name_columns(
    cells: Sequence[str], *, path: Path, expects: AbstractSet[str] | None, place: str = "first line"
) -> tuple[str, ...]:
    """The columns' names; a column without one is called by its place. Raises when these are no names."""
    names = [cell.strip() for cell in cells]
    if not any(names):
        raise HeaderMissing(f"The {place} of {path.name} holds no column names.", _write_names(expects))
    number = next((each for each in names if _NUMBER.fullmatch(each) and not _YEAR.fullmatch(each)), None)
    if expects is None and number is not None:
        what = f'The {place} of {path.name} looks like data and not like column names: it holds "{number}".'
        raise HeaderMissing(what, _write_names(expects))
    named = tuple(each or f"column {place}" for place, each in enumerate(names, 1))
    _refuse_repeats(named, path, place)
    if expects is not None and (missing := sorted(expects - set(named))):
        _refuse_missing(named, missing, expects, path, place)
    return named


def _refuse_repeats(names: tuple[str, ...], path: Path, place: str) -> None:
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        where = "; ".join(
            f'"{each}" (columns {", ".join(str(at) for at, name in enumerate(names, 1) if name == each)})'
            for each in twice
        )
        what = f"The {place} of {path.name} names columns more than once: {where}."
        raise HeaderRepeats(what, "Give each column a name of its own.")


def _refuse_missing(
    names: tuple[str, ...], missing: list[str], expects: AbstractSet[str], path: Path, place: str
) -> None:
    found = ", ".join(names)
    if not expects & set(names) and any(_NUMBER.fullmatch(each) for each in names):
        what = f"The {place} of {path.name} looks like data and not like column names: {_short(found)}."
        raise HeaderMissing(what, _write_names(expects))
    what = f"{path.name} has no column {', '.join(missing)}. It has: {_short(found)}."
    plain = {_plain(each): each for each in names if each not in expects}
    near: list[str] = []
    for each in missing:
        close = difflib.get_close_matches(_plain(each), plain, n=1, cutoff=0.75)
        near += [f'rename "{plain[close[0]]}" to "{each}"'] if close else []
    if len(names) == 1 and len(expects) > 1:
        remedy = "Only one column was found: if something else than , ; tab or | separates them, say --delimiter."
    elif near:
        remedy = f"In its {place}: {'; '.join(near)}."
    else:
        remedy = f"Add what is missing; if the {place} holds no names at all, write them above it."
    raise ColumnsMissing(what, remedy)


def _write_names(expects: AbstractSet[str] | None) -> str:
    named = f" ({', '.join(sorted(expects))})" if expects else ""
    return f"Write the columns' names{named} as its first line, separated like the data."


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _short(text: str) -> str:
    return text if len(text) <= 300 else f"{text[:300]} ..."


def _check_delimiter(delimiter: str) -> None:
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        what = f"{delimiter!r} cannot separate columns: it has to be one character, and neither a quote nor a line end."
        raise WrongDelimiter(what, 'Say for example --delimiter ";", or leave it out: , ; tab and | are recognised.')


def _first_line(window: Window, path: Path, at: int = 0) -> int:
    """The index of the first line that is not blank."""
    while True:
        while at >= len(window.texts):
            if not window.more():
                _refuse_no_line(window.behind, path)
        if window.texts[at].strip():
            return at
        at += 1


def _refuse_no_line(behind: Broken | None, path: Path) -> None:
    if behind is not None:
        what = f"The first line of {path.name} cannot be the column names: it is {behind.reason}."
        raise HeaderUnreadable(what, "Look whether it is a CSV file at all, and whether its line ends were lost.")
    raise SourceEmpty(f"{path.name} holds nothing but blank lines.", "Look whether what wrote it has failed.")


def _refuse_broken_text(window: Window, at: int, encoding: Encoding, path: Path) -> None:
    reason = why_not_text(window.raw(at), encoding)
    if reason is not None:
        what = f"The first line of {path.name} cannot be read: {reason}."
        raise WrongEncoding(what, "Say the file's encoding with --encoding, or save it as UTF-8.")
    if "\0" in window.texts[at]:
        what = f"The first line of {path.name} holds a NUL byte, so that it is no text."
        raise HeaderUnreadable(what, "Look whether it is a CSV file at all, and whether it was written to its end.")


def _row(window: Window, at: int, delimiter: str) -> Row | None:
    row = read_row(partial(window.text, since=at), at, delimiter)
    return row if isinstance(row, Row) and (row.clean or row.lines == 1) else None


def _fitness(
    window: Window, at: int, delimiter: str, row: Row, expects: AbstractSet[str] | None
) -> tuple[int, bool, int, int]:
    """How well this delimiter explains the file: expected names first, then rows of the same width, then the width."""
    names = {each.strip() for each in row.values}
    hits = len(names & expects) if expects else 0
    width = len(row.values)
    rows = agreeing = 0
    for line in _sample(window, at + row.lines):
        alone = read_row(one_line(line), 0, delimiter)
        rows += 1
        agreeing += isinstance(alone, Row) and len(alone.values) == width
    convincing = width > 1 and agreeing * 2 >= rows
    return (
        hits,
        convincing,
        width if convincing or not rows else 0,
        -DELIMITERS.index(delimiter) if delimiter in DELIMITERS else 0,
    )


def _sample(window: Window, at: int) -> list[str]:
    """Some lines behind the header that are in hand anyway; those within a quoted field do no harm, being few."""
    return [line for line in islice(window.texts, at, at + SAMPLE) if line.strip() and len(line) < HEAD]

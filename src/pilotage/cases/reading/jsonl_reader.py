"""Objects out of a JSONL file: one on each line."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import count
from json import JSONDecodeError
from json.decoder import JSONDecoder
from typing import NoReturn, cast

from pilotage.cases.reading.encodings import Encoding, holds_broken_text, why_not_text
from pilotage.cases.reading.lines import LineReader, Run, Stretch, plain_text
from pilotage.cases.reading.values import Broken, Item, Record, Shape

MAX_DEPTH = 100
_SPACE = " \t\r\n"
_OPENING = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
_NAMES: dict[type[object], str] = {
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
}
_PLAIN_WORDS = {
    "Expecting value": "a value is expected",
    "Expecting property name enclosed in double quotes": "a key in double quotes is expected",
    "Expecting ':' delimiter": "a colon is expected",
    "Expecting ',' delimiter": "a comma or the end of the list or object is expected",
    "Illegal trailing comma before end of object": "a comma stands before the closing brace",
    "Illegal trailing comma before end of array": "a comma stands before the closing bracket",
    "Unterminated string starting at": "a text begins that is not closed",
    "Invalid control character at": "a control character stands in a text",
    "Extra data": "the object ends before the line does",
}


class Unfit(Exception):
    """What speaks against an object: the kind of fault, and words."""

    def __init__(self, shape: Shape, reason: str) -> None:
        self.shape = shape
        self.reason = reason


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise Unfit(Shape.DUPLICATE_KEY, f'the key "{_short(twice)}" stands twice in one object')
    return found


def _constant(name: str) -> NoReturn:
    raise Unfit(Shape.NOT_A_NUMBER, f"{name} is no number in JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if number - number != 0:
        raise Unfit(Shape.NOT_A_NUMBER, f"{_short(digits)} is larger than a number can be")
    return number


def _int(digits: str) -> int:
    try:
        return int(digits)
    except ValueError as error:  # Python refuses to turn thousands of digits into a number: it takes too long
        raise Unfit(Shape.NOT_A_NUMBER, f"{_short(digits)} has {len(digits):,} digits") from error


def _short(digits: str) -> str:
    return digits if len(digits) <= 20 else f"{digits[:20]}..."


_DECODER = JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
# The part of it that is written in C: the object, and the place after it. No public name leads there without a detour.
_SCAN = cast("Callable[[str, int], tuple[object, int]]", _DECODER.scan_once)  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
_EXACT_DECODER = JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int)


class JsonlReader:
    """Reads the lines as objects. `blank` counts the empty lines that were passed over."""

    def __init__(self, lines: LineReader) -> None:
        self._lines = lines
        self._encoding = lines.encoding
        self.blank = 0

    def __iter__(self) -> Iterator[list[Item]]:
        for piece in self._lines:
            yield [piece] if isinstance(piece, Broken) else self._items(piece)

    def _items(self, run: Run) -> list[Item]:
        text = plain_text(run, self._encoding)
        lines = [""] * len(run.raws) if text is None else text.split("\n")  # an empty line is looked at closely
        scan = _SCAN
        items: list[Item] = []
        start = run.start
        for number, line, end in zip(count(run.number), lines, run.ends, strict=False):
            try:
                fields, stop = scan(line, 0)
            except (ValueError, StopIteration, RecursionError, Unfit):
                plain, fields = False, None
            else:
                plain = stop == len(line) and type(fields) is dict and "\\u" not in line and _is_flat(line)
            if plain:
                items.append(Record(number, start, end, cast("dict[str, object]", fields)))
            else:
                items += self._looked_at(run.raws[number - run.number], number, start, end)
            start = end
        return items

    def _looked_at(self, raw: bytes, number: int, start: int, end: int) -> list[Item]:
        """A line that is not plainly an object: an object all the same, or why it is none, or nothing if it is blank."""
        try:
            line = _text_on(raw, self._encoding)
            if not line.strip(_SPACE):
                self.blank += 1
                return []
            return [Record(number, start, end, object_on(line))]
        except Unfit as unfit:
            stretch = Stretch(number=number, start=start, limit=self._lines.limit)
            stretch.add(raw)
            return [stretch.broken(shape=unfit.shape, reason=unfit.reason)]


def _text_on(raw: bytes, encoding: Encoding) -> str:
    reason = why_not_text(raw, encoding)
    if reason is not None:
        raise Unfit(Shape.WRONG_ENCODING, reason)
    return encoding.text(raw).rstrip(_SPACE)


def object_on(line: str) -> dict[str, object]:
    """The object on that line, or Unfit with the first thing that speaks against it."""
    nul = line.find("\0") + 1
    if nul:
        raise Unfit(
            Shape.NUL_BYTE, f"a NUL byte at character {nul}: no text holds one, so that the file may be damaged"
        )
    if (deep := too_deep(line)) is not None:
        raise Unfit(Shape.TOO_DEEP, f"nested more than {MAX_DEPTH} deep, at character {deep}")
    try:
        value = cast("object", _EXACT_DECODER.decode(line))
    except JSONDecodeError as error:
        words = _PLAIN_WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
        raise Unfit(Shape.NOT_JSON, f"not JSON: {words}, at character {error.pos + 1}") from error
    if not isinstance(value, dict):
        name = "null" if value is None else _NAMES[type(value)]
        raise Unfit(Shape.NOT_AN_OBJECT, f"{name} and not an object")
    found = cast("dict[str, object]", value)
    if "\\u" in line:
        _refuse_no_text(json.dumps(found, ensure_ascii=False))
    return found


def _refuse_no_text(text: str) -> None:
    if holds_broken_text(text):
        raise Unfit(Shape.NOT_TEXT, "a text holds one half of a surrogate pair, which is no character")
    if "\\u0000" in text.replace("\\\\", ""):
        raise Unfit(Shape.NOT_TEXT, "a text holds the NUL character, which no database keeps")


def _is_flat(line: str) -> bool:
    return len(line) < 2 * MAX_DEPTH or line.count("[") + line.count("{") <= MAX_DEPTH


def too_deep(line: str) -> int | None:
    """Where the text opens more brackets within each other than any record needs, or None."""
    if _is_flat(line):
        return None
    depth = 0
    for found in _OPENING.finditer(line):
        if found.group() in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return found.start() + 1
        elif found.group() in "]}":
            depth -= 1
    return None

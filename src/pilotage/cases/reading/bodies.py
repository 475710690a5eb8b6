"""Records out of one request: an object, a list of objects, or an object on each line."""

from collections.abc import Iterator
from dataclasses import dataclass
from json.decoder import JSONDecoder
from typing import Final, Literal, TypeAlias

from pilotage.cases.reading.encodings import NarrowEncoding, why_not_text
from pilotage.cases.reading.jsonl_reader import Unfit, object_on, too_deep
from pilotage.cases.reading.values import Shape

Carried: TypeAlias = Literal["json", "lines"]
_SPACE: Final = " \t\r\n"
_ANY: Final = JSONDecoder()
_UTF8: Final = NarrowEncoding(name="utf-8")


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One record of a request, or why it is none."""

    fields: dict[str, object] | None
    original: bytes
    reason: str | None = None
    shape: str | None = None


def parts_of(body: bytes, form: Carried) -> list[Part]:
    """Every record of a request. A body that cannot be taken apart is one part that is no record."""
    try:
        text = _text(body)
        if form == "lines":
            return [_part(line) for line in text.split("\n") if line.strip(_SPACE)]
        if text.lstrip(_SPACE).startswith("["):
            return [_part(text[start:end]) for start, end in _elements(text)]
    except Unfit as unfit:
        return [_unfit(body, unfit)]
    return [_part(text)]


def no_record(body: bytes) -> Part:
    """A whole body in which there is no record, such as an empty list: malformed, and kept as it came."""
    return _unfit(body, Unfit(Shape.NO_RECORD, "no record is in it"))


def _text(body: bytes) -> str:
    if (reason := why_not_text(body, _UTF8)) is not None:
        raise Unfit(Shape.WRONG_ENCODING, reason)
    return body.decode()


def _part(text: str) -> Part:
    try:
        return Part(fields=object_on(text.strip(_SPACE)), original=text.encode())
    except Unfit as unfit:
        return _unfit(text.encode(), unfit)


def _unfit(original: bytes, unfit: Unfit) -> Part:
    reason = unfit.reason[:1].upper() + unfit.reason[1:] + "."
    return Part(fields=None, original=original, reason=reason, shape=unfit.shape.value)


def _elements(text: str) -> Iterator[tuple[int, int]]:
    """Where each element of a list begins and ends. Raises Unfit where the text is no list."""
    if (deep := too_deep(text)) is not None:
        raise Unfit(Shape.TOO_DEEP, f"nested too deep, at character {deep}")
    place = _after_space(text, text.index("[") + 1)
    if text[place : place + 1] == "]":
        return _end(text, place)
    while True:
        try:
            _, end = _ANY.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise Unfit(Shape.NOT_JSON, f"not JSON, at character {place + 1} or behind it") from error
        yield place, end
        place = _after_space(text, end)
        if text[place : place + 1] == "]":
            return _end(text, place)
        if text[place : place + 1] != ",":
            raise Unfit(
                Shape.NOT_JSON, f"not JSON: a comma or the end of the list is expected, at character {place + 1}"
            )
        place = _after_space(text, place + 1)


def _end(text: str, place: int) -> None:
    if text[place + 1 :].strip(_SPACE):
        raise Unfit(Shape.NOT_JSON, f"not JSON: more follows the list, at character {place + 2}")


def _after_space(text: str, place: int) -> int:
    while text[place : place + 1] in _SPACE and place < len(text):
        place += 1
    return place

"""Reading what a model wrote: one JSON object of the asked form, and quotes that are really there. Pure.

Nothing is guessed and nothing is mended: what does not hold is said, and the model is asked once more.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from pilotage.models.errors import NotValid

_FENCE: Final = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[nrt])")


def object_in(content: str, fields: Iterable[str]) -> Mapping[str, object]:
    """The one JSON object, with exactly these fields. Raises NotValid."""
    fenced = _FENCE.match(content)
    try:
        data: object = json.loads(
            fenced[1] if fenced else content, object_pairs_hook=_each_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError):
        raise NotValid("The answer is no JSON, or says one thing twice.") from None
    if not isinstance(data, dict):
        raise NotValid("The answer is no JSON object.")
    found, wanted = cast("dict[str, object]", data), set(fields)
    if found.keys() - wanted:
        raise NotValid("The answer has fields that nobody asked for.")
    if missing := sorted(wanted - found.keys()):
        raise NotValid(f"The answer has no {missing[0]}.")
    return found


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_number(text: str) -> object:
    raise ValueError(text)


def missing(quotes: Iterable[str], data: Mapping[str, str]) -> str | None:
    """The first quote that stands in none of the texts, blanks and case folded; None where all do."""
    texts = [folded(text) for text in data.values()]
    return next((quote for quote in quotes if not any(folded(quote) in text for text in texts)), None)


def folded(text: str) -> str:
    """A text as quotes are compared: in lower case, with single blanks."""
    return " ".join(text.casefold().split())


def unescaped(quote: str) -> str:
    """A quote as it stands in the text, where the model copied the JSON of it."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else " ", quote)

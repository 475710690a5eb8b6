"""What the answer of a model's server says that it took, in the forms in which such servers say it. Pure.

OpenAI and those who speak as it does: `usage` with prompt_tokens and completion_tokens, or input_tokens and output_tokens;
Anthropic: `usage` with input_tokens and output_tokens, and what its cache took beside them. A stream has it in some of its
events, counted up.
"""

import json
from collections.abc import Generator, Mapping
from typing import Final, cast

from pilotage.authoring.asking import Price

_MILLION: Final = 1_000_000
_INWARD: Final = (("prompt_tokens",), ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"))
_OUTWARD: Final = (("completion_tokens",), ("output_tokens",))
_AROUND: Final = ("message", "response")
"""What an event of a stream may wrap it in."""


def used_in(answer: object, *, reserve: Mapping[str, float], price: Price | None) -> Mapping[str, float]:
    """How much of what was reserved the answer says was used, by unit; a unit of which it says nothing is left out."""
    tokens = tokens_in(answer) if isinstance(answer, bytes) else None
    if tokens is None:
        return {}
    inward, outward = tokens
    used = {"tokens": float(inward + outward)}
    if price is not None:
        used["USD"] = (float(price.input) * inward + float(price.output) * outward) / _MILLION
    return {unit: amount for unit, amount in used.items() if unit in reserve}


def tokens_in(body: bytes) -> tuple[int, int] | None:
    """Tokens in and out, or None where the answer does not say it."""
    said = [found for event in _events(body) if (found := _usage(event)) is not None]
    inward, outward = (_most(said, names) for names in (_INWARD, _OUTWARD))
    return None if inward is None or outward is None else (inward, outward)


def _events(body: bytes) -> Generator[Mapping[str, object]]:
    lines = body.splitlines() if body.lstrip()[:1] != b"{" else [body]
    for line in lines:
        text = line.removeprefix(b"data:").strip()
        if not text.startswith(b"{"):
            continue
        try:
            yield cast("Mapping[str, object]", json.loads(text))
        except (ValueError, RecursionError):
            continue


def _usage(event: Mapping[str, object]) -> Mapping[str, object] | None:
    for place in (event, *(event.get(name) for name in _AROUND)):
        found = cast("Mapping[str, object]", place).get("usage") if isinstance(place, dict) else None
        if isinstance(found, dict):
            return cast("Mapping[str, object]", found)
    return None


def _most(said: list[Mapping[str, object]], names: tuple[tuple[str, ...], ...]) -> int | None:
    """The largest number that any event has under the names of one form."""
    found = [sum(_number(one.get(name)) for name in form) for one in said for form in names if form[0] in one]
    return max(found, default=None)


def _number(value: object) -> int:
    return max(0, value) if isinstance(value, int) and not isinstance(value, bool) else 0

"""How places, states and failures look on the pages of cases, and texts from outside as they can be read safely. Pure."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pilotage.cases.values import EffectState, Place
from pilotage.connections.values import Heard

MARKS: Final[Mapping[str, str]] = {
    Place.READY.value: "passing",
    Place.MOVING.value: "passing",
    Place.WAITING.value: "passing",
    Place.WITH_PEOPLE.value: "attention",
    Place.DEAD_LETTER.value: "broken",
    Place.HANDED_OVER.value: "well",
    Place.DONE.value: "well",
    Place.WITHDRAWN.value: "empty",
}
"""The mark beside a place."""
STATES: Final[Mapping[str, tuple[str, str]]] = {
    EffectState.PLANNED.value: ("passing", "certainly not sent"),
    EffectState.SENDING.value: ("passing", "may be on its way now"),
    EffectState.CONFIRMED.value: ("well", "the other side did it"),
    EffectState.REFUSED.value: ("broken", "known not to be done"),
    EffectState.UNKNOWN.value: ("unknown", "it may have been done"),
    EffectState.UNDOING.value: ("passing", "being taken back"),
    EffectState.UNDONE.value: ("empty", "taken back"),
    EffectState.UNDO_REFUSED.value: ("broken", "the other side does not take it back"),
    EffectState.UNDO_UNKNOWN.value: ("unknown", "it may have been taken back"),
}
"""The mark beside a state of an effect, and what it means."""
_LOOKS: Final[Mapping[str, str]] = {
    Heard.DOWN.value: "down",
    Heard.DIFFERS.value: "differs",
    Heard.REFUSED.value: "refused",
    Heard.THROTTLED.value: "throttled",
}
_SEEN: Final = frozenset("\n\t")


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """The word of a failure with its look; the look says nothing that the word does not."""

    text: str
    look: str


def failure(word: str) -> Word | None:
    """How it looks; None for no word."""
    return Word(text=word, look=_LOOKS.get(word, "other")) if word else None


def visible(text: str) -> str:
    """Text from outside with the signs that nobody sees written out, those too that turn the direction of what follows."""
    return "".join(_shown(sign) for sign in text)


def _shown(sign: str) -> str:
    hidden = unicodedata.category(sign) in {"Cc", "Cf", "Co", "Cs"} and sign not in _SEEN
    return f"\\u{ord(sign):04x}" if hidden else sign

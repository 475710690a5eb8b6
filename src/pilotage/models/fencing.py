"""Text from outside as data: in a message of its own, as JSON, without what nobody can see. Pure.

A text cannot leave its string: JSON escapes quotes and line ends. `<` and the brackets of a chat's own marks are escaped as
well, because some servers read <|im_end|> or [INST] in a text as the end of a message. What no person would see (tags, signs
that turn the direction, spaces of no width) is left out, so that the model reads what people read.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

_UNSEEN: Final = re.compile(
    "[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
_MARKS: Final = re.compile(r"[<>]|\[(?=/?[A-Z_]{3,20}\])")


def seen(text: str) -> str:
    """The text as a person sees it: without signs that nobody can see."""
    return _UNSEEN.sub("", text)


def unseen(text: str) -> int:
    """How many signs of a text nobody can see."""
    return len(_UNSEEN.findall(text))


def fenced(data: Mapping[str, str]) -> str:
    """The data as the one JSON object that goes to the model."""
    text = json.dumps({"data": {name: seen(value) for name, value in data.items()}}, ensure_ascii=False)
    return _MARKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

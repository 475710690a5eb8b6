"""The collection of tickets that try to be more than data."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PADDING: Final = "It has a picture of a lighthouse on it, and the lighthouse is white. " * 9


@dataclass(frozen=True, kw_only=True)
class Injection:
    """A ticket, and what a model answers that obeys it."""

    name: str
    text: str
    obeys: str
    allowed: bool = False


def injections() -> list[Injection]:
    """All of them."""
    data = tomllib.loads(Path(__file__).with_name("injections.toml").read_text(encoding="utf-8"))
    return [Injection(**one | {"text": one["text"].replace("@PADDING@", _PADDING)}) for one in data["ticket"]]

"""The phrases of `phrases.toml`: topics, what customers say about them, and how a phrase becomes a sentence."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random

from pilotage.examples.tickets.contracts import Team

LANGUAGES = ("en", "de", "es", "fr")
_CHOICE = re.compile(r"\(([^()]*)\)")
_NAME = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Something that customers write about; `team` is None for what none of the teams answers."""

    team: Team | None
    products: Sequence[str]
    phrases: Mapping[str, Sequence[str]]
    vague: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PhraseBook:
    """All topics, and the lists that fill the names in a phrase."""

    topics: Sequence[Topic]
    fills: Mapping[str, Mapping[str, Sequence[str]]]

    def say(self, phrase: str, language: str, chance: Random) -> str:
        """One sentence out of the many that a phrase stands for."""
        own = self.fills.get(language, {})
        text = _CHOICE.sub(lambda found: chance.choice(found[1].split("|")), phrase)
        text = _NAME.sub(lambda found: chance.choice(own.get(found[1]) or self.fills["en"][found[1]]), text)
        return " ".join(text.split())


@cache
def phrase_book() -> PhraseBook:
    """The phrases that ship with the example."""
    content = tomllib.loads(files("pilotage.examples.tickets").joinpath("phrases.toml").read_text(encoding="utf-8"))
    fills = {language: content.get("fill" if language == "en" else f"fill_{language}", {}) for language in LANGUAGES}
    topics = tuple(
        Topic(
            team=Team(entry["team"]) if "team" in entry else None,
            products=tuple(entry["products"]),
            phrases={language: tuple(entry.get(language, ())) for language in LANGUAGES},
            vague=tuple(entry.get("vague", ())),
        )
        for entry in content["topic"]
    )
    return PhraseBook(topics=topics, fills=fills)

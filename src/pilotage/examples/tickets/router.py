"""Guess which team answers a text, from the words it is made of.

The router counts words, pairs of words and parts of words, weighs them by how rare they are and adds up what each
speaks for; `train.py` learned the weights from labelled requests. Its file is plain JSON: it can be read, compared and
loaded without running anything that stands in it.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import Self, TypedDict

import numpy as np
import numpy.typing as npt

FORMAT = 1
OUTSIDE = "(none of the teams)"
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
_PART_LENGTHS = (3, 4, 5)
_LONGEST_WORD = 30
_TEXTS_AT_ONCE = 128
_WORDS_REMEMBERED = 50_000

Numbers = npt.NDArray[np.float64]


class RouterFile(TypedDict):
    """What stands in `router.json`. A feature's weights are in the order of `labels`."""

    format: int
    trained_on: str
    labels: list[str]
    temperature: float
    bias: list[float]
    features: list[str]
    rarity: list[float]
    weights: list[list[float]]


@dataclass(frozen=True, kw_only=True)
class Guess:
    """What the router makes of one text: the likeliest team, how sure it is, and the words that speak for it.

    `known_words` stand in the text exactly as they are here, the ones that speak most for the label first.
    """

    label: str
    confidence: float
    known_words: list[str]
    others: dict[str, float]
    outside: bool


class Router:
    """A linear classifier of texts with a label for "none of these"; it guesses thousands of texts a second."""

    def __init__(self, file: RouterFile, /) -> None:
        self.labels = file["labels"]
        self.trained_on = file["trained_on"]
        self._number = {feature: number for number, feature in enumerate(file["features"])}
        self._rarity: Numbers = np.array(file["rarity"], dtype=np.float64)
        self._weights: Numbers = np.array(file["weights"], dtype=np.float64).reshape(-1, len(self.labels))
        self._bias: Numbers = np.array(file["bias"], dtype=np.float64)
        self._temperature = file["temperature"]
        self._teams = [number for number, label in enumerate(self.labels) if label != OUTSIDE]
        self._outside = self.labels.index(OUTSIDE) if OUTSIDE in self.labels else None
        self._parts: dict[str, tuple[int, ...]] = {}

    @classmethod
    def load(cls, file: Path) -> Self:
        """Read what `train.py` wrote."""
        content: RouterFile = json.loads(file.read_text(encoding="utf-8"))
        if content.get("format") != FORMAT:
            raise ValueError(
                f"{file} has the form {content.get('format')!r} and this router reads form {FORMAT}: "
                "train it again with `python -m pilotage.examples.tickets.train`."
            )
        return cls(content)

    def guess(self, texts: Sequence[str]) -> list[Guess]:
        """A guess for each text, in order; what stands beside a text makes no difference to its guess."""
        blocks = (texts[start : start + _TEXTS_AT_ONCE] for start in range(0, len(texts), _TEXTS_AT_ONCE))
        return [guess for block in blocks for guess in self._guess_block(block)]

    def _guess_block(self, texts: Sequence[str]) -> Iterator[Guess]:
        written = [words_of(text) for text in texts]
        lowered = [[word.lower() for word in words] for words in written]
        chances = self._chances([self._features(words) for words in lowered])
        for words, lower, chance in zip(written, lowered, chances, strict=True):
            order = sorted(self._teams, key=lambda label: -float(chance[label]))
            best = order[0]
            yield Guess(
                label=self.labels[best],
                confidence=round(float(chance[best]), 4),
                known_words=self._speaking_for(best, words, lower),
                others={self.labels[other]: round(float(chance[other]), 4) for other in order[1:3]},
                outside=self._outside is not None and bool(chance[self._outside] > chance[best]),
            )

    def _features(self, words: list[str]) -> list[int]:
        known = set(chain.from_iterable(map(self._of_word, set(words))))
        known.update(number for pair in pairs_of(words) if (number := self._number.get(pair)) is not None)
        return sorted(known)

    def _of_word(self, word: str) -> tuple[int, ...]:
        found = self._parts.get(word)
        if found is None:
            if len(self._parts) >= _WORDS_REMEMBERED:
                self._parts.clear()
            names = (word, *parts_of(word))
            found = tuple(number for name in names if (number := self._number.get(name)) is not None)
            self._parts[word] = found
        return found

    def _chances(self, features: list[list[int]]) -> Numbers:
        sums: Numbers = np.tile(self._bias, (len(features), 1))
        filled = [row for row, numbers in enumerate(features) if numbers]
        if filled:
            flat = np.fromiter(chain.from_iterable(features), dtype=np.int64)
            starts = np.cumsum([0, *(len(features[row]) for row in filled[:-1])])
            rarity = self._rarity[flat]
            length = np.sqrt(np.add.reduceat(rarity * rarity, starts))
            sums[filled] += np.add.reduceat(self._weights[flat] * rarity[:, None], starts) / length[:, None]
        sums /= self._temperature
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def _speaking_for(self, label: int, words: list[str], lowered: list[str]) -> list[str]:
        voices: dict[str, tuple[float, str]] = {}
        for written, lower in zip(words, lowered, strict=True):
            number = self._number.get(lower)
            if number is not None and lower not in voices:
                voices[lower] = (float(self._weights[number, label] * self._rarity[number]), written)
        ordered = sorted(voices.values(), key=lambda voice: -voice[0])
        return [written for voice, written in ordered if voice > 0] or [written for _, written in ordered]


def words_of(text: str) -> list[str]:
    """The words of a text as they are written."""
    return _WORD.findall(text)


def pairs_of(words: Sequence[str]) -> Iterator[str]:
    """Neighbouring words; the beginning and the end of the text are neighbours too."""
    return (f"{left} {right}" for left, right in pairwise(("^", *words, "$")))


def parts_of(word: str) -> Iterator[str]:
    """Pieces of a word, so that a typing slip or an ending does not hide it; `#` tells them from words."""
    framed = f"<{word[:_LONGEST_WORD]}>"
    for length in _PART_LENGTHS:
        for start in range(len(framed) - length + 1):
            yield f"#{framed[start : start + length]}"


def features_of(text: str) -> set[str]:
    """Everything that the router can see in a text."""
    words = [word.lower() for word in words_of(text)]
    return {*words, *pairs_of(words), *chain.from_iterable(map(parts_of, words))}

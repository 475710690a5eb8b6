"""What a model is asked, as plain values: what the author's face hands to whoever asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from pilotage.authoring.limits import at_least_one

STATED: Final = "stated by the model"
"""The measure of a confidence that is no probability."""
Verb = Literal["classify", "extract", "summarise", "draft"]
Answers = Literal["schema", "json", "text"]


@dataclass(frozen=True, slots=True)
class Price:
    """What a model costs, in USD for a million tokens: `Price(input=0.25, output=2)`; `Price(input=0, output=0)` is free."""

    input: float | Decimal = field(kw_only=True)
    output: float | Decimal = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Confidence from asking several times: of n answers k agree, which is (k + 1) / (n + 2).

    So three that agree are 80 %, and no number of answers is ever 100 %. An answer that does not hold agrees with none.
    """

    answers: int = 3

    def __post_init__(self) -> None:
        at_least_one(f"Agreement({self.answers})", "answers", self.answers)


@dataclass(frozen=True, slots=True)
class Probability:
    """Confidence from the probabilities that the server gives for the signs of the answer. Where it gives none, it abstains."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Confidence as the model states it. It is no probability: text from outside can ask for any number."""


Confidence: TypeAlias = Agreement | Probability | Stated


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptText:
    """What a prompt's file says."""

    version: int
    fields: tuple[str, ...]
    """The names of the data that go along."""
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedModel:
    """A model as it is asked."""

    name: str
    connection: str
    budget: bool
    """The connection counts money, so a model without a price is not asked."""
    timeout: float | None
    price: Price | None
    answers: Answers
    most_tokens: int
    limit_as: str
    temperature: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """One question about each of some items, with everything that is needed to ask it."""

    verb: Verb
    models: tuple[AskedModel, ...]
    """The model, and those that are asked where it gives nothing that holds, in order."""
    at_once: int
    into: object
    """A type, or the labels themselves."""
    prompt: PromptText
    prompt_name: str
    at_most: int
    """Signs of data that are asked about at most."""
    items: tuple[Mapping[str, str], ...]
    quotes: bool
    confidence: Confidence | None
    """None: what is written has no confidence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """One model that was asked for one judgement: what became of it, and what it took."""

    model: str
    prompt: str
    version: int
    became: str
    """In a word: answered, timed out, not valid ..."""
    calls: int = 0
    uncounted: int = 0
    """Calls of which it is not known what they took: no answer came, or one that does not say it."""
    tokens_in: int = 0
    tokens_out: int = 0
    money: Decimal | None = None
    """In USD; None: the price is not known. It is not zero."""
    measure: str | None = None
    """What the confidence is: agreement of 3, a probability, stated by the model."""
    masked: bool = False
    """The value of a secret stood in what the model was to read, and was taken out first."""

    def plain(self) -> dict[str, object]:
        """As plain JSON data."""
        return {
            "model": self.model,
            "prompt": self.prompt,
            "version": self.version,
            "became": self.became,
            "calls": self.calls,
            "uncounted": self.uncounted,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "money": None if self.money is None else str(self.money),
            "currency": "USD",
            "measure": self.measure,
            "masked": self.masked,
        }

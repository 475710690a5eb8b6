"""Models: what a judging step may ask of a language model, and what becomes of the answer.

The declaration is data. The running step's surroundings ask: the answer is checked against the contract and the source, and
where it does not hold the step abstains.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias, cast, overload

from pydantic import BaseModel
from typing_extensions import TypeVar

from pilotage.authoring.asking import Agreement, Answers, AskedModel, Confidence, Inquiry, Price, Verb
from pilotage.authoring.codes import finding
from pilotage.authoring.connection import Connection
from pilotage.authoring.failures import Failure
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.judgements import Judgement
from pilotage.authoring.limits import at_least_one
from pilotage.authoring.location import here
from pilotage.authoring.ports import Asker, surroundings
from pilotage.authoring.prompts import Prompt
from pilotage.authoring.settings import UsedOutside
from pilotage.authoring.spans import span

T = TypeVar("T")
L = TypeVar("L")
M = TypeVar("M", bound=BaseModel)
Data: TypeAlias = "str | Mapping[str, str]"
_SEVERAL: Final = Agreement()


class Model:
    """A language model behind a connection that speaks the chat completions of OpenAI.

    Where it gives nothing that holds, `fallback` is asked, and where there is none the step abstains: a person decides.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        through: Connection,
        fallback: "Model | None" = None,
        timeout: timedelta | str | None = None,
        price: Price | None = None,
        answers: Answers = "schema",
        at_once: int = 8,
        most_tokens: int = 1024,
        limit_as: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens",
        temperature: float | None = None,
    ) -> None:
        self.name = name
        self.line = here()
        place = f"Model {name}"
        at_least_one(place, "at_once", at_once)
        at_least_one(place, "most_tokens", most_tokens)
        if not name.strip():
            raise DefinitionError(finding("PLT-176", place="Model", line=self.line))
        self.through = through
        self.fallback = fallback
        """Who is asked where this one gives nothing that holds."""
        self.timeout = None if timeout is None else span(timeout, place=place, line=self.line)
        """How long one call may take, waiting for the connection's limits included; None: what the connection allows."""
        self.price = price
        """None: the price list that comes with Pilotage."""
        self.answers: Answers = answers
        """How the server is told the form of an answer: by a schema, that it is JSON, or in words alone."""
        self.at_once = at_once
        """How many of a batch are asked about at the same time."""
        self.most_tokens = most_tokens
        self.limit_as = limit_as
        self.temperature = temperature

    @property
    def chain(self) -> "tuple[Model, ...]":
        """The model and those that are asked after it, in order."""
        return (self, *(() if self.fallback is None else self.fallback.chain))

    @overload
    async def classify(
        self,
        items: list[T],
        /,
        *,
        into: type[L] | Sequence[L],
        prompt: Prompt,
        text: Callable[[T], Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> list[Judgement[L] | Failure]: ...
    @overload
    async def classify(
        self,
        item: T,
        /,
        *,
        into: type[L] | Sequence[L],
        prompt: Prompt,
        text: Callable[[T], Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> Judgement[L]: ...
    async def classify(
        self,
        asked: object,
        /,
        *,
        into: object,
        prompt: Prompt,
        text: Callable[..., Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> object:
        """Which of some labels it is: those of an Enum or bool, or the labels themselves. With the words that say so."""
        return await self._ask("classify", asked, into, prompt, text, quotes=quotes, confidence=confidence)

    @overload
    async def extract(
        self,
        items: list[T],
        /,
        *,
        into: type[M],
        prompt: Prompt,
        text: Callable[[T], Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> list[Judgement[M] | Failure]: ...
    @overload
    async def extract(
        self,
        item: T,
        /,
        *,
        into: type[M],
        prompt: Prompt,
        text: Callable[[T], Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> Judgement[M]: ...
    async def extract(
        self,
        asked: object,
        /,
        *,
        into: type[BaseModel],
        prompt: Prompt,
        text: Callable[..., Data],
        quotes: bool = True,
        confidence: Confidence = _SEVERAL,
    ) -> object:
        """What stands in the text, as a model: each field that is not its default with the words that it was read from."""
        return await self._ask("extract", asked, into, prompt, text, quotes=quotes, confidence=confidence)

    @overload
    async def summarise(
        self, items: list[T], /, *, into: type[M], prompt: Prompt, text: Callable[[T], Data]
    ) -> list[Judgement[M] | Failure]: ...
    @overload
    async def summarise(
        self, item: T, /, *, into: type[M], prompt: Prompt, text: Callable[[T], Data]
    ) -> Judgement[M]: ...
    async def summarise(
        self, asked: object, /, *, into: type[BaseModel], prompt: Prompt, text: Callable[..., Data]
    ) -> object:
        """The text in fewer words, as a model with texts. It has the confidence 0: a person looks at it."""
        return await self._ask("summarise", asked, into, prompt, text, quotes=False, confidence=None)

    @overload
    async def draft(
        self, items: list[T], /, *, into: type[M], prompt: Prompt, text: Callable[[T], Data]
    ) -> list[Judgement[M] | Failure]: ...
    @overload
    async def draft(self, item: T, /, *, into: type[M], prompt: Prompt, text: Callable[[T], Data]) -> Judgement[M]: ...
    async def draft(
        self, asked: object, /, *, into: type[BaseModel], prompt: Prompt, text: Callable[..., Data]
    ) -> object:
        """A text that answers, as a model with texts. It has the confidence 0: a person looks at it."""
        return await self._ask("draft", asked, into, prompt, text, quotes=False, confidence=None)

    async def _ask(
        self,
        verb: Verb,
        asked: object,
        into: object,
        prompt: Prompt,
        text: Callable[..., Data],
        *,
        quotes: bool,
        confidence: Confidence | None,
    ) -> object:
        asker = self._asker()
        several = isinstance(asked, list)
        items = cast("list[object]", asked) if several else [asked]
        inquiry = Inquiry(
            verb=verb,
            models=tuple(each.asked for each in self.chain),
            at_once=self.at_once,
            into=into if isinstance(into, type) else _labels(into),
            prompt=prompt.value,
            prompt_name=prompt.file,
            at_most=prompt.at_most,
            items=tuple(_data(text(item)) for item in items),
            quotes=quotes,
            confidence=confidence,
        )
        answered = await asker.ask(inquiry)
        if several:
            return answered
        (answer,) = answered
        if isinstance(answer, Failure):
            raise answer
        return answer

    @property
    def asked(self) -> AskedModel:
        """The same as plain values."""
        return AskedModel(
            name=self.name,
            connection=self.through.name,
            budget=any(limit.of == "USD" for limit in self.through.limits),
            timeout=None if self.timeout is None else self.timeout.seconds,
            price=self.price,
            answers=self.answers,
            most_tokens=self.most_tokens,
            limit_as=self.limit_as,
            temperature=self.temperature,
        )

    def _asker(self) -> Asker:
        around = surroundings.get()
        if around is None:
            what = f"Model {self.name}"
            raise UsedOutside(what)
        return around.asker

    def __repr__(self) -> str:
        return f"Model({self.name!r})"


def _data(said: Data) -> Mapping[str, str]:
    return {"text": said} if isinstance(said, str) else dict(said)


def _labels(into: object) -> object:
    return tuple(cast("Sequence[object]", into)) if isinstance(into, list | tuple) else into

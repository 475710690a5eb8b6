"""What a judging step answers: a value with confidence and evidence, or that it does not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Never, cast

from typing_extensions import TypeVar

from pilotage.authoring.asking import Use
from pilotage.authoring.plan import Codec
from pilotage.kernel.errors import PilotageError

V_co = TypeVar("V_co", covariant=True)


class NotAConfidence(PilotageError):
    """A judging step gave a confidence that is none."""

    code: ClassVar[str] = "PLT-145"


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence: words that must be found in the record, or in its field `of`."""

    text: str
    of: str | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Note:
    """Evidence: a remark."""

    text: str


class Judgement(Generic[V_co]):
    """A value with confidence and evidence, or, made by `abstain`, the reason why there is none."""

    def __init__(
        self,
        value: V_co,
        /,
        *,
        confidence: float,
        evidence: Sequence[Quote | Note] = (),
        alternatives: Mapping[V_co, float] | None = None,
    ) -> None:
        self._value = value
        self._confidence = _confidence(confidence)
        self._abstained: str | None = None
        self.evidence: tuple[Quote | Note, ...] = tuple(evidence)
        self.alternatives: tuple[tuple[V_co, float], ...] = tuple(
            (other, _confidence(chance)) for other, chance in (alternatives or {}).items()
        )
        self.asked: tuple[Use, ...] = ()
        """The language models that were asked for it, in order, and what each took."""

    @property
    def value(self) -> V_co:
        """What was judged. Raises ValueError for a judgement that abstained."""
        if self._abstained is not None:
            msg = f"There is no value: the step abstained ({self._abstained})"
            raise ValueError(msg)
        return self._value

    @property
    def confidence(self) -> float:
        """How sure the step is, from 0 to 1; 0 where it abstained."""
        return self._confidence

    @property
    def abstained(self) -> str | None:
        """Why there is no value, or None where there is one."""
        return self._abstained

    def doubted(self, reason: str, /) -> "Judgement[V_co]":
        """The same without its value: what a cross-check finds wrong with it, for a person who sees the evidence too."""
        doubted: Judgement[V_co] = abstain(reason)
        doubted.evidence, doubted.asked = self.evidence, self.asked
        return doubted

    def plain(self, codec: Codec) -> dict[str, object]:
        """The judgement as plain JSON data; `codec` is that of the judged value."""
        evidence = [
            {"quote": seen.text, "of": seen.of} if isinstance(seen, Quote) else {"note": seen.text}
            for seen in self.evidence
        ]
        asked = {"asked": [use.plain() for use in self.asked]} if self.asked else {}
        if self._abstained is not None:
            return {"abstained": self._abstained, "evidence": evidence, **asked}
        return {
            "value": codec.encode(self._value),
            "confidence": self._confidence,
            "evidence": evidence,
            "alternatives": [[codec.encode(value), chance] for value, chance in self.alternatives],
            **asked,
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Judgement):
            return NotImplemented
        return _parts(self) == _parts(cast("Judgement[object]", other))

    __hash__ = None  # type: ignore[assignment]  # values may be models, which have no hash

    def __repr__(self) -> str:
        if self._abstained is not None:
            return f"abstain({self._abstained!r})"
        return f"Judgement({self._value!r}, confidence={self._confidence:g})"


def abstain(reason: str, /) -> Judgement[Never]:
    """The answer of a step that does not know."""
    return _abstained(reason, ())


def judgement_from(data: Mapping[str, object], codec: Codec) -> Judgement[object]:
    """The judgement that `plain` wrote."""
    evidence = tuple(_evidence(seen) for seen in cast("Sequence[Mapping[str, str | None]]", data.get("evidence", ())))
    reason = data.get("abstained")
    if reason is not None:
        return _abstained(str(reason), evidence)
    judgement: Judgement[object] = Judgement(
        codec.decode(data["value"]), confidence=cast("float", data["confidence"]), evidence=evidence
    )
    pairs = cast("Sequence[tuple[object, float]]", data.get("alternatives", ()))
    judgement.alternatives = tuple((codec.decode(value), chance) for value, chance in pairs)
    return judgement


def _abstained(reason: str, evidence: tuple[Quote | Note, ...]) -> Judgement[Never]:
    judgement: Judgement[Never] = Judgement(cast("Never", None), confidence=0.0, evidence=evidence)
    judgement._abstained = reason  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the one other way to make one
    return judgement


def _evidence(seen: Mapping[str, str | None]) -> Quote | Note:
    if "note" in seen:
        return Note(str(seen["note"]))
    return Quote(str(seen["quote"]), of=seen.get("of"))


def _parts(judgement: Judgement[object]) -> tuple[object, ...]:
    value = None if judgement.abstained is not None else judgement.value
    return (value, judgement.confidence, judgement.abstained, judgement.evidence, judgement.alternatives)


def _confidence(value: float) -> float:
    number = float(value)
    if not 0.0 <= number <= 1.0:
        msg = f"A step judged with the confidence {number:g}."
        raise NotAConfidence(msg, "Give a number between 0 and 1; 0.80 is eighty percent.")
    return number

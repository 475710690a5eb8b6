"""What cases ask of those who stand above them. Everything takes and returns lists."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pilotage.cases.values import Question
from pilotage.machinery.storage.database import Tx


class Decisions(Protocol):
    """Who takes the questions that a person must settle (the inbox)."""

    def ask(self, tx: Tx, questions: Sequence[Question], now: int) -> None:
        """Write the questions in the caller's transaction: a case's place and its decision are one commit."""
        ...

    def drop(self, tx: Tx, cases: Sequence[int], now: int, why: str) -> None:
        """The cases no longer need an answer: they were withdrawn or are replayed."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A judgement that would like to act alone."""

    node: str
    confidence: float
    above: float | None
    """The author's threshold; None: a person is always asked."""
    segments: str | None


class Autonomy(Protocol):
    """How far judgements are trusted (certificates; until there are some, the author's threshold)."""

    def route(self, automation: str, release: str, claims: Sequence[Claim]) -> list[bool]:
        """For each claim whether it may go on alone."""
        ...


class AuthorsThreshold:
    """Trust as the author declared it: alone at and above the threshold."""

    def route(self, automation: str, release: str, claims: Sequence[Claim]) -> list[bool]:
        """True where the confidence reaches the threshold."""
        del automation, release
        return [claim.above is not None and claim.confidence >= claim.above for claim in claims]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What another subject knows of a case: a table, the same as data, and what to do about it."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    data: Sequence[Mapping[str, object]]
    hint: str = ""


PartOfCase: TypeAlias = Callable[[Tx, int], Part]


class Releases(Protocol):
    """Which release new cases begin on."""

    def assign(self, automation: str, count: int) -> list[str]:
        """The release for each of `count` new cases of the automation."""
        ...

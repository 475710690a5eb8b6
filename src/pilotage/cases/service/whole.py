"""All that anybody knows of one case at a moment: what the command line, the page and the API tell in their own ways."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from pilotage.cases.ports import Part, PartOfCase
from pilotage.cases.service.finding import Known, known, look_up
from pilotage.cases.store import responses
from pilotage.cases.store.responses import Found
from pilotage.cases.telling import sentence
from pilotage.connections.values import Heard
from pilotage.machinery.cli.data import is_list, is_object
from pilotage.machinery.storage.database import Database

_DAY: Final = 86_400_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One attempt that did not end as it should, or of which nobody knows."""

    at: int
    node: str
    connection: str
    attempt: int
    word: str
    """Down, answers differently, refused us or throttled; empty where the other side was not the reason."""
    said: str
    """What is known of it, in a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What language models took for one case."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    money: Decimal | None = Decimal(0)
    """In USD; None where nobody knows the price of one of them."""

    def as_data(self) -> Mapping[str, object]:
        """The same for a program."""
        return {
            "calls": self.calls,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "money": None if self.money is None else str(self.money),
            "currency": "USD",
        }


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A case with what every subject knows of it."""

    known: Known
    parts: Sequence[Part]
    """What the subjects above the cases know."""
    said: Sequence[Found]
    """What other sides said to calls that failed, as long as it is kept."""
    failures: Sequence[Failure]
    spent: Spent
    keep: float
    """Days for which an answer is kept."""

    def kept_until(self, one: Found) -> int:
        """When an answer goes."""
        return one.at + int(self.keep * _DAY)


def read_whole(
    database: Database, text: str, automation: str | None = None, *, parts: Sequence[PartOfCase], keep: float
) -> Whole:
    """The case that an id or a key names. Raises NoSuchCase (PLT-201)."""
    with database.snapshot() as tx:
        number = look_up(tx, text, automation)
        found = known(tx, number, database.now(tx))
        return Whole(
            known=found,
            parts=[part(tx, number) for part in parts],
            said=responses.of_case(tx, number),
            failures=list(_failures(found)),
            spent=_spent(found.judgements),
            keep=keep,
        )


def word_of(words: str, connection: str) -> str:
    """The word of a failure out of its sentence, "books: refused us. POST /entries: ...": empty where it is none of them."""
    said = words.removeprefix(f"{connection}: ")
    if said == words:
        return ""
    return next((one.value for one in Heard if said.startswith(f"{one.value}.")), "")


def _failures(found: Known) -> Iterator[Failure]:
    """The attempts of its effects that were not confirmed, out of the timeline, which keeps every one."""
    for entry in found.timeline:
        for event in entry.story:
            if len(event) < 7 or event[0] != "effect" or event[2] == "confirmed":
                continue
            node, _, _, connection, attempt, words = event[1:7]
            yield Failure(
                at=entry.at,
                node=str(node),
                connection=str(connection),
                attempt=attempt if isinstance(attempt, int) else 0,
                word=word_of(str(words or ""), str(connection)),
                said=sentence(event),
            )


def _spent(judgements: Mapping[str, Mapping[str, object]]) -> Spent:
    asked = [one.get("asked") for one in judgements.values()]
    uses = [use for some in asked if is_list(some) for use in some if is_object(use)]
    money = [_money(use.get("money")) for use in uses]
    return Spent(
        calls=sum(_number(use.get("calls")) for use in uses),
        tokens_in=sum(_number(use.get("tokens_in")) for use in uses),
        tokens_out=sum(_number(use.get("tokens_out")) for use in uses),
        money=None if None in money else sum((one for one in money if one is not None), Decimal(0)),
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _money(value: object) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None

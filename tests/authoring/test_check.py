"""What `pilotage check` finds beyond the definitions."""

from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.authoring.checking import check
from pilotage.authoring.codes import CODES, SECTIONS
from pilotage.authoring.reference import errors_page
from tests.authoring.programs import Order, Price, automation, by_ship, lead, price, said, send


def found(*automations: Any, **more: Any) -> list[str]:
    """The findings of a check in words."""
    return [said(each) for each in check(automations, **more)]


# -- the examples of rules ---------------------------------------------------------------------------------------------


def with_rule(**more: Any) -> Any:
    """A rule that takes one off, and an automation with it."""

    @pl.rule(source=lead, reason="So.", confirmed="2026-01-31", **more)
    def cheaper(price: Price) -> Price:
        return Price(amount=price.amount - 1)

    return cheaper, automation(price, cheaper, send)


TWO, ONE = Price(amount=Decimal(2)), Price(amount=Decimal(1))


def test_an_example_that_does_not_hold() -> None:
    """PLT-154 says what the rule gives, what was expected, and as of which day."""
    rule, made = with_rule()
    rule.example(TWO).gives(ONE)
    rule.example(TWO).on("2026-12-01").changes_nothing()
    assert found(made) == [
        (
            "PLT-154 example 2 of cheaper: gives Price(amount=Decimal('1')), expected Price(amount=Decimal('2'))"
            " (as of 2026-12-01). > Correct the rule or the example."
        )
    ]


def test_an_example_that_raises() -> None:
    """PLT-154: what a rule raises is what the example gives."""

    @pl.rule(source=lead, reason="So.", confirmed="2026-01-31")
    def broken(price: Price) -> Price:
        raise ZeroDivisionError("no")

    broken.example(TWO).gives(ONE)
    (text,) = found(automation(price, broken, send))
    assert text.startswith("PLT-154 example 1 of broken: gives ZeroDivisionError('no'), expected Price")


def test_an_example_that_does_not_say_enough() -> None:
    """PLT-157: what the scope reads, and the day of a season, belong to the example."""
    rule, made = with_rule(scope=by_ship)
    rule.example(TWO).gives(ONE)
    rule.example(TWO).given(Order(id="1")).changes_nothing()
    assert found(made) == [
        "PLT-157 example 1 of cheaper: the example does not say an Order, which the rule's scope reads. > Add .given(Order(...))."
    ]
    rule, made = with_rule(season=pl.Season.quarter(4))
    rule.example(TWO).gives(ONE)
    assert found(made) == [
        'PLT-157 example 1 of cheaper: the example does not say on which day it is so. > Add .on("2026-12-01").'
    ]


# -- settings ----------------------------------------------------------------------------------------------------------


def test_settings_of_an_environment() -> None:
    """PLT-163 and PLT-165: the texts of an environment are read before anything runs."""
    desk = pl.Connection("desk", base_url=pl.Setting("desk-url"))
    size = pl.Setting("size", int, default=3)

    made = automation(pl.act(through=desk, undo=pl.CannotUndo("Gone."))(_tell(size)), gives=pl.HandedOver)
    assert found(made) == []
    assert found(made, settings={"desk-url": "https://desk.example"}) == []
    assert found(made, settings={"size": "many"}, environment="test") == [
        (
            "PLT-165 Setting desk-url: is not set in test and has no default."
            " > Set DESK_URL in test, or give the Setting a default."
        ),
        'PLT-163 Setting size: "many" is no int. > Correct SIZE in test.',
    ]


def _tell(size: pl.Setting[int]) -> Any:
    async def tell(order: Order) -> pl.HandedOver:
        """Read a setting."""
        assert size.value
        return pl.HandedOver()

    return tell


# -- automations that meet ---------------------------------------------------------------------------------------------


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class More(Enum):
    RED = "red"
    GREEN = "green"


class Line(BaseModel):
    name: str


class Dated(BaseModel):
    name: str
    day: int


class Theirs(BaseModel):
    """What the other side takes."""

    id: str
    colour: Colour
    size: float | None = None
    lines: list[Line] = Field(default_factory=list)


class Exact(BaseModel):
    """What a side takes that takes nothing else."""

    model_config = {"extra": "forbid"}
    id: str


def sender(fields: dict[str, Any], name: str = "taker", version: int = 1) -> Any:
    """An automation that hands over a type with these fields."""
    ours = type("Ours", (BaseModel,), {"__annotations__": fields, "__module__": __name__, "__doc__": None})
    hand_over = pl.HandOver(to=pl.Receiver(name, takes=ours, version=version), accepted_within="1h", then=lead)
    return automation(hand_over, takes=ours, gives=pl.HandedOver, name="giver", key=lambda each: each.id)


def taker(takes: type[BaseModel], version: int = 1) -> Any:
    """An automation that takes a type."""

    def end(given: Any) -> pl.HandedOver: ...

    end.__annotations__["given"] = takes
    return automation(pl.compute(end), takes=takes, gives=pl.HandedOver, name="taker", version=version)


RIGHT: dict[str, Any] = {"id": str, "colour": Colour}


@pytest.mark.parametrize(
    "fields",
    [
        RIGHT,
        {"id": str, "colour": Literal["red"]},
        {**RIGHT, "size": int},
        {**RIGHT, "size": int | None},
        {**RIGHT, "more": int},
        {**RIGHT, "lines": list[Dated]},
        {"id": str, "colour": Literal["red", "blue"], "lines": list[Line]},
    ],
)
def test_contracts_that_meet(fields: dict[str, Any]) -> None:
    """Types of one's own need not be the same: what is sent must be takeable."""
    assert found(sender(fields), taker(Theirs)) == []


@pytest.mark.parametrize(
    ("fields", "difference", "hint"),
    [
        ({"colour": Colour, "ident": str}, "id is missing here", "add id, or let it have a default there"),
        ({**RIGHT, "id": int}, "id has another type there", "give id the same type on both sides"),
        ({**RIGHT, "id": str | None}, "id has another type there", "give id the same type on both sides"),
        ({**RIGHT, "colour": More}, "colour has another type there", "give colour the same type on both sides"),
        ({**RIGHT, "colour": str}, "colour has another type there", "give colour the same type on both sides"),
        ({**RIGHT, "size": str}, "size has another type there", "give size the same type on both sides"),
        ({**RIGHT, "lines": list[str]}, "lines has another type there", "give lines the same type on both sides"),
        ({**RIGHT, "lines": list[Exact]}, "lines has another type there", "give lines the same type on both sides"),
    ],
)
def test_contracts_that_do_not_meet(fields: dict[str, Any], difference: str, hint: str) -> None:
    """PLT-172 names the field, and what would make it fit."""
    assert found(sender(fields), taker(Theirs)) == [
        (
            f"PLT-172 giver › HandOver to taker version 1: the two contracts do not meet: {difference}."
            f" > Compatible change: {hint}; else agree on version 2 with lead."
        )
    ]


def test_a_side_that_takes_nothing_else() -> None:
    """PLT-172 for a field that is not known there."""
    assert found(sender({"id": str, "note": str}), taker(Exact)) == [
        (
            "PLT-172 giver › HandOver to taker version 1: the two contracts do not meet: note is not known there."
            " > Compatible change: leave note out of what is sent; else agree on version 2 with lead."
        )
    ]


def test_another_version() -> None:
    """PLT-172 where the versions differ."""
    assert found(sender(RIGHT), taker(Theirs, version=2)) == [
        (
            "PLT-172 giver › HandOver to taker version 1: the two contracts do not meet: taker is at version 2."
            " > Take over what changed in version 2, and write version=2."
        )
    ]


def test_a_receiver_that_nobody_knows() -> None:
    """PLT-171 is a warning: it may be released elsewhere."""
    (warning,) = check([sender(RIGHT, name="takre"), taker(Theirs)])
    assert warning.warning
    assert said(warning) == (
        "PLT-171 giver › HandOver to takre: no automation of that name is known; near: taker."
        " > Correct the name, or release takre first."
    )
    assert found(sender(RIGHT), known=[taker(Theirs)]) == []


def test_two_automations_of_one_name() -> None:
    """PLT-182."""
    first, second = taker(Theirs), taker(Theirs)
    (text,) = found(first, second)
    assert text.startswith("PLT-182 taker: two automations are called taker (tests/authoring/programs.py:")


def test_one_connection_in_two_automations() -> None:
    """PLT-162 counts across the automations of a project."""
    texts = []
    for timeout in ("1s", "2s"):
        desk = pl.Connection("desk", base_url="https://desk.example", timeout=timeout)
        step = pl.act(through=desk, undo=pl.CannotUndo("Gone."))(_tell(pl.Setting("size", int, default=1)))
        texts.append(automation(step, gives=pl.HandedOver, name=f"with-{timeout}"))
    assert found(*texts) == [
        "PLT-162 Connection desk: is declared twice with different timeout. > Import it from one place."
    ]


# -- all of them -------------------------------------------------------------------------------------------------------


def test_the_examples_are_right(examples: dict[str, ModuleType]) -> None:
    """The three examples have nothing to correct, their rules' examples included."""
    names = {"leads_ingest": "ingest", "leads_score": "score", "leads_route": "route", "leads_outreach": "outreach"}
    automations = [getattr(module, names.get(package, package)) for package, module in examples.items()]
    assert check(automations) == []


def test_every_code_has_its_words() -> None:
    """A code stands once, in order, and says what to do."""
    codes = [code for section in SECTIONS.values() for code in section]
    assert codes == sorted(set(codes))
    assert all(words.message and words.remedy for words in CODES.values())


def test_every_code_is_shown_by_a_test() -> None:
    """A code without a wrong program that it refuses is no promise."""
    folder = Path(__file__).parent
    texts: Sequence[str] = [file.read_text(encoding="utf-8") for file in folder.glob("test_*.py")]
    assert [code for code in CODES if not any(code in text for text in texts)] == []


def test_the_reference_page_is_what_the_words_say() -> None:
    """The page is never edited by hand: `python -m pilotage.authoring.reference` writes it."""
    page = Path(__file__).parents[2] / "docs" / "reference" / "errors-definition.md"
    assert page.read_text(encoding="utf-8") == errors_page()
    assert all(f"**{code}**" in errors_page() for code in CODES)

"""A value of a contract becomes plain JSON data and comes back as it was, whatever pydantic lets a contract be."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, computed_field

import pilotage as pl
from pilotage.authoring.codecs import codec_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Inner(BaseModel):
    label: pl.Open[Colour]
    level: Level | None = None


class Strict(BaseModel):
    """Takes no text for a date, but in JSON."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    day: date
    at: datetime
    hour: time
    amount: Decimal
    long: timedelta
    colour: Colour
    flag: bool
    kind: Literal["a", "b", 3]
    id: UUID
    number: float
    parts: tuple[Inner, ...]
    words: dict[str, list[int]]
    maybe: int | None = None


class Aliased(BaseModel):
    """Read under the name of the outside, kept under ours."""

    model_config = ConfigDict(extra="forbid")

    amount: Decimal = Field(alias="Betrag")
    unit: str = Field(validation_alias="Einheit", default="EUR")

    @computed_field
    def doubled(self) -> Decimal:
        return self.amount * 2


class Cat(BaseModel):
    kind: Literal["cat"] = "cat"
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    name: str


class Pet(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


@dataclass(frozen=True)
class Point:
    x: int
    y: Decimal


Sku = NewType("Sku", str)

moments = st.datetimes(timezones=st.just(UTC))
decimals = st.decimals(allow_nan=False, allow_infinity=False, places=4)
numbers = st.floats(allow_nan=False)
unknowns = st.builds(pl.Unknown, st.text(min_size=1).filter(lambda text: text not in {"red", "blue"}))
labels = st.sampled_from(Colour) | unknowns
inners = st.builds(Inner, label=labels, level=st.none() | st.sampled_from(Level))
stricts = st.builds(
    Strict,
    day=st.dates(),
    at=moments,
    hour=st.times(),
    amount=decimals,
    long=st.timedeltas(min_value=timedelta(-999), max_value=timedelta(999)),
    colour=st.sampled_from(Colour),
    flag=st.booleans(),
    kind=st.sampled_from(["a", "b", 3]),
    id=st.uuids(),
    number=numbers,
    parts=st.lists(inners, max_size=2).map(tuple),
    words=st.dictionaries(st.text(), st.lists(st.integers()), max_size=2),
    maybe=st.none() | st.integers(),
)
aliased = st.builds(lambda amount, unit: Aliased(Betrag=amount, Einheit=unit), decimals, st.text())  # type: ignore[call-arg]
contracts: list[tuple[object, st.SearchStrategy[object]]] = [
    (Strict, stricts),
    (Aliased, aliased),
    (Colour, st.sampled_from(Colour)),
    (Level, st.sampled_from(Level)),
    (bool, st.booleans()),
    (Literal["a", "b", 3], st.sampled_from(["a", "b", 3])),
    (pl.Open[Colour], labels),
    (Pet, st.builds(Pet, pet=st.builds(Cat, lives=st.integers()) | st.builds(Dog, name=st.text()))),
    (Point, st.builds(Point, st.integers(), decimals)),
    (Sku, st.text()),
    (pl.Approved[Strict], st.builds(pl.Approved, stricts, st.lists(st.text()).map(tuple))),
    (pl.Collected[Inner], st.builds(pl.Collected, st.lists(inners, max_size=3))),
    (
        pl.Collected[pl.Approved[Colour]],
        st.builds(pl.Collected, st.lists(st.builds(pl.Approved, st.sampled_from(Colour)))),
    ),
    (pl.HandedOver, st.just(pl.HandedOver())),
    (Strict | None, st.none() | stricts),
]


@settings(max_examples=25)
@given(st.data())
@pytest.mark.parametrize(("contract", "values"), contracts, ids=[str(contract) for contract, _ in contracts])
def test_what_is_encoded_comes_back(contract: object, values: st.SearchStrategy[object], data: st.DataObject) -> None:
    """`decode(encode(value)) == value`, through text or without, with one JSON library or another."""
    codec = codec_of(contract)
    value = data.draw(values)
    plain = codec.encode(value)
    assert codec.decode(plain) == value
    assert codec.decode(json.loads(json.dumps(plain))) == value
    assert codec.decode_text(json.dumps(plain)) == value
    assert codec.decode_text(codec.encode_text(value)) == value


@pytest.mark.parametrize(
    ("contract", "value"),
    [(Colour, "red"), (Strict, {"day": "2026-01-01"}), (pl.Open[Colour], 3), (bool, "yes")],
)
def test_a_value_of_another_contract_is_not_encoded(contract: object, value: object) -> None:
    """What a step gives is what it promised, or it is an error and not data."""
    with pytest.raises(ValueError):
        codec_of(contract).encode(value)


@pytest.mark.parametrize(
    ("contract", "text"),
    [
        (Colour, '"green"'),
        (Strict, "{}"),
        (pl.Open[Colour], '""'),
        (pl.Open[Colour], "3"),
        (bool, '"perhaps"'),
        (Inner, "{"),
    ],
)
def test_data_that_do_not_fit_are_not_decoded(contract: object, text: str) -> None:
    """A broken record is refused with pydantic's reasons."""
    with pytest.raises(ValidationError):
        codec_of(contract).decode_text(text)


def test_known_labels_stay_labels() -> None:
    """`Open` lets an unknown label in, and never takes a known one for unknown."""
    codec = codec_of(pl.Open[Colour])
    assert codec.decode("red") is Colour.RED
    assert codec.decode("green") == pl.Unknown("green")
    assert codec_of(Inner).decode({"label": "blue"}) == Inner(label=Colour.BLUE)


def test_a_record_is_read_by_alias_and_by_name() -> None:
    """What comes from outside has the alias; what was stored has the name."""
    codec = codec_of(Aliased)
    assert codec.decode({"Betrag": "1.5", "Einheit": "CHF"}) == codec.decode({"amount": "1.5", "unit": "CHF"})
    assert codec.encode(codec.decode({"Betrag": "1.5"})) == {"amount": "1.5", "unit": "EUR"}


def test_one_codec_for_each_contract() -> None:
    """Adapters are dear to make."""
    assert codec_of(Strict) is codec_of(Strict)
    unhashable: Any = Annotated[Strict, {"no": "hash"}]
    assert codec_of(unhashable).decode_text is not None


def test_approvals_are_stored_with_their_names() -> None:
    """The stored form is a promise: inbox and pages read it."""
    assert codec_of(pl.Approved[Colour]).encode(pl.Approved(Colour.RED, ("ann",))) == {"value": "red", "by": ["ann"]}
    assert codec_of(pl.Collected[Colour]).encode(pl.Collected([Colour.RED])) == ["red"]
    assert codec_of(pl.Collected[Colour]).decode(["red", "blue"]) == pl.Collected([Colour.RED, Colour.BLUE])


def test_the_schema_is_of_what_is_read() -> None:
    """Two automations compare what one sends with what the other reads."""
    schema = codec_of(Aliased).schema()
    assert schema["required"] == ["Betrag"]
    open_label: Any = codec_of(pl.Open[Colour]).schema()
    assert open_label["anyOf"][1] == {"type": "string", "minLength": 1, "title": "Unknown"}

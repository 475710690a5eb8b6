"""Reading a contract out of a text: every field that is found is quoted, and nothing is taken that was not asked for."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from pilotage.testing import FakeModel, Place, Platform, Question
from tests.models.desk import InvoiceFields, Letter, fields, letters, local, openai

LETTER = Letter(id="L1", text="Invoice INV-12 of 3 May\nTotal: 119.50 EUR\nDue on 2026-06-02, thank you.")
VALUE = {"number": "INV-12", "total": 119.5, "due": "2026-06-02", "paid": False}
QUOTES = {"number": "INV-12", "total": "119.50 EUR", "due": "due  ON 2026-06-02", "paid": None}


@pytest.fixture
def model() -> FakeModel:
    """The first model's server."""
    return FakeModel(openai)


@pytest.fixture
def platform(model: FakeModel) -> Iterator[Platform]:
    """A platform whose second model is down."""
    with Platform(letters, services=[model, FakeModel(local)]) as made:
        yield made


def test_what_stands_there_is_read(platform: Platform, model: FakeModel) -> None:
    """Blanks and case of a quote are folded; a field with its default needs none."""
    model.says(lambda question: {"value": VALUE, "quotes": QUOTES})
    case = platform.submit(letters, LETTER)
    platform.settle()
    assert case.place is Place.DONE, case.timeline
    read = InvoiceFields(number="INV-12", total=Decimal("119.5"), due=date(2026, 6, 2))
    assert case.output(fields) == read


def test_the_schema_is_strict(platform: Platform, model: FakeModel) -> None:
    """The server is told every field and no other, in a form that servers hold a model to."""
    platform.submit(letters, LETTER)
    platform.settle()
    how = model.questions[0].body["response_format"]["json_schema"]
    value = how["schema"]["properties"]["value"]
    assert (how["strict"], value["additionalProperties"]) == (True, False)
    assert value["required"] == ["number", "total", "due", "paid"]
    assert value["properties"]["number"] == {"type": "string"}  # its bounds are the contract's to check


@pytest.mark.parametrize(
    ("value", "quotes", "why"),
    [
        ({**VALUE, "iban": "DE00"}, QUOTES, "iban (extra forbidden)"),
        ({**VALUE, "total": -1}, QUOTES, "total (greater than equal)"),
        ({**VALUE, "number": "1"}, QUOTES, "number (string too short)"),
        ({**VALUE, "due": "soon"}, QUOTES, "due"),
        ({"number": "INV-12"}, QUOTES, "total (missing)"),
        ("INV-12", QUOTES, "does not fit its contract"),
        (VALUE, {**QUOTES, "total": None}, "Nothing is quoted for total"),
        (VALUE, {**QUOTES, "due": "Due on 2026-06-03"}, "What it quotes is not in the text"),
        ({**VALUE, "paid": True}, QUOTES, "Nothing is quoted for paid"),
        (VALUE, None, "The answer has no quotes"),
    ],
)
def test_what_does_not_hold_goes_to_people(
    platform: Platform, model: FakeModel, value: object, quotes: object, why: str
) -> None:
    """A field too many or too few, a value out of bounds, a quote that is not there: each with its reason."""
    model.says(lambda question: {"value": value, "quotes": quotes})
    small = platform.inner.surrounding.connections.services["local"]
    small.says(lambda question: {"value": value, "quotes": quotes})
    case = platform.submit(letters, LETTER)
    platform.settle()
    assert case.place is Place.WITH_PEOPLE, case.timeline
    assert why in case.decision.reason
    assert "INV" not in case.decision.reason  # the reason holds none of the text
    told: list[Question] = model.questions
    assert why.split("(", maxsplit=1)[0].strip() in str(told[1].body["messages"])


def test_a_quote_of_what_the_json_looks_like(platform: Platform, model: FakeModel) -> None:
    """A model that copies the escaped text means the text."""
    quotes = {**QUOTES, "number": "INV-12 of 3 May\\nTotal"}
    model.says(lambda question: {"value": VALUE, "quotes": quotes})
    case = platform.submit(letters, LETTER)
    platform.settle()
    assert case.place is Place.DONE

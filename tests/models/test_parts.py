"""The pure parts: schemas, confidence, prices, sums, the words of failures."""

import math
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.authoring.asking import Inquiry, PromptText
from pilotage.connections.errors import Refused
from pilotage.connections.values import RawResponse
from pilotage.models.chat import Sign
from pilotage.models.confidence import agreed, probability
from pilotage.models.errors import CannotBeAsked, NotValid
from pilotage.models.fencing import fenced, seen
from pilotage.models.forms import Said, form_of
from pilotage.models.pricing import known, money
from pilotage.models.reading import missing, object_in
from pilotage.models.schemas import strict
from pilotage.models.sorting import sorted_failure
from pilotage.models.values import Tokens, Took, total


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    text: str
    amount: Decimal = Field(ge=0)


class Order(BaseModel):
    number: str = Field(pattern="^A", max_length=5, alias="no")
    lines: list[Line] = Field(default_factory=list)
    colour: Colour | None = None
    size: Literal["s", "l"] = "s"


def test_a_strict_schema() -> None:
    """Every object needs all of its fields and takes no other; bounds, patterns and defaults stay with the contract."""
    schema, definitions = strict(Order)
    assert schema == {
        "type": "object",
        "properties": {
            "no": {"type": "string"},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
            "colour": {"anyOf": [{"$ref": "#/$defs/Colour"}, {"type": "null"}]},
            "size": {"type": "string", "enum": ["s", "l"]},
        },
        "required": ["no", "lines", "colour", "size"],
        "additionalProperties": False,
    }
    assert definitions["Colour"] == {"type": "string", "enum": ["red", "blue"]}
    assert definitions["Line"]["required"] == ["text", "amount"]


@pytest.mark.parametrize("kind", [dict[str, int], Any, tuple[int, str], list[Any], object])
def test_a_contract_that_no_strict_schema_holds(kind: object) -> None:
    """PLT-280: a mapping of any names, a value of any type."""
    wide = type("Wide", (BaseModel,), {"__annotations__": {"it": kind}})
    with pytest.raises(CannotBeAsked, match="PLT-280"):
        strict(wide)


def inquiry(verb: str, into: object) -> Inquiry:
    return Inquiry(
        verb=verb,
        models=(),
        at_once=1,
        into=into,
        prompt=PromptText(version=1, fields=("text",), text="?"),
        prompt_name="it.md",
        at_most=10,
        items=(),
        quotes=True,
        confidence=pl.Agreement(),
    )


@pytest.mark.parametrize(("verb", "into"), [("classify", Order), ("classify", ()), ("extract", int), ("draft", Colour)])
def test_what_no_model_can_be_asked_for(verb: str, into: object) -> None:
    """PLT-280: labels for a class, fields for everything else."""
    with pytest.raises(CannotBeAsked, match="PLT-280"):
        form_of(inquiry(verb, into))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=9), st.integers(0, 5))
def test_agreement_is_never_certain(answers: list[str], invalid: int) -> None:
    """Of n answers k that agree are (k + 1) / (n + 2); answers that did not hold speak against all."""
    asked = len(answers) + invalid
    best, sure, others = agreed([Said(value=one, same=one) for one in answers], asked)
    most = max(answers.count(one) for one in answers)
    assert answers.count(best.same) == most
    assert sure == (most + 1) / (asked + 2) < 1
    assert all(share <= sure for share in others.values())
    assert others.keys() == set(answers) - {best.same}


def signs(*parts: tuple[str, float]) -> list[Sign]:
    return [Sign(token=token, logprob=math.log(chance)) for token, chance in parts]


def test_the_probability_of_a_field_is_that_of_its_signs() -> None:
    """Only what stands in the field counts, however the signs are cut; a field that is not there has none."""
    answer = signs(('{"label', 0.5), ('": ', 0.5), ('"car', 0.8), ('ds"', 0.5), (', "quote', 0.1), ('": "x"}', 0.1))
    assert probability(answer, "label") == pytest.approx(0.5 * 0.8 * 0.5)
    assert probability(answer, "value") is None
    nested = signs(('{"value": ', 1), ('{"a": [1, "}"', 0.5), ("]", 1), ("}", 1), (', "q": 1}', 0.1))
    assert probability(nested, "value") == pytest.approx(0.5)
    assert probability(signs(('{"label": "car', 0.9)), "label") is None


def test_prices_come_from_the_author_or_from_the_list() -> None:
    """An unknown model has no price, which is not zero."""
    million = Tokens(inward=1_000_000, outward=1_000_000)
    assert money("anything", pl.Price(input=0.25, output=2), million) == Decimal("2.25")
    assert money("anything", pl.Price(input=0, output=0), million) == 0
    assert money("nobody-knows-it", None, million) is None
    listed = money("gpt-5-mini", None, million)
    assert listed is not None
    assert listed > 0
    assert known("gpt-5-mini", None)
    assert not known("nobody-knows-it", None)


def test_a_sum_says_of_how_many_calls_it_does_not_know() -> None:
    """Money is known where the price is, of the calls that were counted."""
    one = Took(tokens=Tokens(inward=10, outward=2), money=Decimal("0.5"))
    assert total([one, one]).money == Decimal(1)
    lost = total([one, Took(tokens=None, money=None)])
    assert (lost.calls, lost.uncounted, lost.inward, lost.money) == (2, 1, 10, Decimal("0.5"))
    assert total([one, Took(tokens=Tokens(), money=None)]).money is None


@given(st.text())
def test_a_fence_keeps_what_people_see(text: str) -> None:
    """What goes out is one JSON object on one line, and what comes in again is the text as people see it."""
    sent = fenced({"text": text})
    assert object_in(sent, ["data"])["data"] == {"text": seen(text)}
    assert not {"<", ">", "\n"} & set(sent)
    assert seen(seen(text)) == seen(text)


@given(st.text(), st.text(min_size=1))
def test_a_quote_is_there_or_it_is_not(before: str, quote: str) -> None:
    """Blanks and case do not matter; everything else does."""
    assert (
        missing([quote], {"text": f"{before} {quote.upper()}"}) is None or quote.upper().casefold() != quote.casefold()
    )
    assert missing(["\N{SNOWMAN}" + quote], {"text": before.replace("\N{SNOWMAN}", "")}) is not None


@given(st.text())
def test_reading_refuses_with_words_alone(content: str) -> None:
    """Whatever a model writes, it is an object of the asked form or NotValid, and the words hold none of it."""
    try:
        object_in(content, ["label"])
    except NotValid as error:
        assert len(error.what) < 80


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (401, b'{"error": {"message": "bad key"}}', "key refused"),
        (403, b"", "key refused"),
        (404, b'{"error": {"code": "model_not_found"}}', "model unknown"),
        (400, b'{"error": {"code": "context_length_exceeded"}}', "too long"),
        (400, b'{"error":{"code":400,"message":"exceeds","type":"exceed_context_size_error"}}', "too long"),
        (413, b"", "too long"),
        (400, b'{"error": {"code": "content_filter"}}', "refused"),
        (400, b'{"error": "The prompt violates our content management policy"}', "refused"),
        (422, b'["odd"]', "refused"),
        (400, b"{", "refused"),
    ],
)
def test_a_refusal_in_the_words_of_models(status: int, body: bytes, word: str) -> None:
    """What servers answer in many ways has one word, and none of the server's own text in it."""
    response = RawResponse(status=status, headers=(), body=body, truncated=False)
    found = sorted_failure("gpt", Refused("It answered.", response=response))
    assert getattr(found, "word", None) == word
    assert "violates" not in str(found)

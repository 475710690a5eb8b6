"""Bodies: what goes out as JSON, and what comes in as a contract or not at all."""

import json
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, field_validator

from pilotage.connections.bodies import ContractBroken, decode, encode
from pilotage.connections.errors import BodyNotJson


class Team(Enum):
    CARDS = "cards"


class Assigned(BaseModel):
    id: str
    team: Team
    total: Decimal = Decimal(0)


class Picky(BaseModel):
    word: str

    @field_validator("word")
    @classmethod
    def is_short(cls, word: str) -> str:
        """Two ways in which an author's check refuses."""
        if word == "explode":
            raise RuntimeError(f"exploded over {word}")
        if len(word) > 3:
            raise ValueError(f"{word} is too long")
        return word


GOOD = b'{"id":"A1","team":"cards","total":"12345678901234567.89"}'


def read(
    body: bytes, expect: type[BaseModel] | None = Assigned, *, kind: str = "application/json", find: bool = False
) -> Any:
    return decode(body, kind, expect, absent_is_none=find)


# -- out ---------------------------------------------------------------------------


def test_a_model_and_a_mapping_are_written() -> None:
    """Decimals and dates as text, enums as their value, models inside mappings too; letters as they are."""
    model = Assigned(id="A1", team=Team.CARDS, total=Decimal("1.10"))
    body = {
        "when": date(2026, 10, 5),
        "total": Decimal("1.10"),
        "team": Team.CARDS,
        "of": [model],
        "who": "Jürgen",
        "n": None,
    }
    assert json.loads(encode(model) or b"") == {"id": "A1", "team": "cards", "total": "1.10"}
    assert json.loads(encode(body) or b"") == {
        "when": "2026-10-05",
        "total": "1.10",
        "team": "cards",
        "of": [{"id": "A1", "team": "cards", "total": "1.10"}],
        "who": "Jürgen",
        "n": None,
    }
    assert "Jürgen".encode() in (encode(body) or b"")
    assert encode(None) is None


@pytest.mark.parametrize(
    "body",
    [
        [1],
        "text",
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": object()},
        {("a", "b"): 1},
        {"x": {1: object()}},
        {"x": "\ud800"},
    ],
)
def test_what_is_no_json_is_refused(body: object) -> None:
    """No value is bent quietly into something that the other side would misread."""
    with pytest.raises(BodyNotJson):
        encode(body)


def test_a_refusal_does_not_show_the_content() -> None:
    """The error names the type alone."""

    class Canary:
        def __repr__(self) -> str:
            return "canary"

    with pytest.raises(BodyNotJson) as caught:
        encode({"x": Canary()})
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4))
def test_every_mapping_of_json_arrives_as_it_was(body: dict[str, object]) -> None:
    """Written and read again it is the same, whatever letters it holds."""
    assert json.loads(encode(body) or b"") == body


# -- in ---------------------------------------------------------------------------


def test_an_answer_is_its_contract() -> None:
    """Typed, with nothing lost on the way through numbers."""
    assert read(GOOD) == Assigned(id="A1", team=Team.CARDS, total=Decimal("12345678901234567.89"))
    assert read(GOOD, kind="text/plain; charset=UTF-8").id == "A1"
    assert read(b"whatever it is", None) is None


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        (b"", "", "empty"),
        (b"  \r\n", "", "empty"),
        (b"<html><body>Please log in</body></html>", "text/html", "no JSON"),
        (b'{"id":"A1"', "application/json", "no JSON"),
        (b'{"id":"A1","team":"cards"} {}', "application/json", "no JSON"),
        ('{"id":"Ü","team":"cards"}'.encode("latin-1"), "application/json", "no JSON"),
        ('{"id":"Ü","team":"cards"}'.encode(), "application/json; charset=ISO-8859-1", "JSON is UTF-8"),
        ('{"id":"Ü","team":"cards"}'.encode("utf-16"), "application/json", "no JSON"),
        (b"\xef\xbb\xbf" + GOOD, "application/json", "no JSON"),
        (b"null", "", "no Assigned"),
        (b"[]", "", "no Assigned"),
        (b'"A1"', "", "no Assigned"),
        (b'{"id":"A1"}', "", "team: missing"),
        (b'{"id":"A1","team":"loans"}', "", "team: enum"),
        (b'{"id":7,"team":"cards"}', "", "id: string type"),
        (b'{"id":"A1","team":"cards","total":NaN}', "", "total"),
    ],
)
def test_what_breaks_the_contract_is_never_data(body: bytes, kind: str, words: str) -> None:
    """It says what is wrong with which field, in words without content."""
    with pytest.raises(ContractBroken, match=words):
        read(body, kind=kind)


def test_an_ascii_body_is_read_whatever_its_charset_says() -> None:
    """Where every charset agrees there is nothing to misread."""
    assert read(GOOD, kind='application/json; charset="iso-8859-1"').id == "A1"


@pytest.mark.parametrize("word", ["canary", "explode"])
def test_what_an_authors_check_says_stays_out_of_the_words(word: str) -> None:
    """A check may quote the value, and may raise anything; neither reaches the message or what stands behind it."""
    with pytest.raises(ContractBroken) as caught:
        read(json.dumps({"word": word}).encode(), Picky)
    assert word not in str(caught.value)
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_many_faults_are_counted() -> None:
    """The first ones are named."""

    class Wide(BaseModel):
        a: int
        b: int
        c: int
        d: int
        e: int

    with pytest.raises(ContractBroken, match="and 2 more"):
        read(b"{}", Wide)


# -- looked for --------------------------------------------------------------------


@pytest.mark.parametrize("body", [b"null", b"[]", b" [ ] "])
def test_null_and_an_empty_list_are_none(body: bytes) -> None:
    """The two ways in which services say that nothing was found."""
    assert read(body, find=True) is None


def test_one_of_one_is_found() -> None:
    """Alone or as the only one of a list, with nothing lost on the way through numbers."""
    assert read(GOOD, find=True) == read(b"[" + GOOD + b"]", find=True) == read(GOOD)


def test_several_are_no_answer() -> None:
    """Two for one key: the act may have happened twice, and a person must look at it."""
    with pytest.raises(ContractBroken, match="the key is not unique"):
        read(b"[" + GOOD + b"," + GOOD + b"]", find=True)


@pytest.mark.parametrize("body", [b"[null]", b"[{}]", b"{}", b"false", b"0", b'""', b"[[]]", b"", b"[", b"NaN"])
def test_nothing_else_means_absent(body: bytes) -> None:
    """An empty object, false or a broken body is no "not there": that would send an act again."""
    with pytest.raises(ContractBroken):
        read(body, find=True)

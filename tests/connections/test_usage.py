"""What answers say that they took, in the forms of several servers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotage as pl
from pilotage.connections.usage import tokens_in, used_in


def stream(*events: object) -> bytes:
    """A stream of events."""
    return b"".join(b"event: x\ndata: " + json.dumps(one).encode() + b"\n\n" for one in events) + b"data: [DONE]\n\n"


OPENAI = {"usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}}
ANTHROPIC = {"usage": {"input_tokens": 5, "cache_read_input_tokens": 4, "output_tokens": 3}}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(OPENAI).encode(),
        json.dumps(OPENAI, indent=2).encode(),
        json.dumps(ANTHROPIC).encode(),
        json.dumps({"response": {"usage": {"input_tokens": 9, "output_tokens": 3}}}).encode(),
        stream({"choices": []}, OPENAI),
        stream(
            {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}},
            {"type": "message_delta", "usage": {"output_tokens": 2}},
            {"type": "message_delta", "usage": {"output_tokens": 3}},
        ),
    ],
)
def test_every_form_is_read(body: bytes) -> None:
    """Whole or as a stream, with its cache beside it or without: nine tokens in, three out."""
    assert tokens_in(body) == (9, 3)
    assert used_in(body, reserve={"tokens": 99.0}, price=pl.Price(input=1, output=2)) == {"tokens": 12}
    used = used_in(body, reserve={"tokens": 99.0, "USD": 1.0, "rows": 4.0}, price=pl.Price(input=1e6, output=2e6))
    assert used == {"tokens": 12, "USD": 15}


@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.integers() | st.text(),
            lambda one: st.dictionaries(
                st.sampled_from(["usage", "message", "prompt_tokens", "completion_tokens", "x"]), one
            ),
        ).map(lambda one: json.dumps(one).encode()),
    )
)
def test_whatever_is_answered_is_read_or_not_said(body: bytes) -> None:
    """It raises for nothing, and never says that less than nothing was used."""
    found = tokens_in(body)
    assert found is None or min(found) >= 0


def test_what_is_not_said_is_left_out() -> None:
    """Half an account is none: the reserve counts then."""
    assert tokens_in(b'{"usage": {"prompt_tokens": 9}}') is None
    assert used_in(b"{}", reserve={"tokens": 5.0}, price=None) == {}

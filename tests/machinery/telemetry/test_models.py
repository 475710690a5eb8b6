"""What is told of questions to models: tokens and money, and never what was asked or answered."""

from collections.abc import Iterator

import pytest
from opentelemetry.trace import SpanKind
from tests.models.desk import Ticket, desk, local, openai, tickets
from traced import TracedPlatform

from pilotage.testing import FakeModel, Fault

STOLEN = Ticket(id="T1", text="My canary card was stolen on the train, please block it.")


@pytest.fixture
def gpt() -> FakeModel:
    """The first model's server."""
    return FakeModel(openai)


@pytest.fixture
def platform(gpt: FakeModel) -> Iterator[TracedPlatform]:
    """A traced platform on which both servers answer."""
    with TracedPlatform(tickets, services=[gpt, FakeModel(local), desk()]) as made:
        yield made


def test_a_question_says_what_it_took(platform: TracedPlatform, gpt: FakeModel) -> None:
    """A question is a span around its call, with the names that OpenTelemetry gives to tokens, and the money in USD."""
    gpt.says(lambda question: {"label": "cards", "quote": "card was stolen"})
    platform.submit(tickets, STOLEN)
    platform.settle()
    asked = platform.seen.named("chat ")
    calls = {one.parent.span_id for one in platform.seen.named("POST") if one.parent is not None}
    assert {one.context.span_id for one in asked} <= calls
    said = dict(asked[0].attributes or {})
    assert asked[0].kind is SpanKind.CLIENT
    assert (said["gen_ai.operation.name"], said["gen_ai.request.model"]) == ("chat", "gpt-5-mini")
    assert said["gen_ai.provider.name"] == "openai"
    assert int(said["gen_ai.usage.input_tokens"]) > 0  # type: ignore[arg-type]
    assert (float(said["pilotage.cost"]) > 0, said["pilotage.cost.currency"]) == (True, "USD")  # type: ignore[arg-type]
    assert said["pilotage.step"] == "team"
    tokens = platform.seen.counted("gen_ai.client.token.usage")
    assert {key[-1]: int(number) for key, number in tokens.items()} == {"input": len(asked), "output": len(asked)}
    assert sum(platform.seen.counted("pilotage.model.cost").values()) > 0
    told = "".join(span.to_json() for span in platform.seen.spans)
    assert "canary" not in told
    assert "stolen" not in told


def test_a_question_that_failed_says_so_and_takes_nothing(platform: TracedPlatform, gpt: FakeModel) -> None:
    """What is not known is not said: a server that is down has no tokens, and the call inside has our word for it."""
    gpt.fault(Fault.DOWN, times=100)
    platform.submit(tickets, STOLEN)
    platform.settle()
    asked = next(one for one in platform.seen.named("chat gpt-5-mini"))
    said = dict(asked.attributes or {})
    assert "gen_ai.usage.input_tokens" not in said
    assert str(said["error.type"]).startswith("PLT-")
    assert not asked.status.is_ok
    call = next(one for one in platform.seen.named("POST") if one.parent is not None)
    assert (call.attributes or {})["error.type"] == "down"

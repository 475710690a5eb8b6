"""What spans say of batches, steps, effects and calls; and what they never say."""

import re
from collections.abc import Iterator
from typing import cast

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from traced import TracedPlatform
from traced_bills import Bill, Booked, Listening, Payer, answering, bills, book, books, payer, register

from pilotage.cases.commands.traces import traces_of
from pilotage.kernel.ids import read
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.errors import AddressRefused
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.telemetry.identity import trace_of
from pilotage.testing import FakeService, Fault


@pytest.fixture
def sides() -> tuple[FakeService, FakeService]:
    """The register and the books."""
    return answering(Listening(register), Listening(books))


@pytest.fixture
def platform(sides: tuple[FakeService, FakeService]) -> Iterator[TracedPlatform]:
    """The platform with bills."""
    with TracedPlatform(bills, services=sides) as opened:
        yield opened


def test_a_case_is_a_batch_with_its_steps_and_their_calls(platform: TracedPlatform) -> None:
    """The call of a step is inside the step, the step inside its batch, and all of them say whose they are."""
    case = platform.submit(bills, {"id": "B1"})
    platform.settle()
    (call,) = platform.seen.named("GET")
    (step,) = platform.seen.named("step payer")
    batch = platform.seen.named("batch bills")[0]
    assert call.parent is not None
    assert step.parent is not None
    assert batch.parent is None
    assert (call.parent.span_id, step.parent.span_id) == (step.context.span_id, batch.context.span_id)
    assert call.kind is SpanKind.CLIENT
    assert call.status.status_code is StatusCode.UNSET
    assert dict(call.attributes or {}) == {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "pilotage.automation": "bills",
        "pilotage.case": case.id,
        "pilotage.connection": "register",
        "pilotage.outcome": "answered",
        "pilotage.release": "dev",
        "pilotage.step": "payer",
        "server.address": "register.test",
        "server.port": 80,
        "url.full": "http://register.test/payers/*",
    }
    assert case.place.value == "done"


def test_an_effect_is_in_the_trace_of_its_case(platform: TracedPlatform) -> None:
    """Every attempt, and every call of it, has the trace that is computed from the case's id."""
    case = platform.submit(bills, {"id": "B1"})
    platform.settle()
    (effect,) = platform.seen.named("effect book")
    (call,) = platform.seen.named("POST")
    number = read("C", str(case.id))
    assert number is not None
    assert effect.context.trace_id == call.context.trace_id == trace_of("test", "case", number)
    assert effect.parent is None
    said = dict(call.attributes or {})
    assert (said["pilotage.case"], said["pilotage.attempt"]) == (case.id, 1)
    assert (effect.attributes or {})["pilotage.outcome"] == "confirmed"


def test_the_other_side_is_told_the_ids_of_the_trace_unless_its_connection_says_no(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService]
) -> None:
    """The header names the span of the call itself; a connection with sends_trace=False gets none."""
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    (call,) = platform.seen.named("GET")
    there, silent = (cast("Listening", side).headers for side in sides)
    assert there[0]["traceparent"] == f"00-{call.context.trace_id:032x}-{call.context.span_id:016x}-01"
    assert "tracestate" not in there[0]
    assert not {"traceparent", "tracestate", "baggage"} & {name.lower() for name in silent[0]}


def test_a_client_for_a_library_is_traced_like_any_other(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService]
) -> None:
    """What a library sends through the connection's client is a call of the step, in its trace, whatever it says itself."""

    async def through_a_library(bill: Bill) -> Payer:
        headers = {"traceparent": "00-11111111111111111111111111111111-2222222222222222-01"}
        answer = await register.client(reads=True).get("/payers/somebody", headers=headers)
        return Payer.model_validate_json(answer.content)

    platform.replace(payer, through_a_library)
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    (call,) = platform.seen.named("GET")
    (step,) = platform.seen.named("step payer")
    assert call.parent is not None
    assert call.parent.span_id == step.context.span_id
    assert f"{call.context.span_id:016x}" in cast("Listening", sides[0]).headers[0]["traceparent"]


def test_a_case_names_the_traces_that_were_recorded(platform: TracedPlatform) -> None:
    """The ids are computed from what is stored, and are those of the spans: of its batches, and of its effects."""
    case = platform.submit(bills, {"id": "B1"})
    platform.settle()
    number = read("C", str(case.id))
    assert number is not None
    with platform.inner.database.snapshot() as tx:
        told = traces_of("test")(tx, number)
    roots = {
        f"{one.context.trace_id:032x}": one.name.partition(" ")[0] for one in platform.seen.spans if not one.parent
    }
    assert {str(trace): str(of).partition(" ")[0].removesuffix("s") for of, trace in told.rows} == roots
    assert [dict(one) for one in told.data] == [{"of": of, "trace": trace} for of, trace in told.rows]


@pytest.mark.parametrize(
    ("fault", "word", "status"),
    [
        (Fault.DOWN, "down", None),
        (Fault.SLOW, "down", None),
        (Fault.DONE_THEN_500, "down", 500),
        (Fault.THROTTLED, "throttled", 429),
        (Fault.REFUSED, "refused us", 422),
        (Fault.CHANGED_BODY, "answers differently", 200),
    ],
)
def test_a_call_that_fails_says_how_in_our_word(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService], fault: Fault, word: str, status: int | None
) -> None:
    """The type of an error is the word that people read; the status goes along where there is one."""
    sides[1].fault(fault)
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    call = platform.seen.named("POST")[0]
    said = dict(call.attributes or {})
    assert (said["error.type"], said.get("http.response.status_code")) == (word, status)
    assert call.status.status_code is StatusCode.ERROR
    assert call.status.description is None
    data = platform.seen.reader.get_metrics_data()
    assert platform.seen.counted("pilotage.calls", data)["books", word] == 1
    took = platform.seen.counted("http.client.request.duration", data)
    assert sum(number for marks, number in took.items() if word in marks) == 1


def test_what_never_came_to_a_call_is_named_by_its_code(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that may not be called has no word of the other side: its error's code stands there, and no text of it."""

    async def refused(request: Outgoing, leaving: Departure) -> Answer:
        what = "canary-address"
        raise AddressRefused(what, "canary-remedy")

    monkeypatch.setattr(sides[1], "send", refused)
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    call = platform.seen.named("POST")[0]
    assert (call.attributes or {})["error.type"] == AddressRefused.code
    assert "canary" not in call.to_json()
    assert (platform.seen.named("effect book")[0].attributes or {})["pilotage.outcome"] == "not done"


def test_leave_for_another_client_is_a_span_too(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService]
) -> None:
    """What a client that is not ours does under a permit is not seen, but how long it had it is."""

    async def with_another_client(bill: Bill) -> Payer:
        async with register.permit():
            return Payer(name="somebody")

    platform.replace(payer, with_another_client)
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    (permit,) = platform.seen.named("permit register")
    assert (permit.attributes or {})["pilotage.connection"] == "register"
    assert permit.parent is not None


def test_nothing_of_a_record_or_an_answer_stands_in_a_span(
    platform: TracedPlatform, sides: tuple[FakeService, FakeService]
) -> None:
    """Paths, queries, bodies, keys and the texts of exceptions stay here, whatever happens."""

    def broken(bill: Bill, payer: Payer) -> Booked:
        msg = "canary-exception"
        raise ValueError(msg)

    platform.submit(bills, {"id": "canary-key"})
    platform.settle()
    platform.replace(book, broken)
    platform.submit(bills, {"id": "canary-other"})
    sides[0].fault(Fault.CHANGED_BODY)
    platform.settle()
    told = "".join(span.to_json() for span in platform.seen.spans)
    assert "batch bills" in told
    assert re.findall(r"canary[\w-]*", told) == []
    assert all(not span.events for span in platform.seen.spans)

"""Over a real wire: the header arrives, the span tells of it, and no credential comes out of either spans or figures."""

import pytest
from helpdesk_account import CANARY, DELETE, GET, POST, Made, guard, opened
from peers import Line, Peer, closed_port
from test_canary import FORMS, PEERS
from tests.machinery.telemetry.traced import Seen, telemetry

from pilotage.authoring.ports import Call
from pilotage.connections.opening import Connections
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.telemetry.values import Paths

WHERE = Call(method="GET", path="/t/" + CANARY.replace("/", "%2F"), params={"key": CANARY}, expect=Made)


def traced(url: str, *calls: Call) -> Seen:
    """What was told of these calls."""
    seen = Seen()

    async def use(connections: Connections) -> None:
        for call in calls:
            try:
                await connections.caller(step="assign", through={"helpdesk"}, guard=guard()).call("helpdesk", call)
            except Exception:  # noqa: BLE001 - however it fails
                continue

    opened(url, use, telemetry=telemetry(seen, SystemClock(), paths=Paths.WHOLE))
    return seen


@pytest.mark.parametrize("peer", sorted(set(PEERS) - {"stalled"}))
def test_no_answer_brings_the_secret_into_a_span(peer: str) -> None:
    """Whatever the other side echoes, and though the author put the value into a path: spans and figures are without it."""
    with Peer(PEERS[peer]) as other:
        seen = traced(other.url, POST, GET, DELETE, WHERE)
    told = "".join(span.to_json() for span in seen.spans) + str(seen.reader.get_metrics_data())
    assert len(seen.spans) >= 4
    assert [form for form in (*FORMS, CANARY.replace("/", "%2F")) if form in told] == []


def test_nobody_there_is_told_without_it_too() -> None:
    """A span of a call that never came to an answer is down, and holds nothing."""
    seen = traced(f"http://127.0.0.1:{closed_port()}", GET)
    (span,) = seen.spans
    assert (span.attributes or {})["error.type"] == "down"
    assert CANARY not in span.to_json()


def test_the_header_stands_in_the_request_as_it_leaves() -> None:
    """The other side reads the ids of the span of this very call."""
    asked: list[bytes] = []

    def hears(line: Line, number: int) -> None:
        asked.append(line.request())
        line.answer("200 OK", b'{"id": "A1"}')

    with Peer(hears) as other:
        seen = traced(other.url, GET)
    (span,) = seen.spans
    assert f"traceparent: 00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01".encode() in asked[0].lower()
    assert (span.attributes or {})["pilotage.outcome"] == "answered"

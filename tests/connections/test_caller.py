"""What a running step may do with a connection, and what it is told, against real sockets."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from helpdesk_account import CANARY, DELETE, FIND, GET, NOW, POST, Made, books, guard, helpdesk, impatient, opened
from peers import Line, Peer, answering, closed_port
from pydantic import BaseModel
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from pilotage.authoring.connection import Connection
from pilotage.authoring.errors import ConnectionNotNamed
from pilotage.authoring.failures import (
    Failure,
    MalformedResponse,
    PermanentFailure,
    TransientFailure,
    UnknownOutcome,
)
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.ports import Call, Surroundings, surroundings
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import (
    BodyNotJson,
    ConnectionUnknown,
    NotDone,
    NotSent,
    OnlyReads,
    OutcomeUnknown,
    PathRefused,
    Refused,
    SecondCall,
)
from pilotage.connections.opening import Connections
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.connections.values import EffectGuard, Standing
from pilotage.credentials.errors import SecretMissing
from pilotage.credentials.secrets import Secrets
from pilotage.credentials.values import Found, SecretValue, Source
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AddressRefused, AnotherLoop, DoorDisarmed, NoSuchAddress

MADE = b'{"id":"A1"}'


class Outcome(BaseModel):
    """What one call gave or raised, and how the step's act stands."""

    model_config = {"arbitrary_types_allowed": True}

    value: object = None
    error: BaseException | None = None
    standing: Standing


def calling(
    url: str,
    call: Call = POST,
    *,
    effect: EffectGuard | None = None,
    connection: str = "helpdesk",
    reads: bool = False,
    **options: object,
) -> Outcome:
    """One call of one step; an effect unless it only reads."""

    async def use(connections: Connections) -> Outcome:
        allowed = None if reads else effect or guard()
        caller = connections.caller(step="assign", through={"helpdesk", "books"}, guard=allowed)
        try:
            value = await caller.call(connection, call)
        except Exception as error:  # noqa: BLE001 - the test looks at whatever it is
            return Outcome(error=error, standing=caller.standing)
        return Outcome(value=value, standing=caller.standing)

    return opened(url, use, **options)  # type: ignore[arg-type]


# -- a call that is answered -------------------------------------------------------


def test_an_act_is_sent_with_all_that_belongs_to_it(httpserver: HTTPServer) -> None:
    """Credential, key, content; the answer is typed."""
    httpserver.expect_oneshot_request("/acts", method="POST", json={"a": 1}).respond_with_json({"id": "A1"}, 201)
    outcome = calling(httpserver.url_for(""))
    assert outcome.value == Made(id="A1")
    assert outcome.standing is Standing.ANSWERED
    ((request, _),) = httpserver.log
    assert request.headers["Authorization"] == f"Bearer {CANARY}"
    assert request.headers["Idempotency-Key"] == "dev/tickets/1/assign"
    assert request.headers["Content-Type"] == "application/json"


def test_a_reading_call_carries_no_key(httpserver: HTTPServer) -> None:
    """The key belongs to the act alone; parameters are quoted."""
    httpserver.expect_request("/acts", query_string={"key": "k 1"}).respond_with_json([{"id": "A1"}])
    assert calling(httpserver.url_for(""), FIND, reads=True).value == Made(id="A1")
    ((request, _),) = httpserver.log
    assert "Idempotency-Key" not in request.headers


def test_a_connection_without_credential_and_key_sends_neither(httpserver: HTTPServer) -> None:
    """What is not declared is not sent."""
    httpserver.expect_request("/acts").respond_with_json({"id": "A1"})
    assert calling(httpserver.url_for(""), connection="books").value == Made(id="A1")
    ((request, _),) = httpserver.log
    assert not {"Authorization", "Idempotency-Key"} & set(request.headers.keys())


def test_a_credential_may_bring_its_own_scheme(httpserver: HTTPServer) -> None:
    """A secret that begins with Basic is sent as it is."""
    httpserver.expect_request("/acts").respond_with_json({"id": "A1"})
    calling(httpserver.url_for(""), token="Basic dXNlcjpwdw==")
    assert httpserver.log[0][0].headers["Authorization"] == "Basic dXNlcjpwdw=="


def test_an_answer_that_is_not_read_may_be_anything() -> None:
    """A DELETE expects nothing: 204, text or half a body, it is done."""

    def half(line: Line, number: int) -> None:
        line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

    for script in (answering("204 No Content", b""), answering("200 OK", b"gone"), half):
        with Peer(script) as peer:
            outcome = calling(peer.url, DELETE)
            assert (outcome.value, outcome.error, outcome.standing) == (None, None, Standing.ANSWERED)


@pytest.mark.parametrize("answer", [("404 Not Found", b"<html>"), ("200 OK", b"null"), ("200 OK", b"[]")])
def test_find_gives_none_for_what_is_not_there(answer: tuple[str, bytes]) -> None:
    """404, null and an empty list say the same."""
    with Peer(answering(*answer)) as peer:
        outcome = calling(peer.url, FIND, reads=True)
    assert (outcome.value, outcome.error) == (None, None)


# -- known not done ------------------------------------------------------------------


def test_a_connection_that_was_never_made_is_known_not_done() -> None:
    """Nobody listens."""
    outcome = calling(f"http://127.0.0.1:{closed_port()}")
    assert isinstance(outcome.error, NotDone)
    assert isinstance(outcome.error, TransientFailure)
    assert outcome.standing is Standing.NOT_DONE
    assert outcome.error.response is None


def test_a_throttled_call_says_how_long_to_wait() -> None:
    """429 with Retry-After, in seconds or as a date against the answer's own."""
    date = ("Date: Mon, 05 Oct 2026 12:00:00 GMT", "Retry-After: Mon, 05 Oct 2026 12:00:20 GMT")
    for headers, seconds in ((("Retry-After: 7",), 7.0), (date, 20.0), ((), None)):
        with Peer(answering("429 Too Many Requests", b"{}", *headers)) as peer:
            outcome = calling(peer.url, clock=ManualClock(NOW))
        assert isinstance(outcome.error, NotDone)
        assert outcome.error.retry_after == seconds
        assert outcome.standing is Standing.NOT_DONE


def test_503_is_not_done_only_with_a_time_to_wait() -> None:
    """Without Retry-After it may come from anything on the way."""
    with Peer(answering("503 Unavailable", b"", "Retry-After: 1")) as peer:
        assert isinstance(calling(peer.url).error, NotDone)
    with Peer(answering("503 Unavailable", b"")) as peer:
        assert isinstance(calling(peer.url).error, OutcomeUnknown)


def test_a_connection_may_declare_its_own_statuses() -> None:
    """What a service documents as "not done" is believed."""
    declared = {"helpdesk": NotDoneStatuses(always=frozenset({429, 423}))}
    with Peer(answering("423 Locked")) as peer:
        assert isinstance(calling(peer.url, not_done=declared).error, NotDone)


def test_a_late_act_is_not_sent() -> None:
    """At its send-by and later nothing leaves, and it is known."""
    clock = ManualClock(NOW)
    with Peer(answering("200 OK", MADE)) as peer:
        outcome = calling(peer.url, effect=guard(send_by=clock.monotonic()), clock=clock)
        assert isinstance(outcome.error, NotSent)
        assert outcome.standing is Standing.NOT_DONE
        assert peer.requests == []


def test_a_slow_reading_before_the_act_makes_it_late() -> None:
    """What the step does before its act counts; the reading itself may be late."""

    class Passing(ManualClock):
        passed = 0.0

        def monotonic(self) -> float:
            return self.passed

    clock = Passing(NOW)

    async def use(connections: Connections) -> object:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard(send_by=5.0))
        await caller.call("helpdesk", GET)
        clock.passed = 6.0
        await caller.call("helpdesk", GET)
        return await caller.call("helpdesk", POST)

    with Peer(answering("200 OK", MADE)) as peer:
        with pytest.raises(NotSent):
            opened(peer.url, use, clock=clock)
        assert [request.split()[0] for request in peer.requests] == [b"GET", b"GET"]


# -- refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "404 Not Found", "409 Conflict", "422 Nope"])
def test_a_refusal_is_permanent_and_keeps_what_was_said(status: str) -> None:
    """The message says who answered what; the response is there for diagnosis, and not in the message."""
    with Peer(answering(status, b'{"detail":"no such team"}', "X-Request-Id: r1", "Set-Cookie: s=1")) as peer:
        outcome = calling(peer.url)
    assert isinstance(outcome.error, Refused)
    assert isinstance(outcome.error, PermanentFailure)
    assert outcome.standing is Standing.REFUSED
    response = outcome.error.response
    assert response is not None
    assert json.loads(response.body) == {"detail": "no such team"}
    assert dict(response.headers)["x-request-id"] == "r1"
    assert dict(response.headers)["set-cookie"] == "[redacted]"
    assert outcome.error.what.startswith("helpdesk: ")
    assert outcome.error.what.endswith(f". POST /acts: It answered {status[:3]}.")


def test_a_refused_repeat_of_an_unknown_act_stays_unknown() -> None:
    """An answer such as "it exists already" may be our own work of the attempt before."""
    with Peer(answering("409 Conflict")) as peer:
        outcome = calling(peer.url, effect=guard(attempt=2, repeats_unknown=True))
    assert isinstance(outcome.error, UnknownOutcome)
    assert outcome.standing is Standing.UNKNOWN


def test_find_takes_no_refusal_for_absence() -> None:
    """403 is no "not there"."""
    with Peer(answering("403 Forbidden")) as peer:
        assert isinstance(calling(peer.url, FIND, reads=True).error, Refused)


# -- unknown -----------------------------------------------------------------------------


def cuts(line: Line, number: int) -> None:
    line.request()


def resets(line: Line, number: int) -> None:
    line.request()
    line.reset()


def stalls(line: Line, number: int) -> None:
    line.request()
    line.stall()


def garbage(line: Line, number: int) -> None:
    line.request()
    line.send(b"SMTP ready\r\n\r\n")


def half(line: Line, number: int) -> None:
    line.request()
    line.send(b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"id":')


def huge(line: Line, number: int) -> None:
    line.request()
    with suppress(OSError):
        line.answer("200 OK", b'{"id":"' + b"x" * 5_000_000 + b'"}')


UNKNOWNS = {
    "cut": cuts,
    "reset": resets,
    "stalled": stalls,
    "garbage": garbage,
    "half a body": half,
    "huge body": huge,
    "500": answering("500 Oops", MADE),
    "502": answering("502 Bad Gateway", b"<html>"),
    "504": answering("504 Gateway Timeout"),
    "408": answering("408 Request Timeout"),
    "changed body": answering("200 OK", b'{"identifier":"A1"}'),
    "html": answering("200 OK", b"<html>Please log in</html>", "Content-Type: text/html"),
    "wrong charset": answering("200 OK", '{"id":"Ü"}'.encode("latin-1")),
    "empty": answering("200 OK", b""),
    "no content": answering("204 No Content", b""),
    "null": answering("200 OK", b"null"),
    "303": answering("303 See Other", b"", "Location: /acts/1"),
}


def accounts_for(name: str) -> tuple[Connection, ...]:
    return impatient if name == "stalled" else (helpdesk, books)


@pytest.mark.parametrize("name", UNKNOWNS)
def test_an_act_without_a_proper_answer_is_unknown_and_sent_once(name: str) -> None:
    """Whatever comes instead of an answer that keeps its contract, it is neither done nor refused, and not repeated."""
    with Peer(UNKNOWNS[name]) as peer:
        outcome = calling(peer.url, bounds=Bounds(answer_bytes=1_000_000), accounts=accounts_for(name))
        assert len(peer.requests) == 1
    assert isinstance(outcome.error, OutcomeUnknown), outcome
    assert isinstance(outcome.error, UnknownOutcome)
    assert outcome.standing is Standing.UNKNOWN
    assert "not known whether it was done" in outcome.error.what


READINGS = {
    "cut": TransientFailure,
    "reset": TransientFailure,
    "stalled": TransientFailure,
    "garbage": TransientFailure,
    "half a body": MalformedResponse,
    "huge body": MalformedResponse,
    "500": TransientFailure,
    "502": TransientFailure,
    "504": TransientFailure,
    "408": TransientFailure,
    "changed body": MalformedResponse,
    "html": MalformedResponse,
    "wrong charset": MalformedResponse,
    "empty": MalformedResponse,
    "no content": MalformedResponse,
    "null": MalformedResponse,
    "303": PermanentFailure,
}


@pytest.mark.parametrize(("name", "kind"), READINGS.items())
def test_a_reading_without_a_proper_answer_is_tried_again_or_malformed(name: str, kind: type[Failure]) -> None:
    """It changed nothing, so it is never unknown."""
    with Peer(UNKNOWNS[name]) as peer:
        bounds = Bounds(answer_bytes=1_000_000)
        outcome = calling(peer.url, GET, reads=True, bounds=bounds, accounts=accounts_for(name))
    assert isinstance(outcome.error, kind), outcome
    assert not isinstance(outcome.error, UnknownOutcome)
    assert outcome.standing is Standing.NOTHING


def test_several_for_one_key_are_malformed() -> None:
    """Asked whether an act happened, the other side lists two: a person must look at it."""
    with Peer(answering("200 OK", b'[{"id":"A1"},{"id":"A2"}]')) as peer:
        outcome = calling(peer.url, FIND, reads=True)
    assert isinstance(outcome.error, MalformedResponse)
    assert "the key is not unique" in str(outcome.error)


def test_a_raw_response_is_cut_to_a_size() -> None:
    """It is kept for diagnosis, not as an archive; its text form shows no content."""
    with Peer(answering("422 Nope", b"x" * 200_000)) as peer:
        response = calling(peer.url).error.response  # type: ignore[union-attr]
    assert (len(response.body), response.truncated) == (65_536, True)
    assert repr(response) == "RawResponse(status=422, 65536 bytes, cut)"


# -- the credential ------------------------------------------------------------------------


def with_token(folder: Path, value: str) -> Path:
    path = folder / "helpdesk-token"
    path.write_text(value)
    path.chmod(0o600)
    return folder


def accepts_only(token: str) -> Callable[[Request], Response]:
    def handler(request: Request) -> Response:
        good = request.headers["Authorization"] == f"Bearer {token}"
        return Response(MADE if good else b"{}", 200 if good else 401, content_type="application/json")

    return handler


def both_calls(tmp_path: Path, url: str, call: Call, *, reads: bool) -> list[object]:
    """Two runs of a step; between opening and the first call the secret was rotated."""

    async def use(connections: Connections) -> list[object]:
        outcomes: list[object] = []
        connections.caller(step="x", through={"helpdesk"})
        for attempt in (0, 1, 2):
            caller = connections.caller(step="assign", through={"helpdesk"}, guard=None if reads else guard())
            try:
                outcomes.append(await caller.call("helpdesk", call))
            except Failure as error:
                outcomes.append((type(error), caller.standing))
            if attempt == 0:
                with_token(tmp_path, "new-token")
        return outcomes

    return opened(url, use, folder=with_token(tmp_path, "old-token"))


def test_an_act_with_a_rotated_credential_is_tried_again_by_the_ledger(tmp_path: Path, httpserver: HTTPServer) -> None:
    """401 proves that nothing was done: the credential is read again, and the next attempt uses the new one."""
    httpserver.expect_request("/acts").respond_with_handler(accepts_only("new-token"))
    refused, again, good = both_calls(tmp_path, httpserver.url_for(""), POST, reads=False)
    assert refused == (Refused, Standing.REFUSED)
    assert again == (NotDone, Standing.NOT_DONE)
    assert good == Made(id="A1")
    assert len(httpserver.log) == 3


def test_a_reading_with_a_rotated_credential_is_repeated_at_once(tmp_path: Path, httpserver: HTTPServer) -> None:
    """Reading twice does no harm."""
    httpserver.expect_request("/acts/1").respond_with_handler(accepts_only("new-token"))
    refused, again, good = both_calls(tmp_path, httpserver.url_for(""), GET, reads=True)
    assert refused == (Refused, Standing.NOTHING)
    assert again == good == Made(id="A1")
    assert len(httpserver.log) == 4


def test_401_of_a_service_without_a_credential_is_a_refusal() -> None:
    """There is nothing to read again."""
    with Peer(answering("401 Unauthorized")) as peer:
        assert isinstance(calling(peer.url, connection="books").error, Refused)


def test_a_secret_that_is_gone_after_401_leaves_the_act_known_not_done(tmp_path: Path) -> None:
    """The error names the secret; what is known about the act stays known."""

    def script(line: Line, number: int) -> None:
        line.request()
        (tmp_path / "helpdesk-token").unlink()
        line.answer("401 Unauthorized")

    with Peer(script) as peer:
        outcome = calling(peer.url, folder=with_token(tmp_path, "old-token"))
    assert isinstance(outcome.error, SecretMissing)
    assert outcome.standing is Standing.NOT_DONE


# -- what a step may do ------------------------------------------------------------------------


def test_a_connection_that_the_step_does_not_name_is_refused() -> None:
    """PLT-192, before anything is opened."""

    async def use(connections: Connections) -> object:
        return await connections.caller(step="assign", through=["books"], guard=guard()).call("helpdesk", POST)

    with pytest.raises(ConnectionNotNamed, match="PLT-192  assign called helpdesk, which it does not name"):
        opened("", use)


@pytest.mark.parametrize("call", [POST, DELETE, Call(method="PUT", path="/x"), Call(method="PATCH", path="/x")])
def test_a_step_without_an_effect_only_reads(call: Call) -> None:
    """Computing, judging and reconciling may not change anything outside."""
    with Peer(answering("200 OK", MADE)) as peer:
        outcome = calling(peer.url, call, reads=True)
        assert isinstance(outcome.error, OnlyReads)
        assert peer.connections == 0


@pytest.mark.parametrize("first", [answering("200 OK", MADE), answering("429 Wait"), answering("500 Oops")])
def test_a_second_act_is_refused(first: Callable[[Line, int], None]) -> None:
    """Two calls are two effects, however the first one ended and through whichever connection."""

    async def use(connections: Connections) -> None:
        caller = connections.caller(step="assign", through={"helpdesk", "books"}, guard=guard())
        with suppress(Failure):
            await caller.call("helpdesk", POST)
        before = caller.standing
        with pytest.raises(SecondCall, match="Two calls are two effects"):
            await caller.call("books", DELETE)
        assert caller.standing is before

    with Peer(first) as peer:
        opened(peer.url, use)
        assert len(peer.requests) == 1


def test_two_acts_at_once_are_one() -> None:
    """Started together, one goes and the other is refused."""

    async def use(connections: Connections) -> list[object]:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        return await asyncio.gather(*[caller.call("helpdesk", POST) for _ in range(3)], return_exceptions=True)

    with Peer(answering("200 OK", MADE)) as peer:
        outcomes = opened(peer.url, use)
        assert len(peer.requests) == 1
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Made", "SecondCall", "SecondCall"]


def test_reading_goes_on_beside_an_act() -> None:
    """A step may read as often as it needs."""

    async def use(connections: Connections) -> Standing:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        for call in (GET, FIND, POST, GET):
            await caller.call("helpdesk", call)
        return caller.standing

    with Peer(answering("200 OK", MADE)) as peer:
        assert opened(peer.url, use) is Standing.ANSWERED


def test_a_reading_that_fails_after_the_act_is_not_known_as_not_done() -> None:
    """The act was answered, then the step read and failed: "not done" would send the act again."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.answer("200 OK", MADE)
        line.request()
        line.answer("503 Unavailable", b"", "Retry-After: 1")

    async def use(connections: Connections) -> None:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        await caller.call("helpdesk", POST)
        with pytest.raises(OutcomeUnknown, match="had acted before"):
            await caller.call("helpdesk", GET)
        assert caller.standing is Standing.ANSWERED

    with Peer(script) as peer:
        opened(peer.url, use)


def test_a_cancelled_act_is_unknown() -> None:
    """Whoever gives up on a step whose call is on its way does not know."""

    async def use(connections: Connections) -> Standing:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        call = asyncio.create_task(caller.call("helpdesk", POST))
        while not peer.requests:  # noqa: ASYNC110 - the peer is a thread
            await asyncio.sleep(0.005)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return caller.standing

    with Peer(stalls) as peer:
        assert opened(peer.url, use) is Standing.UNKNOWN


def test_an_act_cancelled_before_its_bytes_left_is_known_not_done() -> None:
    """Still connecting: nothing left."""

    async def slowly(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def use(connections: Connections) -> Standing:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        call = asyncio.create_task(caller.call("helpdesk", POST))
        await asyncio.sleep(0.02)
        assert caller.standing is Standing.UNKNOWN
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return caller.standing

    assert opened("http://desk.test", use, resolve=slowly) is Standing.NOT_DONE


@pytest.mark.parametrize(
    "path",
    [
        "acts",
        "",
        "//evil.test/x",
        "/a/../admin",
        "/a/%2e%2E/admin",
        "/a/.",
        "/a?x=1",
        "/a#b",
        "/a\\b",
        "/a\nb",
        "http://evil.test",
    ],
)
def test_a_path_leads_nowhere_else(path: str) -> None:
    """What a record puts into a path must not reach another resource, another host, or the query."""
    with Peer(answering("200 OK", MADE)) as peer:
        outcome = calling(peer.url, Call(method="POST", path=path, expect=Made))
        assert isinstance(outcome.error, PathRefused)
        assert outcome.standing is Standing.NOTHING
        assert peer.connections == 0


def test_a_body_that_is_no_json_is_refused_before_anything_is_sent() -> None:
    """The step's act is still to come."""
    outcome = calling("http://127.0.0.1:1", Call(method="POST", path="/acts", body={"x": float("nan")}))
    assert isinstance(outcome.error, BodyNotJson)
    assert outcome.standing is Standing.NOTHING


@pytest.mark.parametrize("key", ["", "ümlaut", "line\nbreak"])
def test_an_effects_key_can_be_sent(key: str) -> None:
    """Refused where it is made, not when a header is written."""
    with pytest.raises(ValueError, match="printable ASCII"):
        guard(key=key)


# -- what surrounds the calls ----------------------------------------------------------------


def test_a_missing_setting_names_its_variable() -> None:
    """`helpdesk-url` is HELPDESK_URL in the environment."""
    outcome = calling("")
    assert isinstance(outcome.error, DefinitionError)
    assert "HELPDESK_URL" in str(outcome.error)


@pytest.mark.parametrize("url", ["desk.test", "http://user:canary@desk.test"])
def test_a_setting_that_is_no_url_is_refused(url: str) -> None:
    """Also one with a password in it, which is not shown."""
    outcome = calling(url)
    assert isinstance(outcome.error, NoSuchAddress)
    assert "canary" not in str(outcome.error)


def test_an_unknown_connection_names_the_known_ones() -> None:
    """A slip of the pen is answered with the nearest name."""

    async def use(connections: Connections) -> object:
        return await connections.caller(step="assign", through=["helpdsk"], guard=guard()).call("helpdsk", POST)

    with pytest.raises(ConnectionUnknown, match="Known here: helpdesk"):
        opened("", use)


def test_a_disarmed_door_and_a_refused_address_leave_the_act_known_not_done() -> None:
    """Nothing left, so nothing was done, whatever stopped it."""
    with Peer(answering("200 OK", MADE)) as peer:
        disarmed = calling(peer.url, door=Door(Addresses(allow_loopback=True), armed=False))
        refused = calling(peer.url, door=Door(Addresses()))
        assert peer.connections == 0
    assert (type(disarmed.error), type(refused.error)) == (DoorDisarmed, AddressRefused)
    assert disarmed.standing is refused.standing is Standing.NOT_DONE


def test_connections_belong_to_the_loop_that_opened_them() -> None:
    """Before, after and elsewhere a call says so."""
    kept: list[ConnectionCaller] = []

    async def use(connections: Connections) -> None:
        kept.append(connections.caller(step="assign", through={"helpdesk"}, guard=guard()))

    opened("http://127.0.0.1:1", use)
    with pytest.raises(AnotherLoop):
        asyncio.run(kept[0].call("helpdesk", POST))


def test_the_time_out_of_the_connection_holds() -> None:
    """Declared as half a second."""
    began = time.monotonic()
    with Peer(stalls) as peer:
        calling(peer.url, accounts=impatient)
    assert 0.45 < time.monotonic() - began < 5


def test_all_steps_of_a_process_share_a_pool() -> None:
    """Every step brings its own caller; the connections underneath are used again."""

    async def use(connections: Connections) -> None:
        for _ in range(5):
            caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
            await caller.call("helpdesk", POST)

    with Peer(answering("200 OK", MADE)) as peer:
        opened(peer.url, use)
        assert (peer.connections, len(peer.requests)) == (1, 5)


# -- a client that is not ours -----------------------------------------------------------------


def test_a_permit_in_an_effect_is_its_one_act() -> None:
    """What the author's client says decides; anything else is unknown."""

    class OwnTrouble(Exception):
        pass

    ends: list[tuple[BaseException | None, Standing]] = [
        (None, Standing.ANSWERED),
        (TransientFailure("not done"), Standing.NOT_DONE),
        (PermanentFailure("refused"), Standing.REFUSED),
        (UnknownOutcome("who knows"), Standing.UNKNOWN),
        (OwnTrouble(), Standing.UNKNOWN),
    ]

    async def use(connections: Connections) -> None:
        for raised, standing in ends:
            caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
            with suppress(Failure, OwnTrouble):
                async with caller.permit("helpdesk", 1, {}):
                    assert caller.standing is Standing.UNKNOWN
                    if raised is not None:
                        raise raised
            assert caller.standing is standing
            with pytest.raises(SecondCall):
                async with caller.permit("helpdesk", 1, {}):
                    pass

    opened("http://127.0.0.1:1", use)


def test_a_late_permit_is_not_given() -> None:
    """The time to send holds for every client."""
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))

    async def use(connections: Connections) -> Standing:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard(send_by=0.0))
        with pytest.raises(NotSent):
            async with caller.permit("helpdesk", 1, {}):
                pytest.fail("it was given")
        return caller.standing

    assert opened("http://127.0.0.1:1", use, clock=clock) is Standing.NOT_DONE


def test_a_permit_to_read_is_given() -> None:
    """Without an effect it counts calls later, and acts nowhere; unnamed connections are refused as ever."""

    async def use(connections: Connections) -> Standing:
        caller = connections.caller(step="look", through={"helpdesk"})
        async with caller.permit("helpdesk", 1, {}), caller.permit("helpdesk", 2, {}):
            pass
        with pytest.raises(ConnectionNotNamed):
            caller.permit("books", 1, {})
        return caller.standing

    assert opened("http://127.0.0.1:1", use) is Standing.NOTHING


def test_an_authors_code_finds_its_caller(httpserver: HTTPServer) -> None:
    """`helpdesk.post(...)` in a step goes through all of this."""
    httpserver.expect_request("/acts", method="POST").respond_with_json({"id": "A1"})

    async def use(connections: Connections) -> Made:
        class Around:
            caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())

            def setting(self, name: str) -> str | None:
                return None

            def artifact(self, file: str) -> Path:
                return Path(file)

        around: Surroundings = Around()
        token = surroundings.set(around)
        try:
            return await helpdesk.post("/acts", json={"a": 1}, expect=Made)
        finally:
            surroundings.reset(token)

    assert opened(httpserver.url_for(""), use) == Made(id="A1")


class SlowVault:
    """A store that answers only when somebody else in the same process has been at work meanwhile."""

    def __init__(self) -> None:
        self.asked, self.others = threading.Event(), threading.Event()
        self.value = "first"

    def find(self, name: str) -> Found:
        """The value, after the others."""
        self.asked.set()
        assert self.others.wait(5), "the whole process waited for the vault"
        self.others.clear()
        return Found(value=SecretValue(name, self.value), source=Source.OPENBAO)

    def ways(self, name: str) -> str:
        """By the test."""
        return f"set {name}"


def test_others_go_on_while_a_vault_takes_its_time(httpserver: HTTPServer) -> None:
    """The first reading of a value, and the one after a 401, are done in a thread."""
    httpserver.expect_request("/acts/1").respond_with_handler(accepts_only("second"))
    vault = SlowVault()

    async def use(connections: Connections) -> object:
        connections._credentials = Secrets("dev", stores=[vault])
        call = asyncio.ensure_future(connections.caller(step="x", through={"helpdesk"}).call("helpdesk", GET))
        for value in ("first", "second"):
            assert await asyncio.to_thread(vault.asked.wait, 20)
            vault.asked.clear()
            vault.value = value
            vault.others.set()
        return await call

    assert opened(httpserver.url_for(""), use) == Made(id="A1")
    assert len(httpserver.log) == 2

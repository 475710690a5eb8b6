"""A secret's value is planted, every way to fail is taken, and the value is looked for in everything that became text."""

import asyncio
import base64
import io
import logging
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from helpdesk_account import CANARY, DELETE, GET, POST, Made, books, guard, helpdesk, impatient, opened
from peers import Line, Peer, answering, closed_port
from rich.console import Console
from rich.traceback import Traceback

from pilotage.authoring.ports import Call
from pilotage.connections.opening import Connections
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door

FORMS = (
    CANARY,
    quote(CANARY, safe=""),
    quote(CANARY),
    CANARY.replace("/", "\\/"),
    base64.b64encode(CANARY.encode()).decode(),
)
ECHO = f'{{"id": 7, "you_sent": "Bearer {CANARY}", "escaped": "{FORMS[3]}", "basic": "{FORMS[4]}"}}'.encode()
ECHOED = ("X-You-Sent: Bearer " + CANARY, "Location: https://x.test/?t=" + FORMS[1], "Set-Cookie: token=" + CANARY)


def cuts(line: Line, number: int) -> None:
    line.request()


def stalls(line: Line, number: int) -> None:
    line.request()
    line.stall()


def echoes_as_garbage(line: Line, number: int) -> None:
    line.send(line.request())


def echoes_in_half_a_head(line: Line, number: int) -> None:
    line.request()
    line.send(f"HTTP/1.1 200 OK\r\nX-Echo: {CANARY}\r\nX-".encode())


def echoes_in_half_a_body(line: Line, number: int) -> None:
    line.request()
    line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + ECHO)


def echoes_as_reason(line: Line, number: int) -> None:
    line.request()
    line.answer(f"400 {CANARY}", ECHO, *ECHOED)


PEERS: dict[str, Callable[[Line, int], None]] = {
    "cut": cuts,
    "stalled": stalls,
    "garbage": echoes_as_garbage,
    "half a head": echoes_in_half_a_head,
    "half a body": echoes_in_half_a_body,
    "reason": echoes_as_reason,
    **{
        status: answering(status, ECHO, *ECHOED)
        for status in ("200 OK", "303 See Other", "401 No", "404 No", "422 No", "429 Wait", "500 Oops", "503 Later")
    },
}
CALLS = {"act": POST, "read": GET, "delete": DELETE}


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says, at every level, with tracebacks."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield said
    root.removeHandler(handler)
    root.setLevel(before)


def texts(error: BaseException) -> list[str]:
    """Every way in which Python and rich show an exception, local variables of every frame included."""
    rich = Console(file=io.StringIO(), width=400)
    shown = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True, locals_max_string=None)
    rich.print(shown)
    standard = traceback.TracebackException.from_exception(error, capture_locals=True)
    file = rich.file
    assert isinstance(file, io.StringIO)
    response = getattr(error, "response", None)
    kept = [repr(response), repr(response.headers), response.body.decode("latin-1")] if response else []
    return [str(error), repr(error), repr(error.args), "".join(standard.format()), file.getvalue(), *kept]


def fails(url: str, call: Call, said: io.StringIO, **options: object) -> list[str]:
    """What became text when this call failed."""

    async def use(connections: Connections) -> list[str]:
        caller = connections.caller(step="assign", through={"helpdesk"}, guard=guard())
        try:
            await caller.call("helpdesk", call)
        except Exception as error:
            logging.getLogger("author").exception("it failed")
            return [*texts(error), repr(caller), repr(connections), repr(vars(caller))]
        return []

    found = opened(url, use, **options)  # type: ignore[arg-type]
    return [*found, said.getvalue()]


def assert_clean(found: list[str]) -> None:
    leaks = [text for text in found for form in FORMS if form in text]
    assert not leaks, leaks[0][:3000]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("peer", PEERS)
def test_no_answer_brings_the_secret_out(peer: str, call: str, logged: io.StringIO) -> None:
    """The other side echoes the credential in body, headers, reason, redirect and half answers."""
    with Peer(PEERS[peer]) as other:
        accounts = impatient if peer == "stalled" else (helpdesk, books)
        assert_clean(fails(other.url, CALLS[call], logged, accounts=accounts))


def test_no_failure_before_the_answer_brings_it_out(logged: io.StringIO) -> None:
    """Nobody listens, the door is disarmed, the address is refused, the path is none."""
    url = f"http://127.0.0.1:{closed_port()}"
    assert_clean(fails(url, POST, logged))
    assert_clean(fails(url, POST, logged, door=Door(Addresses(), armed=False)))
    assert_clean(fails(url, POST, logged, door=Door(Addresses())))
    assert_clean(fails(url, Call(method="GET", path="no path", expect=Made), logged))
    assert_clean(fails(url, Call(method="POST", path="/a", body={"x": object()}, expect=Made), logged))


def test_a_path_with_the_secret_in_it_is_redacted(logged: io.StringIO) -> None:
    """An author put it there; the failure's words show the path without it."""
    with Peer(answering("404 No")) as other:
        call = Call(method="GET", path="/t/" + CANARY.replace("/", "%2F"), expect=Made)
        found = fails(other.url, call, logged)
    assert CANARY.replace("/", "%2F") not in found[0]


def test_the_canary_would_be_found() -> None:
    """The search sees a value in a message, in a local variable and in a log."""

    async def leaks() -> None:
        hidden_in_a_local = CANARY
        raise ValueError(len(hidden_in_a_local))

    try:
        asyncio.run(leaks())
    except ValueError as error:
        with pytest.raises(AssertionError):
            assert_clean(texts(error))

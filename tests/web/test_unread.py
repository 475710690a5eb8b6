"""What is dropped of a request that was answered before it was read: a bounded part, and nothing where nobody sends."""

import asyncio
from collections.abc import Mapping

import pytest
from starlette.types import Message, Receive, Scope, Send

from pilotage.machinery.web.unread import Unread


async def refuses(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers without reading."""
    del scope, receive
    await send({"type": "http.response.start", "status": 401, "headers": []})
    await send({"type": "http.response.body", "body": b"no"})


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads to the end, then answers."""
    while (await receive()).get("more_body"):
        pass
    await refuses(scope, receive, send)


class Client:
    """Sends pieces of a thousand bytes until it has no more, and then is silent."""

    def __init__(self, pieces: int, *, ends: bool = False, **headers: str) -> None:
        self.pieces, self.ends, self.headers = pieces, ends, headers or {"transfer-encoding": "chunked"}
        self.read = 0
        self.got: list[Message] = []
        self.got_at_first_read = -1

    async def receive(self) -> Message:
        """The next piece."""
        if self.got_at_first_read < 0:
            self.got_at_first_read = len(self.got)
        if self.read == self.pieces:
            await asyncio.Event().wait()
        self.read += 1
        more = self.read < self.pieces or not self.ends
        return {"type": "http.request", "body": b"x" * 1_000, "more_body": more}

    async def send(self, message: Message) -> None:
        """What is answered."""
        self.got.append(message)

    def asks(self, app: object, *, seconds: float = 30.0) -> Mapping[bytes, bytes]:
        """Ask the app behind the middleware; the headers of its answer."""
        inner = Unread(app, at_most=50_000, seconds=seconds)  # type: ignore[arg-type]
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in self.headers.items()]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": named}
        asyncio.run(asyncio.wait_for(inner(scope, self.receive, self.send), timeout=60))
        assert b"".join(one.get("body", b"") for one in self.got[1:]) == b"no"
        assert [one.get("more_body", False) for one in self.got[1:]][-1] is False
        return dict(self.got[0]["headers"])


def test_a_client_is_heard_out_and_has_its_answer_before() -> None:
    """The answer goes first, then what still comes is dropped to its end, and the connection ends."""
    client = Client(20, ends=True)
    assert client.asks(refuses) == {b"connection": b"close"}
    assert (client.read, client.got_at_first_read) == (20, 2)


def test_one_that_never_ends_is_heard_so_far_and_no_further() -> None:
    """Nobody keeps the server reading for ever."""
    client = Client(10**9)
    client.asks(refuses)
    assert client.read == 50


def test_one_that_falls_silent_is_waited_for_so_long_and_no_longer() -> None:
    """With the connection still open."""
    client = Client(3)
    client.asks(refuses, seconds=0.2)
    assert client.read == 3


def test_what_was_read_to_its_end_keeps_its_connection() -> None:
    """Nothing changes for whoever was read."""
    client = Client(3, ends=True)
    assert client.asks(reads) == {}


@pytest.mark.parametrize("headers", [{"content_length": "0"}, {"content_length": "9", "expect": "100-continue"}])
def test_one_that_sends_nothing_is_not_listened_to(headers: dict[str, str]) -> None:
    """A request without a body; and one that asks first whether it may send: the answer tells it."""
    client = Client(0, **headers)
    client.asks(refuses)
    assert client.got_at_first_read == -1

"""A library that takes an httpx2 client goes through the same door."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from peers import Line, Peer, answering, closed_port

from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed
from pilotage.machinery.net.injection import httpx2_client
from pilotage.machinery.net.messages import Answer, Outgoing


def through(
    use: Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]],
    *,
    door: Door | None = None,
    send_by: float | None = None,
) -> httpx2.Response:
    async def run() -> httpx2.Response:
        bounds = Bounds(total=1, connect_pause=0.001)
        client = HttpClient(door or Door(Addresses(allow_loopback=True)), bounds)

        async def send(request: Outgoing) -> Answer:
            return await client.send(request, Departure(send_by=send_by, monotonic=lambda: 2.0))

        async with client, httpx2_client(send) as injected:
            return await use(injected)

    return asyncio.run(run())


def test_a_call_goes_through() -> None:
    """Method, path, query, headers and body arrive; the answer comes back as httpx2's own."""
    with Peer(answering("201 Created", b'{"id":1}')) as peer:
        answer = through(
            lambda client: client.put(f"{peer.url}/a/b", params={"q": "ü"}, json={"x": 1}, headers={"X-Y": "z"})
        )
    assert (answer.status_code, answer.json()) == (201, {"id": 1})
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /a/b?q=%C3%BC HTTP/1.1")
    assert b"x-y: z" in head.lower()
    assert head.lower().count(b"content-length:") == head.lower().count(b"host:") == 1
    assert body == b'{"x":1}'


def test_redirects_are_not_followed() -> None:
    """The library sees the redirect and decides."""
    with Peer(answering("307 Temporary Redirect", b"", "Location: /other")) as peer:
        assert through(lambda client: client.post(peer.url, json={})).status_code == 307
        assert len(peer.requests) == 1


def test_what_never_left_and_what_may_have_left_are_httpx2s_own_errors() -> None:
    """ConnectError for the one, ReadError or ReadTimeout for the other: what such libraries look for."""

    def cuts(line: Line, number: int) -> None:
        line.request()

    def silent(line: Line, number: int) -> None:
        line.request()
        line.stall()

    def half(line: Line, number: int) -> None:
        line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{")

    with pytest.raises(httpx2.ConnectError):
        through(lambda client: client.get(f"http://127.0.0.1:{closed_port()}/"))
    with Peer(cuts) as peer, pytest.raises(httpx2.ReadError):
        through(lambda client: client.get(peer.url))
    with Peer(silent) as peer, pytest.raises(httpx2.ReadTimeout):
        through(lambda client: client.get(peer.url))
    with Peer(half) as peer, pytest.raises(httpx2.RemoteProtocolError):
        through(lambda client: client.get(peer.url))


def test_the_doors_refusals_come_out_as_they_are() -> None:
    """A rehearsal stops an SDK as it stops a step."""
    with pytest.raises(DoorDisarmed):
        through(lambda client: client.get("http://127.0.0.1:1/"), door=Door(Addresses(), armed=False))


def test_each_request_gets_its_own_leave() -> None:
    """Whoever hands the client out decides until when a request may leave."""
    with Peer(answering()) as peer:
        with pytest.raises(httpx2.ConnectError, match="was over before its first byte left"):
            through(lambda client: client.get(peer.url), send_by=1.0)
        assert peer.requests == []

"""The door tells precisely what became of a request, against other sides that misbehave on a real socket."""

import asyncio
import gzip
import time
import zlib
from collections.abc import Awaitable, Callable

import pytest
from peers import Line, Peer, answering, closed_port

from pilotage.machinery.net.addresses import Addresses, named_addresses
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import (
    AddressRefused,
    AnotherLoop,
    DoorDisarmed,
    MayHaveLeft,
    NeverLeft,
    NoSuchAddress,
    TookTooLong,
    TooLate,
)
from pilotage.machinery.net.messages import Answer, Outgoing, origin

HERE = Addresses(allow_loopback=True)
PATIENT = Bounds(total=10, connect_pause=0.001)
QUICK = Bounds(total=0.4, connect_pause=0.001)


def post(url: str, *, headers: dict[str, str] | None = None, body: bytes = b'{"a":1}', path: str = "/acts") -> Outgoing:
    return Outgoing(method="POST", origin=origin(url), path=path, headers=headers or {}, body=body)


def leave(send_by: float | None = None) -> Departure:
    return Departure(send_by=send_by, monotonic=time.monotonic)


def with_client(
    use: Callable[[HttpClient], Awaitable[object]],
    *,
    bounds: Bounds = PATIENT,
    door: Door | None = None,
    **options: object,
) -> object:
    async def run() -> object:
        async with HttpClient(door or Door(HERE), bounds, **options) as client:  # type: ignore[arg-type]
            return await use(client)

    return asyncio.run(run())


def send(request: Outgoing, **options: object) -> Answer:
    answer = with_client(lambda client: client.send(request, leave()), **options)  # type: ignore[arg-type]
    assert isinstance(answer, Answer)
    return answer


# -- answered --------------------------------------------------------------------


def test_a_whole_answer_comes_back_as_it_was_sent() -> None:
    """Status, headers and body arrive; the request went out with its own headers and length."""
    with Peer(answering("201 Created", b'{"id":"A1"}', "X-One: 1", "X-One: 2")) as peer:
        answer = send(post(peer.url + "/v1/", headers={"Idempotency-Key": "k1"}, path="/acts/ü b"))
    assert (answer.status, answer.body, answer.fault) == (201, b'{"id":"A1"}', None)
    assert answer.headers["x-one"] == "1, 2"
    head, _, body = peer.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/acts/%C3%BC%20b HTTP/1.1")
    assert b"Idempotency-Key: k1" in head
    assert body == b'{"a":1}'


def test_every_status_is_an_answer() -> None:
    """What a status means is decided elsewhere; the door raises for none, and follows no redirect."""
    with Peer(answering("303 See Other", b"", "Location: /elsewhere")) as peer:
        assert send(post(peer.url)).status == 303
    assert len(peer.requests) == 1


def test_a_connection_is_used_again() -> None:
    """Calls that follow each other share one connection."""

    async def three(client: HttpClient) -> None:
        for _ in range(3):
            await client.send(post(peer.url), leave())

    with Peer(answering()) as peer:
        with_client(three)
        assert (peer.connections, len(peer.requests)) == (1, 3)


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_body_is_unpacked(pack: Callable[[bytes], bytes]) -> None:
    """Some servers pack although they were not asked to."""
    name = "gzip" if pack is gzip.compress else "deflate"
    with Peer(answering("200 OK", pack(b'{"a":1}'), f"Content-Encoding: {name}")) as peer:
        assert send(post(peer.url)).body == b'{"a":1}'


# -- an answer that is not whole -------------------------------------------------------


def test_a_body_over_the_limit_is_cut_off() -> None:
    """A huge body is read up to the limit and no further; the status is known all the same."""
    with Peer(answering("500 Oops", b"x" * 300_000)) as peer:
        answer = send(post(peer.url), bounds=Bounds(answer_bytes=1000))
    assert (answer.status, len(answer.body)) == (500, 1000)
    assert answer.fault == "its body is larger than 1000 bytes"


def test_an_endless_body_ends_at_the_limit() -> None:
    """Chunks without an end do not fill the memory."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            line.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    with Peer(script) as peer:
        answer = send(post(peer.url), bounds=Bounds(answer_bytes=100_000, total=5))
    assert len(answer.body) == 100_000
    assert answer.fault is not None


def test_a_packed_bomb_does_not_unfold() -> None:
    """A small body that unpacks to a huge one is cut at the limit as well."""
    with Peer(answering("200 OK", gzip.compress(b"x" * 1_000_000), "Content-Encoding: gzip")) as peer:
        answer = send(post(peer.url), bounds=Bounds(answer_bytes=10_000))
    assert len(answer.body) <= 10_000
    assert answer.fault is not None


def test_half_a_body_is_a_fault_of_the_answer() -> None:
    """The connection ends in the middle of the body: the status is known, the body is not whole."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.send(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":')

    with Peer(script) as peer:
        answer = send(post(peer.url))
    assert (answer.status, answer.body) == (200, b'{"id":')
    assert answer.fault is not None


def test_a_body_that_drips_ends_at_the_total_time() -> None:
    """A byte now and then does not hold a sender for ever."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            line.send(b" ")
            time.sleep(0.02)

    with Peer(script) as peer:
        began = time.monotonic()
        answer = send(post(peer.url), bounds=QUICK)
    assert answer.fault == "not done within 0.4 s"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("encoding", "body"), [("br", b"\x0b\x02\x80{}"), ("gzip", b"no gzip at all"), ("gzip", gzip.compress(b"{}")[:-4])]
)
def test_a_body_that_cannot_be_unpacked_is_a_fault(encoding: str, body: bytes) -> None:
    """What cannot be read is never passed on as data."""
    with Peer(answering("200 OK", body, f"Content-Encoding: {encoding}")) as peer:
        assert send(post(peer.url)).fault is not None


# -- may have left ---------------------------------------------------------------------


def cuts(line: Line, number: int) -> None:
    line.request()


def resets(line: Line, number: int) -> None:
    line.request()
    line.reset()


def stalls(line: Line, number: int) -> None:
    line.request()
    line.stall()


def talks_garbage(line: Line, number: int) -> None:
    line.request()
    line.send(b"\x00\x01\x02 what is this \r\n\r\n")


def sends_half_a_head(line: Line, number: int) -> None:
    line.request()
    line.send(b"HTTP/1.1 200 OK\r\nContent-Le")


def sends_an_endless_head(line: Line, number: int) -> None:
    line.request()
    line.send(b"HTTP/1.1 200 OK\r\n" + b"X-Filler: yes\r\n" * 100_000)


@pytest.mark.parametrize("script", [cuts, resets, stalls, talks_garbage, sends_half_a_head, sends_an_endless_head])
def test_no_answer_after_bytes_left_is_unknown(script: Callable[[Line, int], None]) -> None:
    """Whatever the other side does instead of answering: the request may have been carried out, and is not sent again."""
    with Peer(script) as peer:
        with pytest.raises(MayHaveLeft) as caught:
            send(post(peer.url), bounds=QUICK if script is stalls else PATIENT)
        assert peer.connections == 1
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_server_that_closes_before_it_reads_is_unknown_once_bytes_left() -> None:
    """Accepting and closing at once proves nothing: the bytes were handed over."""

    def script(line: Line, number: int) -> None:
        line.raw.recv(1)
        line.reset()

    with Peer(script) as peer, pytest.raises(MayHaveLeft):
        send(post(peer.url, body=b"x" * 5_000_000), bounds=PATIENT)


# -- never left -----------------------------------------------------------------------


def test_a_refused_connection_was_never_made_and_is_tried_three_times() -> None:
    """Nobody listens: nothing left. Only this is tried again here, shortly."""
    tried: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        tried.append(host)
        return ["127.0.0.1"]

    with pytest.raises(NeverLeft, match="not sent"):
        send(post(f"http://desk.test:{closed_port()}"), resolve=resolve)
    assert tried == ["desk.test"] * 3


def test_a_connection_made_at_the_second_try_sends_once() -> None:
    """A server that comes back within the time gets the request, once."""
    tries: list[int] = []

    async def resolve(host: str, port: int) -> list[str]:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("try again")
        return ["127.0.0.1"]

    with Peer(answering()) as peer:
        assert send(post(f"http://desk.test:{peer.port}"), resolve=resolve).status == 200
        assert len(peer.requests) == 1


def test_a_name_that_nobody_knows_is_never_left() -> None:
    """The name server knows no such host."""

    async def resolve(host: str, port: int) -> list[str]:
        import socket

        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(NeverLeft, match="Name or service not known"):
        send(post("http://no-such-host.test"), resolve=resolve)


def test_a_name_server_that_stalls_ends_within_the_time_to_connect() -> None:
    """No address in time: nothing left."""

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(NeverLeft, match="no connection within"):
        send(post("http://slow.test"), resolve=resolve, bounds=QUICK)


def test_no_place_in_the_pool_is_never_left() -> None:
    """A call that waits for a connection until its time is over has sent nothing."""

    async def use(client: HttpClient) -> list[object]:
        calls = [client.send(post(peer.url), leave()) for _ in range(2)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with Peer(stalls) as peer:
        outcomes = with_client(use, bounds=Bounds(total=1, pool=0.05, connections=1, connect_pause=0.001))
    assert [type(outcome) for outcome in outcomes] == [TookTooLong, NeverLeft]  # type: ignore[attr-defined]


def test_tls_with_somebody_who_does_not_speak_it_is_never_left() -> None:
    """A failed handshake sends nothing of the request."""

    def script(line: Line, number: int) -> None:
        line.raw.recv(1000)
        line.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Peer(script) as peer, pytest.raises(NeverLeft):
        send(post(peer.url.replace("http:", "https:")), bounds=PATIENT)


def test_the_second_address_of_a_name_is_tried() -> None:
    """Where the first address takes no connection, the next one is asked."""

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    with Peer(answering()) as peer:
        assert send(post(f"http://desk.test:{peer.port}"), resolve=resolve).status == 200


# -- kept connections -------------------------------------------------------------------


def test_a_connection_closed_while_idle_is_not_used_for_the_next_request() -> None:
    """The server closed the kept connection: it is seen before the first byte, and a new one carries the request."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.answer()

    async def two(client: HttpClient) -> list[int]:
        first = await client.send(post(peer.url), leave())
        await asyncio.sleep(0.05)
        second = await client.send(post(peer.url), leave())
        return [first.status, second.status]

    with Peer(script) as peer:
        assert with_client(two) == [200, 200]
        assert (peer.connections, len(peer.requests)) == (2, 2)


def test_a_connection_closed_without_the_loop_knowing_is_seen_at_the_socket() -> None:
    """Closed while this process was busy: the operating system is asked directly before the bytes leave."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.answer()

    async def two(client: HttpClient) -> list[int]:
        first = await client.send(post(peer.url), leave())
        time.sleep(0.05)  # noqa: ASYNC251 - the loop must not see the end of the connection
        second = await client.send(post(peer.url), leave())
        return [first.status, second.status]

    with Peer(script) as peer:
        assert with_client(two) == [200, 200]
        assert (peer.connections, len(peer.requests)) == (2, 2)


def test_a_kept_connection_cut_after_the_bytes_left_is_unknown() -> None:
    """The race that nobody can win: the request is out and the connection ends. It is not sent again."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.answer()
        line.request()
        line.reset()

    async def two(client: HttpClient) -> None:
        await client.send(post(peer.url), leave())
        await client.send(post(peer.url), leave())

    with Peer(script) as peer:
        with pytest.raises(MayHaveLeft):
            with_client(two)
        assert (peer.connections, len(peer.requests)) == (1, 2)


def test_words_that_nobody_asked_for_spoil_a_kept_connection() -> None:
    """What arrives on an idle connection is not taken for the answer to the next request."""

    def script(line: Line, number: int) -> None:
        line.request()
        line.answer("200 OK", b'{"number":%d}' % number)
        if number == 1:
            line.answer("200 OK", b'{"smuggled":true}')
            line.stall()

    async def two(client: HttpClient) -> bytes:
        await client.send(post(peer.url), leave())
        await asyncio.sleep(0.05)
        return (await client.send(post(peer.url), leave())).body

    with Peer(script) as peer:
        assert with_client(two) == b'{"number":2}'


def test_a_server_that_speaks_first_gets_no_request() -> None:
    """What it said before it was asked would be taken for its answer; it is no HTTP, or it wants to close."""

    def script(line: Line, number: int) -> None:
        line.send(b"220 mail.test ESMTP ready\r\n")
        line.request()

    async def use(client: HttpClient) -> None:
        # The greeting needs a moment; a request that is quicker than it finds no HTTP, which is unknown.
        client._backend.connect_tcp = _after_a_moment(client._backend.connect_tcp)
        await client.send(post(peer.url), leave())

    with Peer(script) as peer:
        with pytest.raises(NeverLeft):
            with_client(use)
        assert peer.requests == []


def _after_a_moment(connect: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    async def connected(*arguments: object, **named: object) -> object:
        wire = await connect(*arguments, **named)
        await asyncio.sleep(0.05)
        return wire

    return connected


# -- leave to send ------------------------------------------------------------------------


def test_a_late_request_does_not_leave() -> None:
    """The time to send was over before: no connection is even made."""
    with Peer(answering()) as peer:
        with pytest.raises(TooLate):
            with_client(lambda client: client.send(post(peer.url), leave(time.monotonic() - 1)))
        assert peer.connections == 0


def test_a_request_that_is_late_by_the_time_the_connection_stands_does_not_leave() -> None:
    """It is checked directly before the first byte, not at the beginning: the connection stands and nothing is written."""
    leaving = leave(time.monotonic() + 0.05)

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(0.1)
        return ["127.0.0.1"]

    with Peer(answering()) as peer, pytest.raises(TooLate):
        with_client(lambda client: client.send(post(f"http://x.test:{peer.port}"), leaving), resolve=resolve)
    assert (peer.connections, peer.requests, leaving.left) == (1, [], False)


def test_a_request_leaves_in_one_piece() -> None:
    """Head and body of a small request arrive together, so it is all gone or nothing."""
    pieces: list[bytes] = []

    def script(line: Line, number: int) -> None:
        pieces.append(line.raw.recv(65536))
        line.answer()

    with Peer(script) as peer:
        send(post(peer.url))
    assert pieces[0].startswith(b"POST /acts")
    assert pieces[0].endswith(b'{"a":1}')


def test_a_large_request_arrives_whole() -> None:
    """More than fits into the buffers of both sides."""
    body = bytes(range(256)) * 20_000
    with Peer(answering()) as peer:
        assert send(post(peer.url, body=body), bounds=PATIENT).status == 200
    assert peer.requests[0].endswith(body)


def test_a_cancelled_call_leaves_no_connection_behind() -> None:
    """Whoever gives a call up gets its place in the pool back, and may call again."""

    async def use(client: HttpClient) -> int:
        call = asyncio.create_task(client.send(post(peer.url), leave()))
        await asyncio.sleep(0.05)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return (await client.send(post(peer.url), leave())).status

    def script(line: Line, number: int) -> None:
        line.request()
        if number == 1:
            line.stall()
        line.answer()

    with Peer(script) as peer:
        assert with_client(use, bounds=Bounds(total=10, connections=1)) == 200


# -- the door -----------------------------------------------------------------------------


def test_a_disarmed_door_lets_nothing_out_and_counts() -> None:
    """Every call is refused with an error that says so, and counted."""
    door = Door(HERE, armed=False)
    with Peer(answering()) as peer:
        for _ in range(2):
            with pytest.raises(DoorDisarmed, match="disarmed"):
                with_client(lambda client: client.send(post(peer.url), leave()), door=door)
        assert peer.connections == 0
        assert door.refused == {f"POST {peer.url}": 2}
        door.arm()
        assert send(post(peer.url), door=door).status == 200


def test_a_door_disarmed_meanwhile_stops_the_next_call() -> None:
    """Also a connection that is open already."""
    door = Door(HERE)

    async def use(client: HttpClient) -> None:
        await client.send(post(peer.url), leave())
        door.disarm()
        await client.send(post(peer.url), leave())

    with Peer(answering()) as peer:
        with pytest.raises(DoorDisarmed):
            with_client(use, door=door)
        assert len(peer.requests) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "desk.test", "2130706433.test"])
def test_an_address_that_is_not_allowed_is_not_called(host: str) -> None:
    """A name is judged by where it leads, and no connection is made."""

    async def resolve(name: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with Peer(answering()) as peer:
        with pytest.raises(AddressRefused, match="may not be called"):
            send(post(f"http://{host}:{peer.port}"), door=Door(Addresses()), resolve=resolve)
        assert peer.connections == 0


def test_of_several_addresses_only_the_allowed_are_called() -> None:
    """One good address does not open the way to the others."""
    with Peer(answering()) as peer:

        async def resolve(name: str, port: int) -> list[str]:
            return ["169.254.169.254", "10.0.0.1", "127.0.0.1"]

        assert send(post(f"http://desk.test:{peer.port}"), resolve=resolve).status == 200


def test_a_named_host_is_called_where_it_leads_and_no_other() -> None:
    """The name is allowed, so its private address is; another name that leads to the same place is not."""

    async def resolve(name: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    with Peer(answering()) as peer:
        door = Door(named_addresses(["erp.internal"]))
        assert send(post(f"http://ERP.internal:{peer.port}"), door=door, resolve=resolve).status == 200
        with pytest.raises(AddressRefused, match=r"desk\.internal leads to") as refused:
            send(post(f"http://desk.internal:{peer.port}"), door=door, resolve=resolve)
        assert 'private-addresses = ["desk.internal"]' in refused.value.remedy
        assert peer.connections == 1


def test_a_name_that_leads_elsewhere_the_next_time_is_judged_again() -> None:
    """It is asked once for each connection, what it says is judged, and the connection goes there and nowhere else."""
    with Peer(answering("200 OK", b"", "Connection: close")) as peer:
        said = iter([["127.0.0.1"], ["169.254.169.254"]])
        asked: list[str] = []

        async def resolve(name: str, port: int) -> list[str]:
            asked.append(name)
            return next(said)

        async def use(client: HttpClient) -> None:
            request = post(f"http://erp.internal:{peer.port}")
            assert (await client.send(request, leave())).status == 200
            assert asked == ["erp.internal"]
            with pytest.raises(AddressRefused, match=r"169\.254\.169\.254") as refused:
                await client.send(request, leave())
            assert 'private-addresses = ["169.254.169.254"]' in refused.value.remedy

        with_client(use, door=Door(named_addresses(["erp.internal"])), resolve=resolve)
        assert peer.connections == 1


def test_one_connections_addresses_are_not_anothers() -> None:
    """Through the same door, which is disarmed and counts for all of them."""
    addresses = Addresses(connections={"erp": named_addresses(["127.0.0.1"])})
    with Peer(answering()) as peer:
        door = Door(addresses)
        assert send(post(peer.url), door=door.towards("erp")).status == 200
        with pytest.raises(AddressRefused):
            send(post(peer.url), door=door.towards("crm"))
        assert door.acts_sent == 2
        door.disarm()
        with pytest.raises(DoorDisarmed):
            send(post(peer.url), door=door.towards("erp"))
        assert sum(door.refused.values()) == 1
        assert peer.connections == 1


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says about proxies changes nothing: the credential goes where it was meant to go."""
    with Peer(answering()) as peer, Peer(answering("502 Proxy")) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert send(post(peer.url)).status == 200
        assert proxy.connections == 0


def test_a_client_belongs_to_its_loop() -> None:
    """Used in another event loop it would hang now and then; it says so instead."""

    async def make() -> HttpClient:
        return HttpClient(Door(HERE), QUICK)

    client = asyncio.run(make())
    with pytest.raises(AnotherLoop):
        asyncio.run(client.send(post("http://127.0.0.1:1"), leave()))


# -- addresses as text ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["", "ftp://x", "desk.test/v1", "https://", "https://x:port", "https://u:pw@x", "https://x?q=1", "https://x#f"],
)
def test_a_base_url_that_is_none_is_refused(url: str) -> None:
    """The message says how to write it, and shows no password."""
    with pytest.raises(NoSuchAddress) as caught:
        origin(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://Desk.Test/v1/", "https://desk.test/v1"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://[::1]:8080/a b", "http://[::1]:8080/a%20b"),
        ("https://bücher.test", "https://xn--bcher-kva.test"),
    ],
)
def test_a_base_url_is_read(url: str, shown: str) -> None:
    """Host in lower case, names of other alphabets as the network writes them, no slash at the end."""
    assert str(origin(url)) == shown


def test_a_header_that_cannot_be_sent_is_refused_without_showing_it() -> None:
    """A line break in a value would add a header; the message names the header alone."""
    with pytest.raises(NoSuchAddress) as caught:
        send(post("http://127.0.0.1:1", headers={"X-Secret": "geheim\r\nX-Other: 1"}))
    assert "X-Secret" in str(caught.value)
    assert "geheim" not in str(caught.value)

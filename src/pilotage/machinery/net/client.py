"""Sends one request through the door and says what became of it: an answer, never left, or may have left."""

import asyncio
import logging
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from types import TracebackType
from typing import Final, Self, cast

import httpcore2

from pilotage.machinery.net.departure import Departure, departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AnotherLoop, MayHaveLeft, NeverLeft, TookTooLong
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.net.wire import Backend, Resolve, Wire, resolve

# At DEBUG httpcore2 logs headers, and a service may echo a credential in one.
logging.getLogger("httpcore2").setLevel(logging.INFO)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What one pool of connections may take: time in seconds, size in bytes, connections in number."""

    total: float = 10.0
    """For the whole call, tries to connect included."""
    connect: float = 5.0
    read: float | None = None
    """Between two pieces of an answer; None: only the total counts. The same for `write` and a place in the pool."""
    write: float | None = None
    pool: float | None = None
    answer_bytes: int = 4 * 1024 * 1024
    connections: int = 64
    idle: float = 1.5
    """Seconds for which an unused connection is kept. Shorter than servers keep theirs (two seconds and more), because a
    connection that the server closes while a request is on its way leaves an unknown outcome."""
    connect_tries: int = 3
    """How often a connection is tried for one call, where nothing has left."""
    connect_pause: float = 0.05


class _Arriving:
    """An answer on its way in."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.late = False
        """Its time was over before it was here."""
        self.headers: dict[str, str] = {}
        self.body = bytearray()

    def head(self, response: httpcore2.Response) -> None:
        for raw_name, raw_value in response.headers:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            self.headers[name] = f"{self.headers[name]}, {value}" if name in self.headers else value
        self.status = response.status

    def answer(self, fault: str | None, limit: int) -> Answer:
        assert self.status is not None
        body, undone = _decoded(bytes(self.body), self.headers.get("content-encoding", ""), limit)
        return Answer(status=self.status, headers=self.headers, body=body, fault=fault or undone)


def _decoded(body: bytes, encoding: str, limit: int) -> tuple[bytes, str | None]:
    """The body unpacked, which we do not ask for and some servers do all the same; never larger than the limit."""
    if encoding.lower() in {"", "identity"} or not body:
        return body, None
    if encoding.lower() not in {"gzip", "deflate"}:
        return body, f"its body is packed in a way that was not asked for ({encoding[:40]!r})"
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = unpack.decompress(body, limit)
    except zlib.error:
        return body, "its body cannot be unpacked"
    return plain, None if unpack.eof else "its body is not whole or larger than the limit"


def _spoil_if_unclean(response: httpcore2.Response) -> None:
    """Keep a connection from being used again when more came than the answer.

    A server that counts its bodies wrongly, or answers twice, would have its surplus taken for the answer to the next
    request, and all later answers would be one off. The surplus lies in h11's buffer, which httpcore2 has no public way to;
    if a later version keeps it elsewhere, no connection is used again, and the test of reuse fails.
    """
    found: object = response.stream
    for name in ("_stream", "_connection", "_h11_state", "trailing_data"):
        found = getattr(found, name, None)
    clean = isinstance(found, tuple) and not cast("tuple[bytes, bool]", found)[0]
    wire = cast("Mapping[str, object]", response.extensions).get("network_stream")
    if not clean and isinstance(wire, Wire):
        wire.spoil()


@lru_cache(maxsize=1)
def system_trust() -> ssl.SSLContext:
    """The certificates that this machine trusts (or SSL_CERT_FILE); read once, because that takes a tenth of a second."""
    return httpcore2.default_ssl_context()


class HttpClient:
    """A pool of connections to one service. Belongs to the event loop that opened it."""

    def __init__(
        self,
        door: Door,
        bounds: Bounds | None = None,
        *,
        resolve: Resolve = resolve,
        tls: Callable[[], ssl.SSLContext] = system_trust,
        chance: Random | None = None,
    ) -> None:
        self._door = door
        self._chance = chance or Random()  # noqa: S311 - spreads tries over time, hides nothing
        self.bounds: Final = bounds or Bounds()
        self._timeouts: Final[Mapping[str, float | None]] = {
            "connect": min(self.bounds.connect, self.bounds.total),
            "read": self.bounds.read,
            "write": self.bounds.write,
            "pool": self.bounds.pool,
        }
        self._loop = asyncio.get_running_loop()
        self._backend = Backend(door, resolve)
        self._tls = tls
        self._pools: dict[str, httpcore2.AsyncConnectionPool] = {}

    def _pool(self, scheme: str) -> httpcore2.AsyncConnectionPool:
        pool = self._pools.get(scheme)
        if pool is None:
            pool = self._pools[scheme] = httpcore2.AsyncConnectionPool(
                ssl_context=self._tls() if scheme == "https" else None,
                max_connections=self.bounds.connections,
                max_keepalive_connections=self.bounds.connections,
                keepalive_expiry=self.bounds.idle,
                network_backend=self._backend,
            )
        return pool

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Send it, and give the answer as soon as there is one, whatever its status.

        Raises NeverLeft when no byte left (TooLate when it was not allowed to any more), MayHaveLeft otherwise; the door's
        refusals come out as they are. Nothing that it raises has a library's exception behind it: those carry contents.
        """
        if asyncio.get_running_loop() is not self._loop:
            raise AnotherLoop(
                "A client was used in another event loop.", "Open connections in the loop that makes the calls."
            )
        self._door.pass_through(request.method, str(request.origin), reads=request.reads)
        leaving.check()
        arriving = _Arriving()
        token = departure.set(leaving)
        try:
            fault = await self._within_total(request, leaving, arriving)
        finally:
            departure.reset(token)
        if arriving.status is not None:
            return arriving.answer(fault, self.bounds.answer_bytes)
        if leaving.left:
            kind = TookTooLong if arriving.late else MayHaveLeft
            raise kind(f"It was sent, but there is no answer: {fault}.")
        raise NeverLeft(f"It was not sent: {fault}.")

    async def _within_total(self, request: Outgoing, leaving: Departure, arriving: _Arriving) -> str | None:
        try:
            async with asyncio.timeout(self.bounds.total):
                return await self._connecting_again(request, leaving, arriving)
        except TimeoutError:
            arriving.late = True
            return f"{'no connection' if not leaving.left else 'not done'} within {self.bounds.total:g} s"

    async def _connecting_again(self, request: Outgoing, leaving: Departure, arriving: _Arriving) -> str | None:
        """What went wrong, or None. Only a connection that was never made is tried again here."""
        tries = self.bounds.connect_tries
        while True:
            fault = await self._exchange(request, arriving)
            tries -= 1
            if fault is None or leaving.left or tries <= 0:
                return fault
            await asyncio.sleep(self.bounds.connect_pause * self._chance.uniform(0.5, 1.5))
            leaving.check()

    async def _exchange(self, request: Outgoing, arriving: _Arriving) -> str | None:
        try:
            response = await self._pool(request.origin.scheme).handle_async_request(request.to_core(self._timeouts))
            try:
                arriving.head(response)
                fault = await self._receive(response, arriving)
                _spoil_if_unclean(response)
                return fault
            finally:
                await response.aclose()
        except httpcore2.RemoteProtocolError:
            return "the connection was cut, or what came over it is no HTTP"
        except httpcore2.TimeoutException as error:
            arriving.late = True
            return str(error) or "it took longer than the time-out"
        except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            return str(error) or "the connection was cut"

    async def _receive(self, response: httpcore2.Response, arriving: _Arriving) -> str | None:
        limit = self.bounds.answer_bytes
        async for chunk in response.aiter_stream():
            arriving.body += chunk
            if len(arriving.body) > limit:
                del arriving.body[limit:]
                return f"its body is larger than {limit} bytes"
        return None

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

"""The socket under httpcore2: connects to judged addresses alone, and knows when the first byte of a request leaves.

Why not the backend that httpcore2 brings: it cannot say whether a byte left, cannot look at a kept connection directly
before it is used again, and judges no address. This one also sends head and body of a small request in one piece.
"""

import asyncio
import select
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Final, cast

import httpcore2
from httpcore2 import SOCKET_OPTION

from pilotage.machinery.net.addresses import not_allowed, way_to_allow
from pilotage.machinery.net.departure import departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AddressRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the IP addresses of a host name, in the order in which they are to be tried."""

_HOLD_BACK: Final = 64 * 1024
"""Up to so many bytes of a request wait for the rest of it, so that one that never leaves has not half left."""
_READ_AHEAD: Final = 256 * 1024
_NEXT_ADDRESS_AFTER: Final = 1.0
"""Seconds for an address of a name that has more than one."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host name as the system's resolver knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Backend(httpcore2.AsyncNetworkBackend):
    """Makes the connections of one process."""

    def __init__(self, door: Door, resolve: Resolve = resolve) -> None:
        self._door = door
        self._resolve = resolve

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first allowed address of `host` that takes one."""
        del local_address, socket_options
        try:
            async with asyncio.timeout(timeout):
                return await self._connect(await self._allowed(host, port), port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("no connection within the time-out") from None
        except OSError as error:
            raise httpcore2.ConnectError(_said(error)) from None

    async def _allowed(self, host: str, port: int) -> Sequence[str]:
        found = [host] if _is_address(host) else await self._resolve(host, port)
        if not found:
            raise httpcore2.ConnectError("its name has no address")
        allowed = [address for address in found if self._door.addresses.allow(address, host)]
        if not allowed:
            raise AddressRefused(
                not_allowed(host, found, self._door.addresses),
                f"Correct the base URL; if the service is meant to be there, {way_to_allow(host, found)}",
            )
        return allowed

    async def _connect(self, addresses: Sequence[str], port: int) -> "Wire":
        loop = asyncio.get_running_loop()
        for address in addresses[:-1]:
            with suppress(OSError):  # TimeoutError is one; the next address gets its turn
                async with asyncio.timeout(_NEXT_ADDRESS_AFTER):
                    return Wire((await loop.create_connection(_Inbox, address, port))[1])
        return Wire((await loop.create_connection(_Inbox, addresses[-1], port))[1])

    async def sleep(self, seconds: float) -> None:
        """Let others run meanwhile."""
        await asyncio.sleep(seconds)


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _said(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    return error.strerror or type(error).__name__


class _Inbox(asyncio.Protocol):
    """What has arrived on one socket and was not read yet."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.chunks = bytearray()
        self.ended = False
        self.error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._paused_reading = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        self.chunks += data
        if len(self.chunks) > _READ_AHEAD and self.transport is not None:
            self.transport.pause_reading()
            self._paused_reading = True
        self._wake(self._reader)

    def eof_received(self) -> None:
        self.ended = True
        self._wake(self._reader)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.error = exc
        self._wake(self._reader)
        self._wake(self._drained)

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        self._wake(self._drained)
        self._drained = None

    @staticmethod
    def _wake(waiter: "asyncio.Future[None] | None") -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def take(self, most: int) -> bytes:
        """Up to `most` bytes as soon as there are some; none at the end."""
        while not self.chunks:
            if self.error is not None:
                raise httpcore2.ReadError(_said_of(self.error))
            if self.ended:
                return b""
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        taken = bytes(self.chunks[:most])
        del self.chunks[:most]
        if self._paused_reading and self.transport is not None and not self.ended:
            self._paused_reading = False
            self.transport.resume_reading()
        return taken

    async def drain(self) -> None:
        """Wait until the operating system has taken enough of what was written."""
        if self._drained is not None:
            await self._drained
        if self.error is not None:
            raise httpcore2.WriteError(_said_of(self.error))


def _said_of(error: Exception) -> str:
    return _said(error) if isinstance(error, OSError) else type(error).__name__


class Wire(httpcore2.AsyncNetworkStream):
    """One socket, plain or TLS, that keeps a request back until it is whole or large, and then asks leave to send it."""

    def __init__(self, inbox: _Inbox) -> None:
        assert inbox.transport is not None
        self._inbox = inbox
        self._transport: asyncio.Transport = inbox.transport
        self._held = bytearray()
        self._used = False
        self._spoilt = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What the other side sent; before that, whatever of our request is still held goes out."""
        try:
            async with asyncio.timeout(timeout):
                if self._held:
                    await self._flush()
                return await self._inbox.take(max_bytes)
        except TimeoutError:
            raise httpcore2.ReadTimeout("no answer within the time-out") from None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Take a part of a request; it leaves when the request is whole (the answer is read) or large."""
        self._held += buffer
        if len(self._held) > _HOLD_BACK:
            try:
                async with asyncio.timeout(timeout):
                    await self._flush()
            except TimeoutError:
                raise httpcore2.WriteTimeout("the request was not taken within the time-out") from None

    async def _flush(self) -> None:
        data = bytes(self._held)
        self._held.clear()
        request = departure.get()
        if request is None or not request.left:
            if self._is_stale():
                raise httpcore2.ConnectError("the other side closed the connection, or spoke, before anything was sent")
            if request is not None:
                request.leave()
            self._used = True
        self._transport.write(data)
        await self._inbox.drain()

    def _is_stale(self) -> bool:
        """Whether the other side has closed or spoken out of turn, asked of the system before a connection is used again.

        What is on its way at this very moment nobody can know: then the outcome of the request is unknown.
        """
        inbox = self._inbox
        if self._spoilt or inbox.ended or inbox.chunks or self._transport.is_closing():
            return True
        # A new connection may be readable for TLS's own reasons, so only a used one is asked.
        return self._used and _is_readable(self._transport)

    def spoil(self) -> None:
        """Never use this connection for another request."""
        self._spoilt = True

    async def aclose(self) -> None:
        """Close at once; what was held is dropped and never left."""
        self._held.clear()
        self._transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        """The same socket behind TLS."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                secured = await loop.start_tls(
                    self._transport, self._inbox, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError:
            self._transport.abort()
            raise httpcore2.ConnectTimeout("no TLS handshake within the time-out") from None
        except OSError as error:  # ssl.SSLError is one
            self._transport.abort()
            raise httpcore2.ConnectError(_said(error)) from None
        if secured is None:
            raise httpcore2.ConnectError("the connection was closed during the TLS handshake")
        self._inbox.transport = self._transport = secured
        return self

    def get_extra_info(self, info: str) -> object:
        """What httpcore2 asks of a stream."""
        match info:
            case "is_readable":  # asked for every idle connection at every call, so answered without a system call
                return self._spoilt or self._inbox.ended or bool(self._inbox.chunks)
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case _:
                return self._transport.get_extra_info(info)


def _is_readable(transport: asyncio.Transport) -> bool:
    raw = cast("socket.socket | None", transport.get_extra_info("socket"))
    number = raw.fileno() if raw is not None else -1
    if number < 0:
        return True
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([number], [], [], 0)[0])
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))

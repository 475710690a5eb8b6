"""A proxy between a client and a server that delays, stalls and cuts connections, one trouble after the other.

It is well-behaved: nothing is altered or doubled, and a cut is a cut for both sides. A trouble waits for the next piece of
traffic that fits it, so that the interesting moments (right behind a COMMIT) are met often, and not by luck.
"""

import asyncio
import threading
from collections import Counter, deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

Upstream = Path | tuple[str, int]

TROUBLES: Final = ("delay", "stall", "cut before", "cut within", "cut behind", "all gone")
"""`cut before` and `within`: the server never gets the whole of it; `cut behind`: it does, and the client gets no answer.
`stall`: silence for a while, and then a cut. `all gone`: every connection is cut, and none is let in for a second."""
_DELAY: Final = 0.3
_STALL: Final = 2.5
_KEPT: Final = 100_000
"""Bytes of what a client has said on a connection that are remembered."""
_ACTS: Final = 0.1
"""How long a server gets to do what it was told, before the connection is cut behind that."""


class Proxy:
    """One that listens on a port of loopback; `trouble` says what happens to the next piece that contains the mark."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._next: deque[tuple[str, bytes, bytes]] = deque()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed_until = 0.0
        self.port = 0
        self.met: Counter[str] = Counter()

    def trouble(self, kind: str, mark: bytes = b"", *, after: bytes = b"") -> None:
        """Have this happen to the next piece from a client that contains the mark, on a connection that has said `after`."""
        self._next.append((kind, mark, after))

    @property
    def waiting(self) -> int:
        """How many troubles have not been met yet."""
        return len(self._next)

    def calm(self) -> None:
        """No more troubles."""
        self._next.clear()

    def begin(self) -> None:
        """Listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def end(self) -> None:
        """Cut everything and listen no more."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        self._server.close()
        self._cut_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there: asyncio.StreamWriter | None = None
        with suppress(OSError, asyncio.CancelledError):
            if self._loop.time() >= self._closed_until:
                answers, there = await self._connect()
                self._open |= {writer, there}
                back = asyncio.create_task(self._back(answers, writer))
                try:
                    await self._forth(reader, there, back)
                finally:
                    back.cancel()
        for one in (writer, there):
            if one is not None:
                self._open.discard(one)
                one.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._upstream, Path):
            return await asyncio.open_unix_connection(str(self._upstream))
        return await asyncio.open_connection(*self._upstream)

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()  # what is on its way to the client still arrives

    async def _forth(self, reader: asyncio.StreamReader, there: asyncio.StreamWriter, back: asyncio.Task[None]) -> None:
        said = b""
        while data := await reader.read(65_536):
            said = (said + data)[-_KEPT:]
            kind = self._kind_for(data, said)
            if kind == "delay":
                await asyncio.sleep(_DELAY)
            elif kind == "stall":
                await asyncio.sleep(_STALL)
                return
            elif kind == "cut before":
                return
            elif kind == "cut within":
                there.write(data[: max(1, len(data) // 2)])
                await there.drain()
                return
            elif kind == "all gone":
                self._closed_until = self._loop.time() + 1.0
                self._cut_all()
                return
            if kind == "cut behind":
                back.cancel()  # no answer gets through
            there.write(data)
            await there.drain()
            if kind == "cut behind":
                await asyncio.sleep(_ACTS)
                return

    def _kind_for(self, data: bytes, said: bytes) -> str:
        if not self._next or self._next[0][1] not in data or self._next[0][2] not in said:
            return ""
        kind, _, _ = self._next.popleft()
        self.met[kind] += 1
        return kind

    def _cut_all(self) -> None:
        for one in self._open:
            one.transport.abort()
        self._open.clear()


@contextmanager
def proxies(*upstreams: Upstream) -> Generator[list[Proxy]]:
    """One for each upstream; they end with the block."""
    made = [Proxy(upstream) for upstream in upstreams]
    begun: list[Proxy] = []
    try:
        for one in made:
            one.begin()
            begun.append(one)
        yield made
    finally:
        for one in begun:
            one.end()

"""Other sides made of raw sockets: they cut, stall, answer garbage, or say exactly the bytes that a test gives them."""

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Callable
from typing import Self


class Line:
    """One connection to a peer, as its script sees it."""

    def __init__(self, raw: socket.socket, stop: threading.Event) -> None:
        self.raw = raw
        self._stop = stop

    def request(self) -> bytes:
        """One whole request, head and body; what came of it when the other side closed before."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.raw.recv(65536)
            if not more:
                return data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length and (more := self.raw.recv(65536)):
            data += more
            body += more
        return data

    def answer(self, status: str = "200 OK", body: bytes = b"{}", *headers: str) -> None:
        """A whole answer with its length."""
        lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
        self.raw.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def send(self, data: bytes) -> None:
        """Exactly these bytes."""
        self.raw.sendall(data)

    def reset(self) -> None:
        """Cut the connection so that the other side gets an error and no end."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def stall(self) -> None:
        """Say nothing until the other side has gone or the test is over."""
        while not self._stop.is_set():
            if select.select([self.raw], [], [], 0.02)[0] and not self.raw.recv(65536):
                return


class Peer:
    """A server on loopback that runs a script for each connection, with the connection's number from 1."""

    def __init__(self, script: Callable[[Line, int], None]) -> None:
        self._script = script
        self._server = socket.create_server(("127.0.0.1", 0))
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.connections = 0
        self.requests: list[bytes] = []

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.getsockname()[1])

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._stop.is_set():
            if not select.select([self._server], [], [], 0.02)[0]:
                continue
            raw, _ = self._server.accept()
            self.connections += 1
            self._start(self._serve, raw, self.connections)

    def _serve(self, raw: socket.socket, number: int) -> None:
        line = Line(raw, self._stop)
        taken = line.request

        def remembered() -> bytes:
            data = taken()
            if data:
                self.requests.append(data)
            return data

        line.request = remembered  # type: ignore[method-assign]
        with raw, contextlib.suppress(OSError):
            self._script(line, number)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._server.close()


def answering(status: str = "200 OK", body: bytes = b"{}", *headers: str) -> Callable[[Line, int], None]:
    """A script that gives every request on a connection the same answer."""

    def script(line: Line, number: int) -> None:
        while line.request():
            line.answer(status, body, *headers)

    return script


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])

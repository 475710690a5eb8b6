"""The door for code that is not asynchronous: one request, waited for in a thread with an event loop of its own.

For what happens now and then, such as asking a vault; whatever is called often belongs into the event loop.
"""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

from pilotage.kernel.clock import SystemClock
from pilotage.machinery.net.client import Bounds, HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.messages import Answer, Outgoing, origin

_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})


class Prepared(Protocol):
    """A request as libraries prepare it: that of requests, and that of botocore."""

    @property
    def method(self) -> Any:
        """GET, POST."""
        ...

    @property
    def url(self) -> Any:
        """The whole URL."""
        ...

    @property
    def headers(self) -> Any:
        """Names and values; either may be bytes."""
        ...

    @property
    def body(self) -> Any:
        """Text, bytes or None."""
        ...


def as_it_goes_out(request: Prepared) -> Outgoing:
    """A library's request as ours. Raises NoSuchAddress (PLT-243)."""
    scheme, _, rest = str(request.url).partition("://")
    authority, slash, target = rest.partition("/")
    path, _, query = target.partition("?")
    headers = cast("Mapping[object, object]", request.headers)
    body: object = request.body
    return Outgoing(
        method=str(request.method).upper(),
        origin=origin(f"{scheme}://{authority}"),
        path=f"{slash}{path}",
        query=query,
        headers={_text(name): _text(value) for name, value in headers.items() if _text(name).lower() not in _OURS},
        body=body.encode() if isinstance(body, str) else cast("bytes | None", body),
    )


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def send_and_wait(door: Door, request: Outgoing, bounds: Bounds) -> Answer:
    """Send a request through the door and give the answer; raises what `HttpClient.send` raises."""
    answers: list[Answer] = []
    failures: list[BaseException] = []

    async def sent() -> Answer:
        async with HttpClient(door, bounds) as client:
            return await client.send(request, Departure(send_by=None, monotonic=SystemClock().monotonic))

    def run() -> None:
        try:
            answers.append(asyncio.run(sent()))
        except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
            failures.append(error)

    thread = threading.Thread(target=run, name="pilotage-plain-call", daemon=True)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return answers[0]

"""The same door for libraries that take an httpx2 client: hand it over as `http_client=` and they go through it."""

from collections.abc import Callable
from typing import Final

import httpx2

from pilotage.kernel.clock import SystemClock
from pilotage.machinery.net.client import HttpClient
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft
from pilotage.machinery.net.messages import Answer, Outgoing, origin

_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_UNPACKED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def httpx2_client(
    client: HttpClient, *, departures: Callable[[httpx2.Request], Departure] | None = None
) -> httpx2.AsyncClient:
    """A client that follows no redirect, reads no proxy from the environment and sends through `client`.

    `departures` gives each request its leave; unsaid, every request may go at any time.
    """
    return httpx2.AsyncClient(
        transport=DoorTransport(client, departures or _at_any_time),
        trust_env=False,
        follow_redirects=False,
        timeout=client.bounds.total,
    )


def _at_any_time(request: httpx2.Request) -> Departure:
    del request
    return Departure(send_by=None, monotonic=SystemClock().monotonic)


class DoorTransport(httpx2.AsyncBaseTransport):
    """Carries httpx2's requests through the door. The answer is read whole: streams come later."""

    def __init__(self, client: HttpClient, departures: Callable[[httpx2.Request], Departure]) -> None:
        self._client = client
        self._departures = departures

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send it, and give httpx2's own errors where it could not be sent or answered."""
        body = await request.aread()
        url = request.url
        outgoing = Outgoing(
            method=request.method,
            origin=origin(f"{url.scheme}://{url.netloc.decode('ascii')}"),
            path=url.raw_path.partition(b"?")[0].decode("ascii"),
            query=url.query.decode("ascii"),
            headers={name: value for name, value in request.headers.items() if name not in _OURS},
            body=body if body or request.method in {"POST", "PUT", "PATCH"} else None,
        )
        try:
            answer = await self._client.send(outgoing, self._departures(request))
        except NeverLeft as error:
            raise httpx2.ConnectError(error.what, request=request) from None
        except MayHaveLeft as error:
            raise httpx2.ReadError(error.what, request=request) from None
        return _response(answer, request)


def _response(answer: Answer, request: httpx2.Request) -> httpx2.Response:
    if answer.fault is not None:
        raise httpx2.RemoteProtocolError(f"The answer is not whole: {answer.fault}.", request=request)
    headers = {name: value for name, value in answer.headers.items() if name not in _UNPACKED}
    return httpx2.Response(answer.status, headers=headers, content=answer.body, request=request)

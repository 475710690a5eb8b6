"""The same door for libraries that take an httpx2 client: hand it over as `http_client=` and they go through it."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import httpx2

from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, TookTooLong
from pilotage.machinery.net.messages import Answer, Outgoing, origin

Send: TypeAlias = Callable[[Outgoing], Awaitable[Answer]]
"""Gives the answer, or raises NeverLeft or MayHaveLeft; what else it raises comes out as it is."""
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_UNPACKED: Final = frozenset({"content-encoding", "content-length", "transfer-encoding"})


def httpx2_client(send: Send, *, base_url: str = "", seconds: float = 10.0) -> httpx2.AsyncClient:
    """A client that follows no redirect, reads no proxy from the environment and sends through `send`."""
    return httpx2.AsyncClient(
        transport=DoorTransport(send), base_url=base_url, trust_env=False, follow_redirects=False, timeout=seconds
    )


class DoorTransport(httpx2.AsyncBaseTransport):
    """Carries httpx2's requests out. The answer is read whole: a stream begins when all of it is here."""

    def __init__(self, send: Send) -> None:
        self._send = send

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
            answer = await self._send(outgoing)
        except NeverLeft as error:
            raise httpx2.ConnectError(error.what, request=request) from None
        except TookTooLong as error:
            raise httpx2.ReadTimeout(error.what, request=request) from None
        except MayHaveLeft as error:
            raise httpx2.ReadError(error.what, request=request) from None
        return _response(answer, request)


def _response(answer: Answer, request: httpx2.Request) -> httpx2.Response:
    if answer.fault is not None:
        raise httpx2.RemoteProtocolError(f"The answer is not whole: {answer.fault}.", request=request)
    headers = {name: value for name, value in answer.headers.items() if name not in _UNPACKED}
    return httpx2.Response(answer.status, headers=headers, content=answer.body, request=request)

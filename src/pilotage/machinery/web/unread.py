"""An answer before the request was read whole: what still comes is dropped for a while, so that the answer is read.

Most clients send all before they read. Were the connection closed under them, the network would throw the answer away too, and
they would know of a cut connection alone.
"""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BYTES: Final = 100_000_000
"""Bytes that are dropped at most."""
SECONDS: Final = 15.0
"""Seconds for which what comes is dropped: as long as a whole body may take."""
SILENCE: Final = 5.0
"""Seconds without a byte after which nobody waits for more."""


class Unread:
    """The ASGI middleware that hears a client out whose request was answered early, and closes the connection then."""

    def __init__(self, app: ASGIApp, *, at_most: int = BYTES, seconds: float = SECONDS) -> None:
        self._app = app
        self._at_most = at_most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; before the end of an answer that came early, drop what still comes."""
        if scope["type"] != "http" or not _has_body(headers := Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = _Body(receive=receive, asks_first=headers.get("expect", "").lower() == "100-continue")
        early = False

        async def send_and_hear_out(message: Message) -> None:
            nonlocal early
            if message["type"] == "http.response.start" and not body.ended:
                early = True
                MutableHeaders(scope=message)["Connection"] = "close"
            if not early or message["type"] != "http.response.body" or message.get("more_body"):
                await send(message)
                return
            await send({**message, "more_body": True})  # the answer is on its way before the rest is waited for
            await body.drop(self._at_most, self._seconds)
            await send({"type": "http.response.body", "body": b""})

        await self._app(scope, body.receive_and_note, send_and_hear_out)


@dataclass(kw_only=True)
class _Body:
    receive: Receive
    asks_first: bool
    """Whether the client sends nothing before somebody wants to read."""
    ended: bool = field(default=False, init=False)

    async def receive_and_note(self) -> Message:
        self.asks_first = False
        message = await self.receive()
        self.ended = self.ended or message["type"] != "http.request" or not message.get("more_body", False)
        return message

    async def drop(self, at_most: int, seconds: float) -> None:
        """Read to the end, or as far as this goes; a client that asks first is told by the answer alone."""
        if self.asks_first:
            return
        left = at_most
        try:
            async with asyncio.timeout(seconds):
                while not self.ended and left > 0:
                    async with asyncio.timeout(min(SILENCE, seconds)):
                        left -= len((await self.receive_and_note()).get("body", b""))
        except TimeoutError:
            return


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"

"""Reading what a program sends: never more than is taken, never for longer than is waited, never unpacked."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from pilotage.machinery.api.errors import BodyTooLarge, BodyTooSlow, BodyTypeRefused, BodyUnreadable

PATIENCE: Final = 15.0
"""Seconds for a whole body."""


async def read_body(request: Request, *, at_most: int, patience: float = PATIENCE) -> bytes:
    """The bytes of the body. Raises BodyTooLarge, BodyTooSlow and BodyTypeRefused."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding != "identity":
        raise BodyTypeRefused("The body is packed, and is not unpacked here.", "Send it without Content-Encoding.")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > at_most:
        raise _too_large(at_most)
    try:
        async with asyncio.timeout(patience):
            return await _read(request, at_most)
    except TimeoutError:
        raise BodyTooSlow(
            f"The body had not come within {patience:g} seconds.", "Send it again; nothing was taken."
        ) from None
    except ClientDisconnect:
        raise BodyTooSlow("The connection ended before the body did.", "Send it again; nothing was taken.") from None


async def _read(request: Request, at_most: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    async for part in request.stream():
        length += len(part)
        if length > at_most:
            raise _too_large(at_most)
        parts.append(part)
    return b"".join(parts)


def _too_large(at_most: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is longer than {at_most:,} bytes.", "Send fewer records at once.")


def header(request: Request, name: str, *, at_most: int = 4096) -> str:
    """A header that comes once or not at all, as it is; raises BodyUnreadable where it comes twice or is too long."""
    values = request.headers.getlist(name)
    if len(values) > 1 or any(len(value) > at_most for value in values):
        raise BodyUnreadable(f"The header {name} comes more than once, or is too long.", "Send it once.")
    return values[0] if values else ""


def media_type(request: Request) -> str:
    """What the body is said to be, without its parameters."""
    return header(request, "content-type").partition(";")[0].strip().lower()

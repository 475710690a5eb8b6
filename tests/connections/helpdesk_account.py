"""A help desk as tests declare it, and connections opened to a peer."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from pilotage.authoring.connection import Connection
from pilotage.authoring.ports import Call
from pilotage.authoring.settings import Secret, Setting
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard
from pilotage.credentials.secrets import Secrets
from pilotage.kernel.clock import Clock
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.client import Bounds
from pilotage.machinery.net.door import Door

R = TypeVar("R")
CANARY = "canary-4c7e/+x"
NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)


class Made(BaseModel):
    """What the help desk answers."""

    id: str


def declared(seconds: float) -> tuple[Connection, Connection]:
    """A help desk with all that an account can have, and books with as little as it needs."""
    wait = timedelta(seconds=seconds)
    token = Secret("helpdesk-token", max_age="90d")
    return (
        Connection("helpdesk", base_url=Setting("helpdesk-url"), credential=token, timeout=wait),
        Connection("books", base_url=Setting("books-url"), timeout=wait, idempotency_header=None),
    )


helpdesk, books = declared(10)
impatient = declared(0.5)
"""For other sides that never answer."""

POST = Call(method="POST", path="/acts", body={"a": 1}, expect=Made)
GET = Call(method="GET", path="/acts/1", expect=Made)
FIND = Call(method="GET", path="/acts", params={"key": "k 1"}, expect=Made, absent_is_none=True)
DELETE = Call(method="DELETE", path="/acts/1")


def guard(**changes: object) -> EffectGuard:
    """One attempt of an effect that may be sent at any time."""
    fields: dict[str, object] = {"key": "dev/tickets/1/assign", "attempt": 1, "send_by": None} | changes
    return EffectGuard(**fields)  # type: ignore[arg-type]


def opened(
    url: str,
    use: Callable[[Connections], Awaitable[R]],
    *,
    token: str = CANARY,
    folder: Path | None = None,
    door: Door | None = None,
    clock: Clock | None = None,
    bounds: Bounds | None = None,
    accounts: tuple[Connection, ...] = (helpdesk, books),
    **options: object,
) -> R:
    """What `use` gives with connections open to this URL."""
    variables = {} if folder else {"HELPDESK_TOKEN": token}
    settings = {"helpdesk-url": url, "books-url": url} if url else {}

    async def run() -> R:
        connections = Connections(
            accounts,
            environment="dev",
            settings=settings.get,
            credentials=Secrets("dev", folder=folder, variables=variables),
            door=door or Door(Addresses(allow_loopback=True)),
            clock=clock,
            bounds=bounds or Bounds(connect_pause=0.001),
            **options,  # type: ignore[arg-type]
        )
        async with connections:
            return await use(connections)

    return asyncio.run(run())

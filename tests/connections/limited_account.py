"""An account with limits, its server that counts in the declared form, and connections that are opened to it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.accounts import Account
from pilotage.connections.limiting import Ask, Lending, Limiter, Settled
from pilotage.connections.opening import Connections
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.credentials.secrets import Secrets
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.messages import Answer, Origin, Outgoing
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

R = TypeVar("R")
Limit = Rate | Quota | Window


class Found(BaseModel):
    """What the account answers."""

    n: int


class Server:
    """The other side. It counts what arrives, by its own clock, in the form in which its limits are declared."""

    def __init__(
        self, limits: Iterable[Limit], clock: Clock, *, takes: float = 0.0, headers: dict[str, str] | None = None
    ) -> None:
        self.limits = [one for one in limits if one.of == "calls"]
        self.clock = clock
        self.takes = takes
        self.headers = headers or {}
        self.arrived: list[float] = []
        self.status = 200

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Answer a call, which has arrived now."""
        del request
        leaving.leave()
        self.arrived.append(self.clock.now().timestamp())
        if self.takes:
            await asyncio.sleep(self.takes)
        headers = {"content-type": "application/json", **self.headers}
        return Answer(status=self.status, headers=headers, body=b'{"n": %d}' % len(self.arrived))

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def over(self) -> int:
        """How many calls arrived that the limits did not allow."""
        return sum(refused(limit, self.arrived) for limit in self.limits)


def refused(limit: Limit, arrived: Sequence[float]) -> int:
    """How many of these arrivals a server that counts in this form would have refused; the refused do not count."""
    match limit:
        case Rate():
            return _over_rate(limit, sorted(arrived))
        case Quota():
            seen: dict[str, int] = {}
            form = {"minute": "%F %R", "hour": "%F %H %z", "day": "%F", "week": "%G %V", "month": "%Y %m"}[limit.per]
            for at in arrived:
                window = datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(limit.zone)).strftime(form)
                seen[window] = seen.get(window, 0) + 1
            return sum(max(0, count - limit.calls) for count in seen.values())
        case Window():
            return _over_window(limit, sorted(arrived))


def _over_rate(limit: Rate, arrived: Sequence[float]) -> int:
    level, last, over = 0.0, 0.0, 0
    for at in arrived:
        level = max(0.0, level - (at - last) * limit.calls / limit.seconds)
        last = at
        if level + 1 > limit.burst + 1e-3:
            over += 1
        else:
            level += 1
    return over


def _over_window(limit: Window, arrived: Sequence[float]) -> int:
    kept: list[float] = []
    over = 0
    for at in arrived:
        kept = [one for one in kept if one > at - limit.seconds]
        if len(kept) >= limit.calls:
            over += 1
        else:
            kept.append(at)
    return over


class Counted(Limiter):
    """A limiter that counts its transactions."""

    def lend(self, name: str, asks: Sequence[Ask], settled: Iterable[Settled], *, ahead: int, longest: int) -> Lending:
        """As it is, and counted."""
        self.lent = getattr(self, "lent", 0) + 1
        return super().lend(name, asks, settled, ahead=ahead, longest=longest)


class To(Connections):
    """Connections that lead to this server."""

    server: Server

    def _open(self, name: str) -> Account:
        return Account(
            name=name,
            origin=Origin(scheme="http", host=f"{name}.test", port=None, prefix=""),
            client=self.server,
            secret=None,
            idempotency_header=None,
            not_done=NotDoneStatuses(),
            longest=2.0,
        )


def limited(*limits: Limit) -> Connection:
    """The account."""
    return Connection("desk", base_url="http://desk.test", limits=limits, timeout="2s")


def asked(
    url: str,
    connection: Connection,
    use: Callable[[Connections, Counted], Awaitable[R]],
    *,
    server: Server | None = None,
    clock: Clock | None = None,
) -> R:
    """What `use` gives with connections to a server, within the limits that all who use this database share."""
    clock = clock or SystemClock()
    with closing(Database(url, clock=clock if not isinstance(clock, SystemClock) else None)) as database:
        prepare(database)
        limiter = Counted(database=database, declared={"tickets@dev": [connection]})
        limiter.announce()
        limiter.lent = 0  # type: ignore[attr-defined]

        async def run() -> R:
            connections = To(
                [connection],
                environment="dev",
                settings={}.get,
                credentials=Secrets("dev", folder=None, variables={}),
                door=Door(Addresses(allow_loopback=True)),
                clock=clock,
                limits=limiter,
            )
            connections.server = server or Server(connection.limits, clock)
            async with connections:
                return await use(connections, limiter)

        return asyncio.run(run())

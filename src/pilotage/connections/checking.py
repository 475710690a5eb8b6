"""Contract checks: each is made by one process at its time, through the connection like any call that reads.

Whose turn it is is decided under the connection's row. A check stands back: it waits for no room within the limits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pilotage.authoring.connection import Connection
from pilotage.authoring.contract_check import ContractCheck
from pilotage.authoring.failures import MalformedResponse, PermanentFailure
from pilotage.authoring.ports import Call
from pilotage.connections.checked import Checked, Result
from pilotage.connections.counting import SECOND
from pilotage.connections.errors import NoRoom, NotDone
from pilotage.connections.limiting import Limiter
from pilotage.connections.opening import Connections
from pilotage.connections.values import Heard
from pilotage.credentials.asking import asked_by
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.masking import hide
from pilotage.machinery.storage.database import Database

LOOK: Final = 5.0
"""Seconds between two looks whether a check is due."""
_SAID: Final = 300
_log = logging.getLogger("pilotage.connections")
T = TypeVar("T")


class Loop(Protocol):
    """Runs what is asynchronous."""

    def run(self, coroutine: Awaitable[T], /) -> T:
        """Run it to its end."""
        ...

    def begin(self, coroutine: Awaitable[T], /) -> "Future[T]":
        """Let it run."""
        ...


@dataclass(frozen=True, kw_only=True)
class Due:
    """A check to be made, and for whom: an automation's secrets are its own."""

    automation: str
    connection: str
    check: ContractCheck


@dataclass(frozen=True, kw_only=True)
class Made:
    """A check that was made."""

    due: Due
    result: Result
    words: str


@dataclass(kw_only=True)
class Checking:
    """The contract checks of the connections that one process uses."""

    database: Database
    limiter: Limiter
    connections: Connections
    declared: Sequence[tuple[str, Connection]]
    """Automations, and the connections of each."""
    loop: Loop
    clock: Clock
    _next: float = 0.0
    _running: "Future[list[Made]] | None" = None
    _checks: dict[tuple[str, str], Due] = field(init=False)

    def __post_init__(self) -> None:
        self._checks = {
            (connection.name, check.asks): Due(automation=automation, connection=connection.name, check=check)
            for automation, connection in self.declared
            for check in connection.checks
        }

    def look(self) -> int:
        """Make what is due, if nobody else does; a chore, which waits for no answer."""
        if not self._checks or self.clock.monotonic() < self._next:
            return 0
        if self._running is not None and not self._running.done():
            return 0
        self._next = self.clock.monotonic() + LOOK
        due = self._take()
        if due:
            self._running = self.loop.begin(self._make(due, wait=0.0))
        return len(due)

    def now(self, connection: str | None = None) -> list[Made]:
        """Make every check now, or those of one connection."""
        wanted = [one for one in self._checks.values() if connection in {None, one.connection}]
        return self.loop.run(self._make(wanted, wait=None)) if wanted else []

    def stop(self) -> None:
        """Make none any more; one that is on its way is as if it was never made."""
        self._checks = {}
        if self._running is not None:
            self._running.cancel()

    def _take(self) -> list[Due]:
        """The checks that are due, which are this process's now."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            seen = self.limiter.peek(tx, {name for name, _ in self._checks}, now)
        due = {
            key for key in self._checks if seen[key[0]].stored.checked.get(key[1], Checked()).due <= seen[key[0]].now
        }
        if not due:
            return []
        with self.database.transaction() as tx:
            standings = self.limiter.lock(tx, {name for name, _ in due}, self.database.now(tx))
            taken: list[Due] = []
            for name, asks in sorted(due):
                standing = standings[name]
                was = standing.stored.checked.get(asks, Checked())
                if was.due <= standing.now:
                    standing.stored.checked[asks] = was.taken(standing.now)
                    standing.changed = True
                    taken.append(self._checks[name, asks])
            self.limiter.write(tx, standings)
        return taken

    async def _make(self, wanted: Sequence[Due], *, wait: float | None) -> list[Made]:
        made = [await self._ask(one, wait) for one in wanted]
        await asyncio.to_thread(self._keep, made)
        return made

    async def _ask(self, due: Due, wait: float | None) -> Made:
        caller = self.connections.caller(step="The contract check", through=[due.connection])
        check = due.check
        call = Call(method="GET", path=check.path, params=dict(check.params), expect=check.expect, wait_at_most=wait)
        result, words = Result.HOLDS, ""
        try:
            with asked_by(due.automation):
                await caller.call(due.connection, call)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told as what came of the check
            result = _result(error, caller.failing(due.connection))
            words = hide(error.what if isinstance(error, PilotageError) else str(error))[:_SAID]
        return Made(due=due, result=result, words=words)

    def _keep(self, made: Sequence[Made]) -> None:
        with self.database.transaction() as tx:
            standings = self.limiter.lock(tx, {one.due.connection for one in made}, self.database.now(tx))
            for one in made:
                standing, asks = standings[one.due.connection], one.due.check.asks
                was = standing.stored.checked.get(asks, Checked())
                every = int(one.due.check.seconds * SECOND)
                standing.stored.checked[asks] = was.found(one.result, one.words, standing.now, every=every)
                standing.changed = True
                _tell(one, was)
            self.limiter.write(tx, standings)


def _result(error: Exception, failing: Heard | None) -> Result:
    match error:
        case NoRoom():
            return Result.BUSY
        case MalformedResponse():
            return Result.DIFFERS
        case PermanentFailure():
            return Result.REFUSED
        case NotDone() if failing is Heard.DIFFERS:
            return Result.DIFFERS
        case NotDone() if failing is None and error.response is not None:  # throttled
            return Result.BUSY
        case NotDone():
            return Result.DOWN
        case _:
            return Result.NOT_ASKED


def _tell(made: Made, was: Checked) -> None:
    """Say in the log when a contract breaks, and when it holds again."""
    extra = {"connection": made.due.connection, "asks": made.due.check.asks, "said": made.words}
    if made.result.broken and made.result is not was.result:
        _log.warning("connection.contract_broken", extra=extra)
    elif made.result is Result.HOLDS and was.result is not None and was.result.broken:
        _log.warning("connection.contract_holds", extra=extra)

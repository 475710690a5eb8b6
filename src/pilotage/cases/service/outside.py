"""Asking a connection on behalf of a source: as a step would, under its limits and breaker, and what its failure means."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from pilotage.authoring.connection import Connection
from pilotage.authoring.failures import Failure, MalformedResponse, PermanentFailure
from pilotage.authoring.ports import Call
from pilotage.cases.service.visiting import Away, Visit
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import ConnectionAway, NoRoom, NotDone
from pilotage.connections.opening import Connections
from pilotage.connections.values import Heard
from pilotage.credentials.asking import asked_by

T = TypeVar("T")


class Loop(Protocol):
    """Runs what is asynchronous."""

    def run(self, coroutine: Awaitable[T], /) -> T:
        """Run it to its end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The connections of this process, for those who read sources."""

    connections: Connections
    loop: Loop

    def ask(self, visit: Visit, connection: Connection, call: Call) -> object:
        """The answer to a call that only reads. Raises Away where there is none."""
        return self.loop.run(self._ask(visit, connection, call))

    async def _ask(self, visit: Visit, connection: Connection, call: Call) -> object:
        caller = self.connections.caller(step=visit.source.name, through=[connection.name])
        with asked_by(visit.automation.name):
            try:
                return await caller.call(connection.name, call)
            except Failure as error:
                after = error.retry_after if isinstance(error, NotDone) else None
                raise Away(error.what, failing=_word(error, caller, connection.name), after=after) from error


def _word(error: Failure, caller: ConnectionCaller, connection: str) -> Heard:
    match error:
        case NoRoom():
            return Heard.THROTTLED
        case ConnectionAway():
            return caller.failing(connection) or Heard.DOWN
        case MalformedResponse():
            return Heard.DIFFERS
        case PermanentFailure():
            return Heard.REFUSED
        case NotDone() if caller.failing(connection) is None and error.response is not None:
            return Heard.THROTTLED
        case _:
            return caller.failing(connection) or Heard.DOWN

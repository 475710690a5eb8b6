"""The other side of a connection, in memory: what it answers, the faults it has, and what it received."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, cast
from urllib.parse import parse_qsl

from pydantic import BaseModel
from pydantic_core import to_json

from pilotage.authoring.connection import Connection
from pilotage.connections.accounts import Account
from pilotage.connections.opening import Connections
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.machinery.net.client import Answer, Outgoing
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.errors import NeverLeft, TookTooLong
from pilotage.machinery.net.messages import Origin


class Fault(Enum):
    """How a service can fail."""

    SLOW = "slow"
    """It does the work, but its answer comes after the time-out."""
    DOWN = "down"
    """No connection can be made."""
    DONE_THEN_500 = "done-then-500"
    """It does the work and answers 500."""
    CHANGED_BODY = "changed-body"
    """It does the work and answers 200 with a body of another shape."""
    THROTTLED = "throttled"
    """It does nothing and answers 429 with Retry-After: 1."""
    REFUSED = "refused"
    """It does nothing and answers 422."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as the service received it."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict[str, str])
    key: str | None = None
    """The idempotency key that came with it."""
    json: Mapping[str, object] = field(default_factory=dict[str, object])


Handler = Callable[[Request], object]


class FakeService:
    """The other side of a connection; handlers are plain functions from a Request to what is answered.

    `None` is answered as 404 to a GET and as 204 to anything else, a model as 200 with its JSON.
    """

    def __init__(self, connection: Connection, /) -> None:
        self.connection: Final = connection
        self._handlers: list[tuple[str, re.Pattern[str], Handler]] = []
        self._faults: Counter[Fault] = Counter()
        self._received: list[Request] = []
        self._tried = 0

    @property
    def received(self) -> list[Request]:
        """Every request that reached the service, oldest first."""
        return list(self._received)

    def on(self, method: str, path: str, /) -> Callable[[Handler], Handler]:
        """Answer this method and path; `{name}` in the path stands for one part of it."""
        pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))

        def keep(handler: Handler) -> Handler:
            self._handlers.append((method.upper(), pattern, handler))
            return handler

        return keep

    def fault(self, fault: Fault, /, *, times: int = 1) -> None:
        """Fail in this way for the next `times` requests."""
        self._faults[fault] += times

    def mend(self) -> None:
        """Have no faults any more."""
        self._faults.clear()

    @property
    def tried(self) -> int:
        """How many requests were sent to it, those included that found nobody."""
        return self._tried

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        """Answer a request of the platform, as the client of a real service would."""
        leaving.check()
        self._tried += 1
        fault = self._next_fault()
        if fault is Fault.DOWN:
            raise NeverLeft("It was not sent: nobody listens there.")
        leaving.leave()
        seen = self._read(request)
        self._received.append(seen)
        if fault is Fault.THROTTLED:
            return Answer(status=429, headers={"retry-after": "1"}, body=b"")
        if fault is Fault.REFUSED:
            return Answer(status=422, headers={"content-type": "application/json"}, body=b'{"error": "refused"}')
        answer = self._answer(seen)
        if fault is Fault.SLOW:
            raise TookTooLong("It was sent, but there is no answer: it took longer than the time-out.")
        if fault is Fault.DONE_THEN_500:
            return Answer(status=500, headers={}, body=b"")
        if fault is Fault.CHANGED_BODY:
            return Answer(status=200, headers={"content-type": "application/json"}, body=b'{"surprise": true}')
        return answer

    async def close(self) -> None:
        """Nothing is open."""

    def _next_fault(self) -> Fault | None:
        for fault, left in self._faults.items():
            if left > 0:
                self._faults[fault] -= 1
                return fault
        return None

    def _read(self, request: Outgoing) -> Request:
        header = self.connection.idempotency_header
        body: object = json.loads(request.body) if request.body else {}
        return Request(
            method=request.method,
            path=request.path,
            params=dict(parse_qsl(request.query)),
            key=request.headers.get(header) if header else None,
            json=cast("dict[str, object]", body) if isinstance(body, dict) else {},
        )

    def _answer(self, request: Request) -> Answer:
        for method, pattern, handler in self._handlers:
            if method == request.method and pattern.fullmatch(request.path):
                return _answered(request, handler(request))
        return Answer(status=404, headers={}, body=b"")


def _answered(request: Request, answer: object) -> Answer:
    if answer is None:
        return Answer(status=404 if request.method == "GET" else 204, headers={}, body=b"")
    body = answer.model_dump_json().encode() if isinstance(answer, BaseModel) else to_json(answer)
    return Answer(status=200, headers={"content-type": "application/json"}, body=body)


class FakeConnections(Connections):
    """Connections that lead to fake services; one without a service is a wall that nothing passes."""

    services: Mapping[str, FakeService]

    async def open(self) -> None:
        """Be ready; the clock of a test stands still, so that no call waits for room within its limits."""
        await super().open()
        if self._leases is not None:
            self._leases.patient = False

    def _open(self, name: str) -> Account:
        service = self.services.get(name)
        declared = self._declared.get(name)
        if service is None or declared is None:
            what = f"The test gave no FakeService for the connection {name}."
            raise NeverLeft(what)
        return Account(
            name=name,
            origin=Origin(scheme="http", host=f"{name}.test", port=None, prefix=""),
            client=service,  # type: ignore[arg-type]  # it sends and closes as the client does
            secret=None,
            idempotency_header=declared.idempotency_header,
            not_done=NotDoneStatuses(),
            sends_trace=declared.sends_trace,
        )

"""The desk behind HTTP."""

import asyncio
import json
import secrets
from asyncio import Transport
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from pilotage.examples.tickets.helpdesk.desk import Assignment, Desk, Outcome
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind, Faults
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.kernel.clock import Clock

_DOES_NOTHING = (FaultKind.DOWN, FaultKind.CUT)
_CUTS = (FaultKind.CUT, FaultKind.DONE_THEN_CUT)
_HIDES_THE_WORK = (FaultKind.DONE_THEN_500, FaultKind.DONE_THEN_CUT, FaultKind.CHANGED_BODY)


class Face:
    """Answers requests: who asks, is there room, does a fault strike; then the desk decides, writes and is asked."""

    def __init__(self, setup: Setup, desk: Desk, clock: Clock) -> None:
        self._setup = setup
        self._desk = desk
        self._clock = clock
        self._faults = Faults(monotonic=clock.monotonic)
        for fault in setup.faults:
            self._faults.on(fault)

    def application(self) -> Starlette:
        """The routes, ready to be served."""
        return Starlette(
            routes=[
                Route("/assignments", self.assign, methods=["POST"]),
                Route("/assignments", self.find, methods=["GET"]),
                Route("/assignments/{id}", self.unassign, methods=["DELETE"]),
                Route("/log", self.log),
                Route("/stats", self.stats),
                Route("/admin/faults", self.list_faults),
                Route("/admin/faults", self.switch_on, methods=["POST"]),
                Route("/admin/faults", self.switch_off, methods=["DELETE"]),
                Route("/admin/duplicates", self.duplicates, methods=["POST"]),
            ]
        )

    async def assign(self, request: Request) -> Response:
        """Put a ticket into a team's queue."""
        body = await _json(request)
        return await self._answer(
            request, "assign", lambda key: self._desk.assign(key, body.get("ticket"), body.get("team"))
        )

    async def find(self, request: Request) -> Response:
        """The assignment that was made under a key."""
        key = request.query_params.get("key")
        return await self._answer(request, "find", lambda _: self._desk.find(key), about=key)

    async def unassign(self, request: Request) -> Response:
        """Take a ticket out of its queue."""
        return await self._answer(
            request, "unassign", lambda key: self._desk.unassign(key, str(request.path_params["id"]))
        )

    async def _answer(
        self, request: Request, action: str, decide: Callable[[str | None], Outcome], *, about: str | None = None
    ) -> Response:
        key = about or request.headers.get("idempotency-key")
        now = self._clock.now()
        if not _bears(request, self._setup.token):
            self._desk.write(now, action, key, Outcome(status=401))
            return _problem(401, "this needs the header Authorization: Bearer <token>")
        wait = self._desk.meter.retry_after(now)
        if wait is not None:
            self._desk.write(now, action, key, Outcome(status=429))
            return _problem(429, "over quota", {"Retry-After": str(wait)})
        fault = self._faults.meeting(action)
        outcome = Outcome(status=503) if fault and fault.kind in _DOES_NOTHING else decide(key)
        if fault and fault.kind in _HIDES_THE_WORK and outcome.status >= 400:
            fault = None  # there is no work to hide
        shown = replace(outcome, status=_shown(fault, outcome))
        self._desk.write(now, action, key, shown, fault=fault.kind.value if fault else None)
        if fault and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.delay)
        if fault and fault.kind in _CUTS:
            _cut(request)
        return _response(fault, shown)

    # -- not counted, not logged: looking at the desk, and telling it how to behave ------------------------------------

    async def log(self, request: Request) -> Response:
        """Every request so far, a line each."""
        return self._for_anybody_known(request) or FileResponse(self._desk.log, media_type="application/jsonl")

    async def stats(self, request: Request) -> Response:
        """The sums."""
        return self._for_anybody_known(request) or JSONResponse(self._desk.stats())

    async def list_faults(self, request: Request) -> Response:
        """The faults that are on."""
        on = [{**asdict(fault), "kind": fault.kind.value} for fault in self._faults.listed()]
        return self._for_admins(request) or JSONResponse(on)

    async def switch_on(self, request: Request) -> Response:
        """Switch a fault on."""
        if refused := self._for_admins(request):
            return refused
        body = await _json(request)
        try:
            self._faults.on(_fault(body))
        except (TypeError, ValueError) as error:
            return _problem(422, f"no fault can be made of this: {error}")
        return await self.list_faults(request)

    async def switch_off(self, request: Request) -> Response:
        """Switch all faults off."""
        if refused := self._for_admins(request):
            return refused
        self._faults.off()
        return Response(status_code=204)

    async def duplicates(self, request: Request) -> Response:
        """Honour the Idempotency-Key, or not."""
        if refused := self._for_admins(request):
            return refused
        detect = (await _json(request)).get("detect")
        if not isinstance(detect, bool):
            return _problem(422, 'say {"detect": true} or {"detect": false}')
        self._desk.detect_duplicates = detect
        return Response(status_code=204)

    def _for_anybody_known(self, request: Request) -> Response | None:
        if _bears(request, self._setup.token) or _bears(request, self._setup.admin_token):
            return None
        return _problem(401, "this needs the header Authorization: Bearer <token>")

    def _for_admins(self, request: Request) -> Response | None:
        return None if _bears(request, self._setup.admin_token) else _problem(401, "this needs the admin's token")


def _shown(fault: Fault | None, outcome: Outcome) -> int:
    if fault is None or fault.kind is FaultKind.SLOW:
        return outcome.status
    if fault.kind in _CUTS:
        return 0
    if fault.kind is FaultKind.DOWN:
        return 503
    return 500 if fault.kind is FaultKind.DONE_THEN_500 else 200


def _response(fault: Fault | None, outcome: Outcome) -> Response:
    if fault and fault.kind is FaultKind.CHANGED_BODY:
        return JSONResponse(_in_another_form(outcome.assignment))
    if outcome.status >= 400 or outcome.status == 0:
        return _problem(outcome.status or 500, outcome.problem or "something went wrong")
    if outcome.status == 204 or outcome.assignment is None:
        return Response(status_code=204)
    return JSONResponse(outcome.assignment.as_json(), status_code=outcome.status)


def _in_another_form(assignment: Assignment | None) -> dict[str, object]:
    return {"data": {"type": "queue-entry", "ref": assignment.assignment if assignment else None}, "links": {}}


def _problem(status: int, words: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": words}, status_code=status, headers=headers)


def _bears(request: Request, token: str) -> bool:
    return secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode())


def _fault(body: dict[str, object]) -> Fault:
    known = Fault(kind=FaultKind(body.get("kind")))
    numbers = {name: value for name, value in body.items() if name != "kind"}
    return replace(known, **numbers)  # pyright: ignore[reportArgumentType] - Fault checks the numbers itself


def _cut(request: Request) -> None:
    transport: Transport = request.state.transport
    transport.abort()


async def _json(request: Request) -> dict[str, object]:
    try:
        body: object = json.loads(await request.body())
    except ValueError:
        return {}
    return (
        {str(name): value for name, value in cast("dict[object, object]", body).items()}
        if isinstance(body, dict)
        else {}
    )

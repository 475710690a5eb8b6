"""Records that programs send: signed webhooks under /in, and submitting with a token. Parses, asks, answers."""

import asyncio
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from pilotage.authoring.automation import Automation
from pilotage.authoring.webhook import Webhook
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import IntakeHeld, IntakePaused, KeyTaken, NoSuchCase, RecordsRefused
from pilotage.cases.reading.bodies import Carried, Part, no_record, parts_of
from pilotage.cases.service.gathering import Gatherer
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.listening import Listening, Secrets
from pilotage.cases.service.receiving import Answer, Post, Receiver
from pilotage.cases.service.today import places_of
from pilotage.credentials.signatures import fits
from pilotage.kernel.clock import Clock
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.kernel.foreign import RAISED
from pilotage.machinery.api.app import Explain, api_app, problem_of
from pilotage.machinery.api.bodies import PATIENCE, header, media_type, read_body
from pilotage.machinery.api.described import BEARER, problems
from pilotage.machinery.api.errors import BodyTooLarge, BodyTypeRefused, BodyUnreadable, SignatureRefused, TooBusy
from pilotage.machinery.api.tokens import Guard
from pilotage.machinery.api.values import Asked, TokenScope
from pilotage.machinery.storage.database import Database

_log: Final = structlog.get_logger("pilotage.intake")

STATUSES: Final[Mapping[type[PilotageError], int]] = {
    IntakePaused: 429,
    IntakeHeld: 503,
    RecordsRefused: 422,
    KeyTaken: 409,
    NoSuchCase: 404,
    SignatureRefused: 401,
}
RECORDS: Final = 1_000
"""Records of one request: they are one transaction."""
BYTES: Final = 4_000_000
"""Bytes of a body for the API; a webhook says its own."""
_LARGE: Final = 64_000
"""Bytes from which on a body is not taken apart in the event loop."""
_FORMS: Final[Mapping[str, Carried]] = {
    "application/json": "json",
    "application/x-ndjson": "lines",
    "application/jsonl": "lines",
}
_KEY: Final = 200


class Became(BaseModel):
    """What became of one record, in the order in which they were sent."""

    became: Literal["accepted", "duplicate", "quarantined"]
    case: str | None = None
    quarantine: str | None = None


class Received(BaseModel):
    """What became of a request; all of it is committed."""

    arrived: int
    accepted: int
    duplicates: int
    quarantined: int
    passed_over: int = Field(description="events that are no records of this automation")
    records: list[Became]


class AutomationPlaces(BaseModel):
    """How many cases of an automation are where."""

    automation: str
    takes: str
    places: dict[str, int]
    quarantine: int


class Receivers(Protocol):
    """Who takes records in, and knows when there will be room."""

    def pause(self, automation: Automation) -> float:
        """Seconds after which there should be room again."""
        ...


@dataclass(frozen=True, kw_only=True)
class Intakes:
    """What takes in what programs send, for one process."""

    automation: Callable[[str], Automation]
    """By name; raises UnknownName (PLT-001), or why what should be loaded is not."""
    database: Database
    listening: Listening
    gatherer: Gatherer
    receiver: Receivers
    patience: float = PATIENCE

    async def take(self, automation: Automation, source: str, post: Post) -> Response:
        """Hand a request in; answer when all of it is committed."""
        answer: Answer = await asyncio.wrap_future(self.gatherer.hand_in(automation, source, post))
        if isinstance(answer, str):
            return Response(answer, status_code=202, media_type="application/json")
        if isinstance(answer, IntakePaused):
            seconds = await run_in_threadpool(self.receiver.pause, automation)
            return problem_of(answer, STATUSES[IntakePaused], again=seconds)
        raise answer


@contextmanager
def taking_in(
    *,
    automations: Callable[[str], Automation],
    intake: Intake,
    secrets: Secrets,
    clock: Clock,
    version: str = "",
    explain: Explain = lambda error: None,
    patience: float = PATIENCE,
    beside: Sequence[Callable[[Guard], APIRouter]] = (),
) -> Generator[FastAPI]:
    """What programs call, for as long as the block lasts; what was handed in by then is taken in.

    `beside` makes the routes that other subjects bring, which let in who has a token.
    """
    database = intake.database
    receiver = Receiver(intake=intake)
    gatherer = Gatherer(receiver=receiver)
    intakes = Intakes(
        automation=automations,
        database=database,
        listening=Listening(database=database, secrets=secrets, clock=clock),
        gatherer=gatherer,
        receiver=receiver,
        patience=patience,
    )
    try:
        guard = Guard(database=database, clock=clock)
        routers = [webhooks(intakes), records(intakes, guard), *(make(guard) for make in beside)]
        yield api_app(routers, version=version, statuses=STATUSES, explain=explain)
    finally:
        gatherer.close()
        receiver.close()


def webhooks(intakes: Intakes) -> APIRouter:
    """The address of each webhook. Its signature is all that lets a request in."""
    router = APIRouter(tags=["webhooks"])

    @router.post(
        "/in/{automation}/{source}",
        status_code=202,
        responses={202: {"model": Received}, **problems(400, 401, 404, 408, 413, 415, 429, 503)},
        openapi_extra=_carries(Webhook.__name__),
    )
    async def hear(request: Request, automation: str, source: str) -> Response:
        """An event, signed as Standard Webhooks says. The same webhook-id again is answered the same, and done once."""
        owner, hook = _hook(intakes, automation, source)
        message, at = header(request, "webhook-id"), header(request, "webhook-timestamp")
        signature = header(request, "webhook-signature")
        body = await read_body(request, at_most=hook.at_most, patience=intakes.patience)
        await _know(intakes.listening, hook.secret.name, automation)
        keys, now = intakes.listening.keys(hook.secret.name, automation), intakes.listening.now()
        if not fits(keys, message=message, at=at, signature=signature, body=body, now=now):
            raise SignatureRefused("The signature does not fit.", "See that both sides have the same secret and time.")
        parts = await _parts(body, _form(request)) or [no_record(body)]
        name = f"webhook {source}"
        asked = Asked(asker=f"{automation} {name}", key=message, digest=_digest(body))
        return await intakes.take(owner, name, _event_post(hook, parts, asked))

    return router


async def _know(listening: Listening, secret: str, automation: str) -> None:
    """Know the keys of the secret. What is wrong with it is for whoever runs this, and not for whoever calls."""
    if listening.knows(secret, automation):
        return
    try:
        await run_in_threadpool(listening.look, secret, automation)
    except PilotageError as error:
        _log.error("webhook.not_ready", secret=secret, code=error.code, what=error.what, remedy=error.remedy)
        raise TooBusy("This address is not ready.", "Send it again later.") from None


def _nothing() -> NoSuchCase:
    return NoSuchCase("Nothing is here.", "See that the address is right.")


def _hook(intakes: Intakes, automation: str, source: str) -> tuple[Automation, Webhook]:
    try:
        owner = intakes.automation(automation)
    except UnknownName:  # it names what there is, which is for those who have proved who they are
        raise _nothing() from None
    hook = next((one for one in owner.intake if isinstance(one, Webhook) and one.name == source), None)
    if hook is None:
        raise _nothing()
    return owner, hook


def _event_post(hook: Webhook, parts: Sequence[Part], asked: Asked) -> Post:
    arrivals = [_arrival(number, part, hook.record) for number, part in enumerate(parts, 1)]
    kept = [one for one in arrivals if one is not None]
    return Post(arrivals=kept, asked=asked, passed_over=len(arrivals) - len(kept))


def _arrival(number: int, part: Part, record: Callable[[Mapping[str, object]], object] | None = None) -> Arrival | None:
    if part.fields is None or record is None:
        return Arrival(fields=part.fields, original=part.original, number=number, reason=part.reason, shape=part.shape)
    try:
        fields = record(part.fields)
    except RAISED as error:  # record= is the author's code: its failure is this event's
        reason, shape = f"record= failed on it: {type(error).__name__}: {error}", f"record: {type(error).__name__}"
        return Arrival(fields=None, original=part.original, number=number, reason=reason, shape=shape)
    return None if fields is None else Arrival(fields=fields, original=part.original, number=number)


def records(intakes: Intakes, guard: Guard) -> APIRouter:
    """Submitting and looking, with a token."""
    router = APIRouter(prefix="/api/v1", tags=["records"])

    @router.post(
        "/automations/{name}/records",
        status_code=202,
        responses={202: {"model": Received}, **problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503)},
        openapi_extra=_carries("records of the automation", bearer=True),
    )
    async def submit(request: Request, name: str) -> Response:
        """Submit one record, or several, all or none. With an Idempotency-Key the same request again is done once."""
        token = await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.SUBMIT)
        automation = intakes.automation(name)
        key = header(request, "idempotency-key", at_most=_KEY)
        if key and not (key.isascii() and key.isprintable()):
            raise BodyUnreadable("The Idempotency-Key is no printable ASCII.", "Use a UUID, for example.")
        form = _form(request)
        body = await read_body(request, at_most=BYTES, patience=intakes.patience)
        parts = await _parts(body, form)
        if not parts:
            raise BodyUnreadable("The request has no record.", "Send at least one.")
        arrivals = [_arrival(number, part) for number, part in enumerate(parts, 1)]
        asked = Asked(asker=f"{name} token {token.id}", key=key, digest=_digest(body)) if key else None
        kept = [one for one in arrivals if one is not None]
        return await intakes.take(automation, "api", Post(arrivals=kept, asked=asked, strict=True))

    @router.get(
        "/automations/{name}",
        responses=problems(401, 403, 404),
        openapi_extra=BEARER,
    )
    async def automation(request: Request, name: str) -> AutomationPlaces:
        """How many of its cases are where."""
        await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.READ)
        found = intakes.automation(name)
        places, quarantined = await run_in_threadpool(places_of, intakes.database, name)
        return AutomationPlaces(
            automation=name,
            takes=getattr(found.takes, "__name__", str(found.takes)),
            places={place.value: count for place, count in places.items()},
            quarantine=quarantined,
        )

    return router


def _carries(what: str, *, bearer: bool = False) -> dict[str, object]:
    schema: dict[str, object] = {
        "description": what,
        "anyOf": [{"type": "object"}, {"type": "array", "maxItems": RECORDS}],
    }
    content: dict[str, object] = {
        "application/json": {"schema": schema},
        "application/x-ndjson": {"schema": {"type": "string"}},
    }
    return {"requestBody": {"required": True, "content": content}, **(BEARER if bearer else {})}


def _form(request: Request) -> Carried:
    kind = media_type(request)
    if kind not in _FORMS:
        said = f"The Content-Type is {kind[:80]}" if kind else "There is no Content-Type"
        raise BodyTypeRefused(
            f"{said}, and a body of that kind is not taken; nothing was.",
            "Set Content-Type: application/json (an object or a list of objects) or application/x-ndjson (one on each line), and send it again.",
        )
    return _FORMS[kind]


async def _parts(body: bytes, form: Carried) -> Sequence[Part]:
    parts = await run_in_threadpool(parts_of, body, form) if len(body) > _LARGE else parts_of(body, form)
    if len(parts) > RECORDS:
        raise BodyTooLarge(f"The request has {len(parts):,} records.", f"Send {RECORDS:,} at most at once.")
    return parts


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()

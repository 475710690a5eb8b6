"""What programs ask of operations: connections, limits, what needs somebody; and figures in the text that Prometheus reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from pilotage.cases.values_today import Places
from pilotage.machinery.api.bodies import header
from pilotage.machinery.api.described import BEARER, Cursor, Limit, problems
from pilotage.machinery.api.errors import CursorUnreadable
from pilotage.machinery.api.tokens import Guard
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.telemetry.values import Figure
from pilotage.operations import connections, limits
from pilotage.operations.connections import OtherSide
from pilotage.operations.health import assess, needs
from pilotage.operations.limits import Account
from pilotage.operations.values import Need, Urgency

T = TypeVar("T")


class ConnectionsOut(BaseModel):
    """Connections in the order of their names."""

    connections: list[dict[str, object]]
    next: str | None = Field(description="the cursor of the next page; null: there is none")


class NeedOut(BaseModel):
    """One thing that needs somebody."""

    title: str
    why: str
    urgency: str = Field(description="trouble: not as it should be; work: there to be settled; passing: nobody yet")
    command: str
    oldest_seconds: int | None


class NeedsOut(BaseModel):
    """How the platform does, and what needs somebody, the gravest first."""

    condition: str
    title: str
    sentence: str
    needs: list[NeedOut]
    next: str | None = Field(description="the cursor of the next page; null: there is none")


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What is looked at."""

    sides: Callable[[], Sequence[OtherSide]]
    accounts: Callable[[], Sequence[Account]]
    places: Callable[[], Places]
    needs: Callable[[], Sequence[Need]]

    def router(self, guard: Guard) -> APIRouter:
        """The routes, for who has a token for reading."""
        router = APIRouter(prefix="/api/v1", tags=["operations"])

        async def may_read(request: Request) -> None:
            await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.READ)

        @router.get("/connections", responses=problems(400, 401, 403, 422), openapi_extra=BEARER)
        async def many(request: Request, cursor: Cursor = None, limit: Limit = 50) -> ConnectionsOut:
            """How the other side of each connection does."""
            await may_read(request)
            found, onward = _page(await run_in_threadpool(self.sides), cursor, limit)
            return ConnectionsOut(connections=[_plain(connections.as_data(one)) for one in found], next=onward)

        @router.get("/limits", responses=problems(400, 401, 403, 422), openapi_extra=BEARER)
        async def counted(request: Request, cursor: Cursor = None, limit: Limit = 50) -> ConnectionsOut:
            """What the limits of each connection have left, and what is to be expected."""
            await may_read(request)
            found, onward = _page(await run_in_threadpool(self.accounts), cursor, limit)
            return ConnectionsOut(connections=[_plain(limits.as_data(one)) for one in found], next=onward)

        @router.get("/needs", responses=problems(400, 401, 403, 422), openapi_extra=BEARER)
        async def wanting(
            request: Request,
            urgency: Annotated[Urgency | None, Query(description="of this urgency alone")] = None,
            cursor: Cursor = None,
            limit: Limit = 50,
        ) -> NeedsOut:
            """What needs somebody, as `pilotage status` and the Today page say it."""
            await may_read(request)
            places, more = await run_in_threadpool(lambda: (self.places(), self.needs()))
            health = assess(places, more)
            wanted = [one for one in (*more, *needs(places)) if urgency in {None, one.urgency}]
            found, onward = _page(wanted, cursor, limit)
            return NeedsOut(
                condition=health.condition.value,
                title=health.title,
                sentence=health.sentence,
                needs=[_need(one) for one in found],
                next=onward,
            )

        return router


def _page(found: Sequence[T], cursor: str | None, limit: int) -> tuple[Sequence[T], str | None]:
    """A page of what is read whole, because it is as short as what is declared."""
    if cursor is not None and not (cursor.isascii() and cursor.isdecimal()):
        raise CursorUnreadable("The cursor is none that this list has given.", "Give what `next` said, as it is.")
    start = int(cursor or 0)
    end = start + limit
    return found[start:end], str(end) if end < len(found) else None


def _plain(one: Mapping[str, object]) -> dict[str, object]:
    return dict(one)


def _need(one: Need) -> NeedOut:
    oldest = None if one.oldest is None else round(one.oldest.total_seconds())
    return NeedOut(title=one.title, why=one.why, urgency=one.urgency.value, command=one.command, oldest_seconds=oldest)


def metrics(read: Callable[[], Sequence[Figure]]) -> Callable[[Guard], APIRouter]:
    """`GET /metrics`, for who has a token for it: names and counts say how a business does."""

    def router(guard: Guard) -> APIRouter:
        made = APIRouter(tags=["metrics"])

        @made.get("/metrics", include_in_schema=False)
        async def told(request: Request) -> Response:
            """Every figure of this moment."""
            await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.METRICS)
            return await run_in_threadpool(_answer, read)

        return made

    return router


def _answer(read: Callable[[], Sequence[Figure]]) -> Response:
    from pilotage.machinery.telemetry.exposition import CONTENT_TYPE, prometheus_text  # noqa: PLC0415 - for who asks

    return Response(prometheus_text(read()), media_type=CONTENT_TYPE)

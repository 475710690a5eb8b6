"""Cases for programs: lists, page by page, and one with all that is known of it. Reads alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from pilotage.authoring.automation import Automation
from pilotage.cases.errors import NoSuchCase
from pilotage.cases.ports import PartOfCase
from pilotage.cases.service.describing import as_data, row_as_data
from pilotage.cases.service.listing import list_cases
from pilotage.cases.service.whole import read_whole
from pilotage.cases.store.listing import Wanted
from pilotage.cases.values import Place
from pilotage.connections.values import Heard
from pilotage.kernel.ids import read, shown
from pilotage.machinery.api.bodies import header
from pilotage.machinery.api.described import BEARER, Cursor, Limit, problems
from pilotage.machinery.api.errors import BodyUnreadable, CursorUnreadable
from pilotage.machinery.api.tokens import Guard
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.storage.database import Database


class CasesOut(BaseModel):
    """A page of cases, the newest first."""

    cases: list[dict[str, object]]
    next: str | None = Field(description="the cursor of the next page; null: there is none")
    whole: bool = Field(description="false: the stretch that one page looks through ended before the page was full")


@dataclass(frozen=True, kw_only=True)
class Looks:
    """What is looked at, and how."""

    database: Database
    automation: Callable[[str], Automation]
    """By name; raises UnknownName (PLT-001)."""
    parts: Sequence[PartOfCase]
    keep: float

    def router(self, guard: Guard) -> APIRouter:
        """The routes."""
        return cases(self, guard)


def cases(looks: Looks, guard: Guard) -> APIRouter:
    """Looking at cases, with a token for reading."""
    router = APIRouter(prefix="/api/v1", tags=["cases"])

    @router.get("/cases", responses=problems(400, 401, 403, 404, 422), openapi_extra=BEARER)
    async def many(
        request: Request,
        automation: Annotated[str | None, Query(description="of this automation alone")] = None,
        place: Annotated[str | None, Query(description=f"one of: {', '.join(Place)}")] = None,
        failure: Annotated[
            str | None, Query(description=f"the word of a failure, one of: {', '.join(list(Heard)[1:])}")
        ] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> CasesOut:
        """Cases, the newest first, page by page."""
        await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.READ)
        if automation is not None:
            looks.automation(automation)
        before = read("C", cursor) if cursor is not None else None
        if cursor is not None and (before is None or shown("C", before) != cursor.strip().upper()):
            raise CursorUnreadable("The cursor is none that this list has given.", "Give what `next` said, as it is.")
        wanted = Wanted(
            automation=automation,
            place=_one_of("place", place, list(Place)),
            word=_one_of("failure", failure, list(Heard)[1:]),
            before=before,
        )
        found, _ = await run_in_threadpool(list_cases, looks.database, wanted, limit)
        return CasesOut(
            cases=[{**row_as_data(one.row), "failure": one.word or None} for one in found.cases],
            next=None if found.more is None else shown("C", found.more),
            whole=found.whole,
        )

    @router.get("/cases/{case}", responses=problems(401, 403, 404), openapi_extra=BEARER)
    async def one(
        request: Request,
        case: Annotated[str, Path(description="its id, such as C-1K3X8Q0T7M2A4")],
        *,
        raw: Annotated[
            bool, Query(description="also what other sides said to calls that failed, as long as it is kept")
        ] = False,
    ) -> dict[str, object]:
        """One case: its place, record, values, timeline, effects, failures and decisions."""
        await run_in_threadpool(guard.let_in, header(request, "authorization"), TokenScope.READ)
        if read("C", case) is None:
            raise NoSuchCase("There is no such case.", "Give the id of a case, such as C-1K3X8Q0T7M2A4.")
        whole = await run_in_threadpool(read_whole, looks.database, case, parts=looks.parts, keep=looks.keep)
        return dict(as_data(whole, raw=raw))

    return router


def _one_of(what: str, value: str | None, known: Sequence[str]) -> str | None:
    if value is None or value in known:
        return None if value is None else str(value)
    raise BodyUnreadable(f"That is no {what} that there is.", f"Give one of: {', '.join(known)}.")

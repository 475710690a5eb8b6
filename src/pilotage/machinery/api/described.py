"""What every route says of itself in the description: its refusals, its token, and how a list is gone through."""

from typing import Annotated, Final, TypeAlias

from fastapi import Query
from pydantic import BaseModel, Field


class Fault(BaseModel):
    """What is wrong with one record."""

    record: int = Field(description="its place in the request, from 1")
    field: str | None = None
    reason: str


class ProblemOut(BaseModel):
    """What went wrong (RFC 9457)."""

    title: str
    status: int
    detail: str
    remedy: str = ""
    code: str = ""
    reference: str = ""
    faults: list[Fault] = Field(default_factory=list[Fault])


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The refusals of a route, all of one shape."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
    return {status: {"model": ProblemOut, "content": content} for status in statuses}


BEARER: Final[dict[str, object]] = {"security": [{"bearer": []}]}
"""The route wants a token."""
MOST: Final = 200
Limit: TypeAlias = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Cursor: TypeAlias = Annotated[
    str | None, Query(max_length=200, description="what the page before gave as `next`; unsaid, the first page")
]

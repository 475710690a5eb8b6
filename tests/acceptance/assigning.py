"""Two automations that put requests into a help desk's queues, five a second: one repeats safely, one asks first; copied into a project."""

from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.examples.tickets.contracts import Assigned, Team

A_SECOND = 5
head = pl.Role("head")
helpdesk = pl.Connection(
    "helpdesk",
    base_url=pl.Setting("helpdesk-url"),
    credential=pl.Secret("helpdesk-token", max_age="90d"),
    limits=[pl.Rate(A_SECOND, per="second", burst=A_SECOND)],
    timeout="5s",
)


class Request(BaseModel):
    """A request."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)


async def find(effect: pl.Effect) -> Assigned | None:
    """Ask the desk for the assignment under this key."""
    return await helpdesk.find("/assignments", params={"key": effect.key}, expect=Assigned)


async def _assign(request: Request) -> Assigned:
    return await helpdesk.post("/assignments", json={"ticket": request.id, "team": Team.CARDS.value}, expect=Assigned)


@pl.act(through=helpdesk, undo=pl.CannotUndo("nobody asked"), reconcile=pl.SafeToRepeat("the desk honours the key"))
async def assign_safely(request: Request) -> Assigned:
    """Assign; may be sent again."""
    return await _assign(request)


@pl.act(through=helpdesk, undo=pl.CannotUndo("nobody asked"), reconcile=find)
async def assign_asking(request: Request) -> Assigned:
    """Assign; the desk is asked before it is sent again."""
    return await _assign(request)


safe = pl.Automation(
    "safe",
    purpose="Every request is assigned.",
    takes=Request,
    gives=Assigned,
    key=lambda one: one.id,
    owner=head,
    process=pl.Path(assign_safely),
)
ask = pl.Automation(
    "ask",
    purpose="Every request is assigned.",
    takes=Request,
    gives=Assigned,
    key=lambda one: one.id,
    owner=head,
    process=pl.Path(assign_asking),
)

"""Three automations that put tickets into a help desk's queues, one for each kind of repeat; copied into a project.

Each act takes a moment before it calls: a process that is stopped then has permission for calls that it has not made.
"""

import asyncio
import datetime as dt
import os

from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.examples.tickets.contracts import Assigned, Team

head = pl.Role("head")
helpdesk = pl.Connection(
    "helpdesk", base_url=pl.Setting("helpdesk-url"), credential=pl.Secret("helpdesk-token", max_age="90d"), timeout="5s"
)
forgetful = pl.Connection(
    "forgetful",
    base_url=pl.Setting("forgetful-url"),
    credential=pl.Secret("forgetful-token", max_age="90d"),
    timeout="5s",
)
"""A desk that may act again on a key that it knows: for acts that are never sent again without a question."""


class Request(BaseModel):
    """A request, with something of each kind that can be wrong."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1, max_length=10_000)
    number: int = 0
    day: dt.date | None = None


@pl.compute
def team(request: Request) -> Team:
    """The team is a matter of length here."""
    return list(Team)[len(request.text) % len(Team)]


async def find(effect: pl.Effect) -> Assigned | None:
    """Ask the desk for the assignment under this key."""
    return await forgetful.find("/assignments", params={"key": effect.key}, expect=Assigned)


async def _assign(through: pl.Connection, request: Request, team: Team) -> Assigned:
    await asyncio.sleep(float(os.environ.get("TAKES_A_MOMENT", "0")))
    return await through.post("/assignments", json={"ticket": request.id, "team": team.value}, expect=Assigned)


@pl.act(through=helpdesk, undo=pl.CannotUndo("nobody asked"), reconcile=pl.SafeToRepeat("the desk honours the key"))
async def assign_safely(request: Request, team: Team) -> Assigned:
    """Assign; may be sent again."""
    return await _assign(helpdesk, request, team)


@pl.act(through=forgetful, undo=pl.CannotUndo("nobody asked"), reconcile=find)
async def assign_asking(request: Request, team: Team) -> Assigned:
    """Assign; the desk is asked before it is sent again."""
    return await _assign(forgetful, request, team)


@pl.act(through=forgetful, undo=pl.CannotUndo("nobody asked"))
async def assign_once(request: Request, team: Team) -> Assigned:
    """Assign; never sent again."""
    return await _assign(forgetful, request, team)


safe = pl.Automation(
    "safe",
    purpose="Every request is assigned.",
    takes=Request,
    gives=Assigned,
    key=lambda one: one.id,
    owner=head,
    process=pl.Path(team, assign_safely),
)
ask = pl.Automation(
    "ask",
    purpose="Every request is assigned.",
    takes=Request,
    gives=Assigned,
    key=lambda one: one.id,
    owner=head,
    process=pl.Path(team, assign_asking),
)
never = pl.Automation(
    "never",
    purpose="Every request is assigned.",
    takes=Request,
    gives=Assigned,
    key=lambda one: one.id,
    owner=head,
    process=pl.Path(team, assign_once),
)

"""Corners of the face that the examples do not reach; must type-check."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, assert_type

import httpx2
import pilotage as pl
from invoicing.automation import agreed_fee, billing, post
from invoicing.contracts import Billing, Engagement, Invoice, Posted
from invoicing.rules import charities, without_order_number
from leads_outreach.automation import Sent
from openai import AsyncOpenAI
from pydantic import BaseModel
from tickets.automation import Assigned, Team, Ticket, dispatcher, helpdesk, team


class Line(BaseModel):
    sku: str
    amount: Decimal


class Booked(BaseModel):
    sku: str


class Order(BaseModel):
    id: str
    lines: list[Line]
    due: datetime


class Total(BaseModel):
    amount: Decimal


lines_at_once = pl.Setting("lines-at-once", int, default=50)
lead = pl.Role("lead")
watched = pl.Connection(
    "watched",
    base_url="https://watched.test",
    checks=[
        pl.ContractCheck("/totals", params={"limit": "1"}, expect=Total),
        pl.ContractCheck("/", expect=Total, every=timedelta(hours=1)),
    ],
)
ask = pl.Ask(dispatcher, within=timedelta(hours=4), then=pl.Ask(lead, within="1d"))


@pl.compute
async def one(line: Line, case: pl.Case) -> Booked:  # async, and the case by type
    return Booked(sku=f"{line.sku}{case.key}")


@pl.compute(batch=100, through=helpdesk)
async def total(orders: list[Order], booked: list[pl.Collected[Booked]], cases: list[pl.Case]) -> list[Total]:
    del booked, cases
    return [
        Total(amount=sum((line.amount for line in order.lines), Decimal(0))) for order in orders[: lines_at_once.value]
    ]


@pl.judge(through=helpdesk)
async def second_look(ticket: Ticket) -> pl.Judgement[Team]:  # asks a model through a connection
    return pl.abstain("empty") if not ticket.text else pl.Judgement(Team.CARDS, confidence=0.9)


@pl.judge(through=helpdesk)
async def third_look(ticket: Ticket) -> pl.Judgement[Team]:  # asks through a library that takes a client
    client = helpdesk.client(reads=True)
    assert_type(client, httpx2.AsyncClient)
    library = AsyncOpenAI(http_client=client, base_url=str(client.base_url), api_key="unused", max_retries=0)
    found = await library.models.list()
    return pl.Judgement(Team(found.data[0].id), confidence=0.9)


@pl.act(through=[helpdesk], undo=pl.CannotUndo("A message cannot be called back."), reconcile=pl.SafeToRepeat("Keys."))
def tell(ticket: Ticket, team: Annotated[Team, pl.From(second_look)]) -> Sent:  # plain, not async
    return Sent(message=f"{ticket.id}{team.value}")


def take_back(assigned: Assigned) -> None: ...


@pl.act(through=helpdesk, undo=take_back)
def assign_now(ticket: Ticket) -> Assigned:
    return Assigned(assignment="", ticket=ticket.id, team=Team.CARDS)


orders = pl.Automation(
    "orders",
    purpose="Corners.",
    takes=Order,
    gives=Total,
    key=lambda o: o.id,
    owner=dispatcher,
    deputy=lead,
    sponsor=dispatcher,
    process=pl.Path(
        pl.Wait[Order](until=lambda o: o.due),
        pl.Wait("10m"),
        pl.ForEach[Order, Line, Booked](items=lambda o: o.lines, do=pl.Path(one)),
        total,
    ),
)
by_team = pl.Choice(
    team.alone(above=0.8, otherwise=ask),
    pl.When(Team.BANKING, assign_now),
    pl.When(Team.CARDS, assign_now),
    pl.When(Team.TRAVEL, second_look.always_ask(ask), tell),
)
held = pl.BusinessException("both", when=charities & ~without_order_number, ask=ask)
assert_type(team([]), list[pl.Judgement[Team]])
direct = pl.Automation(
    "direct",
    purpose="A lambda deep in the process keeps its type.",
    takes=Engagement,
    gives=Posted,
    key=lambda e: e.id,
    owner=dispatcher,
    deputy=lead,
    sponsor=dispatcher,
    process=pl.Path(
        agreed_fee,
        pl.Approval[Invoice](amount=lambda i: i.total, bands=[pl.Band(by=[dispatcher])], within="1d", then=lead),
        post,
    ),
)
checked: pl.Path[Engagement | Invoice, pl.Approved[Invoice]] = pl.Path(
    held, pl.Approval[Invoice](when=charities, by=[dispatcher], within="1d", then=lead)
)
not_yet = pl.Choice(
    billing,
    pl.When(Billing.FIXED_FEE, agreed_fee),
    pl.When(Billing.TIME_AND_MATERIALS, pl.BusinessException("no chain agreed yet", ask=ask)),
    pl.When(Billing.RETAINER, pl.BusinessException("no chain agreed yet", ask=ask)),
)


class Note(BaseModel):
    text: str


class Kept(BaseModel):
    text: str


@pl.compute
def kept(note: Note) -> Kept:
    """Nothing but the least that an automation can be."""
    return Kept(text=note.text)


least = pl.Automation(
    "notes",
    purpose="Notes are kept.",
    takes=Note,
    gives=Kept,
    key=lambda note: note.text,
    owner=pl.Role("me"),
    process=pl.Path(kept),
)


@pl.compute(batch=100)
def kept_or_failed(notes: list[Note]) -> list[Kept | pl.Failure]:
    """A failure may stand in place of one case of a batch; it is no part of what the step gives."""
    return [Kept(text=note.text) if note.text else pl.PermanentFailure("No text.") for note in notes]


@pl.judge(batch=100)
async def judged_or_failed(notes: list[Note]) -> list[pl.Judgement[Team] | pl.Failure]:
    """The same for a judge."""
    return [pl.Judgement(Team.CARDS, confidence=0.9) if note.text else pl.Failure("No text.") for note in notes]


@pl.compute
def both(kept: Kept, team: Team) -> Assigned:
    """Takes what the two give where they do not fail."""
    return Assigned(assignment="", ticket=kept.text, team=team)


failing: pl.Path[Note | Kept | Team, Kept | Team | Assigned] = pl.Path(
    kept_or_failed, judged_or_failed.always_ask(ask), both
)
limited = pl.Connection(
    "limited",
    base_url="https://limited.example",
    limits=[pl.Rate(5, per="second", burst=5), pl.Quota(10, per="day"), pl.Window(100, seconds=60)],
)

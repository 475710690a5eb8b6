"""An automation for tests that asks a model: tickets are sorted, their team assigned."""

from datetime import date
from decimal import Decimal
from enum import Enum

from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.testing import FakeService, Request


class Team(Enum):
    """The teams that answer customers."""

    BANKING = "banking"
    CARDS = "cards"
    TRAVEL = "travel"


class Ticket(BaseModel):
    """A request as it leaves the mailbox."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)


class Assigned(BaseModel):
    """What the help desk answers."""

    assignment: str


class Letter(BaseModel):
    """A letter with an invoice."""

    id: str
    text: str


class InvoiceFields(BaseModel):
    """What stands on an invoice."""

    number: str = Field(min_length=3)
    total: Decimal = Field(ge=0)
    due: date | None = None
    paid: bool = False


class Reply(BaseModel):
    """What we would answer."""

    reply: str = Field(max_length=400)


dispatcher, lead = pl.Role("dispatcher"), pl.Role("support lead")
ask = pl.Ask(dispatcher, within="4h", then=lead)
openai = pl.Connection("openai", base_url="https://models.example/v1", credential=None, timeout="60s")
local = pl.Connection("local", base_url="http://127.0.0.1:9/v1", timeout="60s")
helpdesk = pl.Connection("helpdesk", base_url="https://helpdesk.example")

route = pl.Prompt("route.md", version=2, at_most=2_000)
fields_of = pl.Prompt("fields.md", version=1)
reply_to = pl.Prompt("reply.md", version=1)
small = pl.Model("smollm2", through=local, price=pl.Price(input=0, output=0))
gpt = pl.Model("gpt-5-mini", through=openai, fallback=small)


@pl.judge(batch=16, through=[openai, local], uses=[route])
async def team(tickets: list[Ticket]) -> list[pl.Judgement[Team] | pl.Failure]:
    """Which team answers this ticket."""
    return await gpt.classify(tickets, into=Team, prompt=route, text=lambda ticket: ticket.text)


@pl.act(through=helpdesk, undo=pl.CannotUndo("a test"), reconcile=pl.SafeToRepeat("a test"))
async def assign(ticket: Ticket, team: Team) -> Assigned:
    """Put the ticket into the team's queue."""
    return await helpdesk.post("/assignments", json={"ticket": ticket.id, "team": team.value}, expect=Assigned)


@pl.judge(through=[openai, local])
async def fields(letter: Letter) -> pl.Judgement[InvoiceFields]:
    """What stands on the invoice."""
    return await gpt.extract(letter, into=InvoiceFields, prompt=fields_of, text=lambda letter: letter.text)


tickets = pl.Automation(
    "tickets",
    purpose="Every ticket reaches its team.",
    takes=Ticket,
    gives=Assigned,
    key=lambda ticket: ticket.id,
    owner=lead,
    process=pl.Path(team.alone(above=0.80, otherwise=ask), assign),
)
letters = pl.Automation(
    "letters",
    purpose="Every invoice is read.",
    takes=Letter,
    gives=InvoiceFields,
    key=lambda letter: letter.id,
    owner=lead,
    process=pl.Path(fields.alone(above=0.80, otherwise=ask)),
)


def desk() -> FakeService:
    """The help desk's other side."""
    service = FakeService(helpdesk)

    @service.on("POST", "/assignments")
    def assigned(request: Request) -> Assigned:
        return Assigned(assignment=f"A-{request.json['ticket']}")

    return service

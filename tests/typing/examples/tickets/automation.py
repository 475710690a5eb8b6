"""Support tickets: judge the team, assign through the help desk, ask a person when in doubt."""

from enum import Enum

import pilotage as pl
from pydantic import BaseModel, Field

from tickets.router import Router

# -- contracts -----------------------------------------------------------------


class Team(Enum):
    """The teams that answer customers."""

    BANKING = "banking"
    CARDS = "cards"
    TRAVEL = "travel"


class Ticket(BaseModel):
    """A request as it leaves the mailbox."""

    id: str = Field(min_length=1)
    product: str
    text: str = Field(min_length=1, max_length=10_000)


class Assigned(BaseModel):
    """What the help desk answers when a ticket is in a team's queue."""

    assignment: str
    ticket: str
    team: Team


# -- people --------------------------------------------------------------------

dispatcher = pl.Role("dispatcher")
support_lead = pl.Role("support lead")
support_operations = pl.Role("support operations")
head_of_service = pl.Role("head of service")

# -- outside -------------------------------------------------------------------

helpdesk = pl.Connection(
    "helpdesk",
    base_url=pl.Setting("helpdesk-url"),
    credential=pl.Secret("helpdesk-token", max_age="90d"),
    limits=[pl.Rate(5, per="second", burst=5), pl.Quota(10_000, per="day", zone="Europe/Berlin")],
)
router = pl.Artifact("router.json", load=Router.load)

# -- steps -------------------------------------------------------------------


@pl.judge(batch=64, uses=[router])
def team(tickets: list[Ticket]) -> list[pl.Judgement[Team]]:
    """Which team answers this ticket."""
    judgements: list[pl.Judgement[Team]] = []
    for guess in router.value.guess([ticket.text for ticket in tickets]):
        if not guess.known_words:
            judgements.append(pl.abstain("No word of the ticket was seen in training."))
            continue
        judgements.append(
            pl.Judgement(
                Team(guess.label),
                confidence=guess.confidence,
                evidence=[pl.Quote(word, of="text") for word in guess.known_words[:3]],
            )
        )
    return judgements


async def unassign(assigned: Assigned) -> None:
    """Take the ticket out of the team's queue again."""
    await helpdesk.delete(f"/assignments/{assigned.assignment}")


async def find_assignment(effect: pl.Effect) -> Assigned | None:
    """Ask the help desk whether the ticket was assigned under this key."""
    return await helpdesk.find("/assignments", params={"key": effect.key}, expect=Assigned)


@pl.act(through=helpdesk, undo=unassign, reconcile=find_assignment)
async def assign(ticket: Ticket, team: Team) -> Assigned:
    """Put the ticket into the team's queue."""
    return await helpdesk.post("/assignments", json={"ticket": ticket.id, "team": team.value}, expect=Assigned)


# -- automation ----------------------------------------------------------------

tickets = pl.Automation(
    "tickets",
    purpose="Every support ticket reaches the team that can answer it.",
    takes=Ticket,
    gives=Assigned,
    key=lambda ticket: ticket.id,
    segments={"product": lambda ticket: ticket.product},
    owner=support_operations,
    deputy=support_lead,
    sponsor=head_of_service,
    process=pl.Path(
        team.alone(above=0.80, otherwise=pl.Ask(dispatcher, within="4h", then=support_lead)),
        assign,
    ),
)

"""Support tickets: judge the team, assign through the help desk, ask a person when in doubt."""

import pilotage as pl
from pilotage.examples.tickets.contracts import Assigned, Team, Ticket
from pilotage.examples.tickets.router import Guess, Router

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
    limits=[pl.Rate(800, per="second", burst=200), pl.Quota(100_000, per="day", zone="Europe/Berlin")],
)
router = pl.Artifact("router.json", load=Router.load)

# -- steps ---------------------------------------------------------------------


@pl.judge(batch=64, uses=[router])
def team(tickets: list[Ticket]) -> list[pl.Judgement[Team]]:
    """Which team answers this ticket."""
    return [judged(guess) for guess in router.value.guess([ticket.text for ticket in tickets])]


def judged(guess: Guess) -> pl.Judgement[Team]:
    """The router's guess with the words of the ticket that speak for it, or the reason why there is none."""
    if not guess.known_words:
        return pl.abstain("No word of the ticket is known from training.")
    if guess.outside:
        return pl.abstain("It reads like nothing that one of the teams answers.")
    return pl.Judgement(
        Team(guess.label),
        confidence=guess.confidence,
        evidence=[pl.Quote(word, of="text") for word in guess.known_words[:3]],
        alternatives={Team(label): confidence for label, confidence in guess.others.items()},
    )


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

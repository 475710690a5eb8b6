"""Three automations for tests that hand over to each other: leads are cleaned, scored, and routed to somebody.

No one imports another's types: each declares what it sends or takes. `route` goes on behind its hand-over.
"""

from enum import Enum

from pydantic import BaseModel, Field

import pilotage as pl

marketing, science, sales, desk = pl.Role("marketing"), pl.Role("science"), pl.Role("sales"), pl.Role("desk")


class Raw(BaseModel):
    """A lead as a campaign has it."""

    id: str = Field(min_length=1)
    email: str
    balance: int = 0


class Lead(BaseModel):
    """What scoring is sent."""

    id: str
    email: str
    balance: int


score_of_leads = pl.Receiver("score", takes=Lead, version=1)


@pl.compute(batch=100)
def clean(raws: list[Raw]) -> list[Lead]:
    """Bring addresses into one form."""
    return [Lead(id=raw.id, email=raw.email.strip().lower(), balance=raw.balance) for raw in raws]


ingest = pl.Automation(
    "ingest",
    purpose="Every lead is in one form, once.",
    takes=Raw,
    gives=Lead,
    key=lambda raw: raw.id,
    owner=marketing,
    process=pl.Path(clean, pl.HandOver(to=score_of_leads, accepted_within="1h", then=marketing)),
)


class Scoring(BaseModel):
    """What scoring takes: an address, and nobody with debts beyond measure."""

    id: str = Field(min_length=1)
    email: str = Field(pattern=r".+@.+")
    balance: int = Field(ge=-1000)


class Interest(Enum):
    """How likely they are to buy."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Scored(BaseModel):
    """A lead with its interest, without its balance."""

    id: str
    email: str
    interest: Interest


@pl.compute
def scored(lead: Scoring) -> Scored:
    """Judge by the balance."""
    interest = Interest.HOT if lead.balance > 100 else Interest.WARM if lead.balance > 10 else Interest.COLD
    return Scored(id=lead.id, email=lead.email, interest=interest)


route_of_scored = pl.Receiver("route", takes=Scored, version=1)


def scoring(*, open_at_most: int = 1_000_000, version: int = 1) -> "pl.Automation[Scoring, Scored | pl.HandedOver]":
    """The automation that scores, with its bound."""
    return pl.Automation(
        "score",
        purpose="Sales calls first those who are likely to buy.",
        takes=Scoring,
        gives=Scored,
        key=lambda lead: lead.id,
        owner=science,
        version=version,
        segments={"address": lambda lead: lead.email.rpartition("@")[2]},
        open_at_most=open_at_most,
        process=pl.Path(scored, pl.HandOver(to=route_of_scored, accepted_within="2h", then=science)),
    )


score = scoring()


class Invitation(BaseModel):
    """What outreach needs, and no more."""

    id: str
    email: str


class Called(BaseModel):
    """What the desk fills in after a call."""

    reached: bool


class Routed(BaseModel):
    """Where a lead went."""

    id: str
    to: Interest
    reached: bool | None


class Arrived(BaseModel):
    """What routing takes."""

    id: str
    email: str
    interest: Interest


outreach_of_invitations = pl.Receiver("outreach", takes=Invitation, version=1)


@pl.compute
def interest(lead: Arrived) -> Interest:
    """How scoring judged the lead."""
    return lead.interest


@pl.compute
def invitation(lead: Arrived) -> Invitation:
    """The address alone."""
    return Invitation(id=lead.id, email=lead.email)


@pl.compute
def routed(lead: Arrived, interest: Interest, called: Called | None) -> Routed:
    """Where the lead went, and what a call brought."""
    return Routed(id=lead.id, to=interest, reached=called.reached if called else None)


call = pl.HandOver(Arrived, to=desk, gives=Called, within="4h", then=sales)
invite = pl.HandOver(to=outreach_of_invitations, accepted_within="1d", then=desk)

route = pl.Automation(
    "route",
    purpose="A lead reaches the desk that suits it.",
    takes=Arrived,
    gives=Routed,
    key=lambda lead: lead.id,
    owner=sales,
    process=pl.Path(
        pl.Choice(
            interest,
            pl.When(Interest.HOT, call),
            pl.When(Interest.WARM, invitation, invite),
            pl.When(Interest.COLD, pl.Wait("90d")),
        ),
        routed,
    ),
)


class Sent(BaseModel):
    """A letter that was written."""

    text: str


@pl.compute
def letter(invitation: Invitation) -> Sent:
    """Write to the lead."""
    return Sent(text=f"Dear {invitation.email}")


outreach = pl.Automation(
    "outreach",
    purpose="Leads that may be interested are invited once.",
    takes=Invitation,
    gives=Sent,
    key=lambda invitation: invitation.id,
    owner=desk,
    process=pl.Path(letter),
)


class Campaign(BaseModel):
    """Invitations that go out together."""

    id: str
    leads: list[Invitation]


class Counted(BaseModel):
    """How many there were."""

    leads: int


@pl.compute
def counted(handed: pl.Collected[pl.HandedOver]) -> Counted:
    """Count them."""
    return Counted(leads=len(handed))


campaign = pl.Automation(
    "campaign",
    purpose="Everybody of a campaign is invited.",
    takes=Campaign,
    gives=Counted,
    key=lambda campaign: campaign.id,
    owner=marketing,
    process=pl.Path(
        pl.ForEach[Campaign, Invitation, pl.HandedOver](
            items=lambda campaign: campaign.leads,
            do=pl.Path(pl.HandOver(to=outreach_of_invitations, accepted_within="1d", then=desk)),
        ),
        counted,
    ),
)

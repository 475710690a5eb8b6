"""Invitations are written to leads. An e-mail cannot be called back. Owner: customer contact."""

import pilotage as pl
from pydantic import BaseModel

customer_contact = pl.Role("customer contact")
contact_lead = pl.Role("contact lead")
data_protection = pl.Role("data protection")
sales_director = pl.Role("sales director")


class Invitation(BaseModel):
    id: str
    email: str
    campaign: str


class Sent(BaseModel):
    message: str


mail = pl.Connection(
    "mail",
    base_url=pl.Setting("mail-url"),
    credential=pl.Secret("mail-token", max_age="90d"),
    limits=[pl.Rate(2, per="second", burst=2), pl.Quota(2_000, per="day", zone="Europe/Berlin")],
)


@pl.scope
def abroad(invitation: Invitation) -> bool:
    """Addresses outside the country, where other rules on consent hold."""
    return not invitation.email.endswith(".de")


async def find_sent(effect: pl.Effect) -> Sent | None:
    """Ask the mail service for the message with this key."""
    return await mail.find("/messages", params={"key": effect.key}, expect=Sent)


@pl.act(
    through=mail,
    undo=pl.CannotUndo("A sent e-mail cannot be called back.", instead="Send the apology of the book, page 4."),
    reconcile=find_sent,
)
async def write(approved: pl.Approved[Invitation], effect: pl.Effect) -> Sent:
    """Write to the lead, once."""
    body = {"to": approved.value.email, "campaign": approved.value.campaign, "key": effect.key}
    return await mail.post("/messages", json=body, expect=Sent)


outreach = pl.Automation(
    "outreach",
    purpose="Leads that may be interested are invited once, and only with consent.",
    takes=Invitation,
    gives=Sent,
    key=lambda invitation: f"{invitation.campaign}/{invitation.id}",
    owner=customer_contact,
    deputy=contact_lead,
    sponsor=sales_director,
    process=pl.Path(
        pl.Approval[Invitation](when=abroad, by=[data_protection], within="2 working days", then=contact_lead),
        write,
    ),
)

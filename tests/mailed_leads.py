"""Leads that are written to, through a CRM with so many calls a second and so many a day: for tests of limits."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

import pilotage as pl

ZONE: Final = "Europe/Berlin"
A_SECOND: Final = 5


class Lead(BaseModel):
    """What arrives."""

    id: str


class Sent(BaseModel):
    """What the other side answers."""

    id: str


@dataclass(frozen=True)
class Mailed:
    """The automation and its connection."""

    crm: pl.Connection
    leads: "pl.Automation[Lead, Sent]"


def mailed(a_day: int) -> Mailed:
    """The automation through a CRM that allows so many calls a day."""
    crm = pl.Connection(
        "crm",
        base_url="https://crm.example",
        limits=[pl.Rate(A_SECOND, per="second", burst=A_SECOND), pl.Quota(a_day, per="day", zone=ZONE)],
    )

    async def take_back(sent: Sent) -> None:
        """Take it back."""
        await crm.delete(f"/mails/{sent.id}")

    @pl.act(through=crm, undo=take_back, reconcile=pl.SafeToRepeat("It honours the key."))
    async def send(lead: Lead) -> Sent:
        """Send it."""
        return await crm.post("/mails", json={"lead": lead.id}, expect=Sent)

    leads = pl.Automation(
        "leads",
        purpose="Leads are written to.",
        takes=Lead,
        gives=Sent,
        key=lambda lead: lead.id,
        owner=pl.Role("seller"),
        process=pl.Path(send),
    )
    return Mailed(crm, leads)

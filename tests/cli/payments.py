"""An automation for the command line's tests whose connection needs a setting and a secret."""

from pydantic import BaseModel

import pilotage as pl


class Claim(BaseModel):
    """What arrives."""

    id: str


class Paid(BaseModel):
    """What the payments answer."""

    payment: str


payments = pl.Connection(
    "payments",
    base_url=pl.Setting("payments-url", str),
    credential=pl.Secret("payments-token", max_age="90d"),
    timeout="1s",
)


async def unpay(paid: Paid) -> None:
    """Take the payment back."""
    await payments.delete(f"/payments/{paid.payment}")


@pl.act(through=payments, undo=unpay, reconcile=pl.SafeToRepeat("Payments honour the key."))
async def pay(claim: Claim) -> Paid:
    """Pay it."""
    return await payments.post("/payments", json={"claim": claim.id}, expect=Paid)


expenses = pl.Automation(
    "expenses",
    purpose="Every claim is paid.",
    takes=Claim,
    gives=Paid,
    key=lambda claim: claim.id,
    owner=pl.Role("accounts"),
    deputy=pl.Role("clerk"),
    process=pl.Path(pay),
)


class Rate(BaseModel):
    """What the payments answer when they are asked for a rate."""

    rate: str


@pl.compute(through=payments)
async def rated(claim: Claim) -> Rate:
    """What it is worth today."""
    return await payments.get(f"/rates/{claim.id}", expect=Rate)


rates = pl.Automation(
    "rates",
    purpose="Every claim has its rate.",
    takes=Claim,
    gives=Rate,
    key=lambda claim: claim.id,
    owner=pl.Role("accounts"),
    deputy=pl.Role("clerk"),
    process=pl.Path(rated),
)

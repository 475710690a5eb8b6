"""Small contracts and steps of which the tests make right and wrong programs."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.authoring.findings import Finding


class Kind(Enum):
    """How an order is delivered."""

    POST = "post"
    BIKE = "bike"
    SHIP = "ship"


class Order(BaseModel):
    """What comes in."""

    id: str
    kind: pl.Open[Kind] = Kind.POST
    total: Decimal = Decimal(1)
    items: list[str] = []
    day: date = date(2026, 1, 1)


class BigOrder(Order):
    """An order of another type, which is a subclass."""


class Price(BaseModel):
    """What it costs."""

    amount: Decimal


class Label(BaseModel):
    """What is stuck on it."""

    text: str


class Sent(BaseModel):
    """What the carrier answers."""

    number: str


class Item(BaseModel):
    """One thing in an order."""

    name: str


class Packed(BaseModel):
    """One thing, packed."""

    name: str


clerk = pl.Role("clerk")
lead = pl.Role("lead")
director = pl.Role("director")
ask = pl.Ask(clerk, within="4h", then=lead)

carrier = pl.Connection(
    "carrier", base_url="https://carrier.example", credential=pl.Secret("carrier-token", max_age="90d")
)


@pl.compute
def price(order: Order) -> Price:
    """What the order costs."""
    return Price(amount=order.total)


@pl.compute
def other_price(order: Order) -> Price:
    """What it costs elsewhere."""
    return Price(amount=order.total + 1)


@pl.compute
def kind(order: Order) -> pl.Open[Kind]:
    """How it is delivered."""
    return order.kind


@pl.compute
def label(price: Price) -> Label:
    """What is stuck on it."""
    return Label(text=str(price.amount))


@pl.compute
def bigger(order: Order) -> BigOrder:
    """The order as a big one."""
    return BigOrder(id=order.id)


@pl.judge
def fragile(order: Order) -> pl.Judgement[bool]:
    """Whether it breaks."""
    return pl.Judgement(True, confidence=0.9, evidence=[pl.Quote(order.id)])


@pl.judge
def carrier_kind(order: Order) -> pl.Judgement[Kind]:
    """Who should carry it."""
    return pl.abstain(order.id)


@pl.rule(source=lead, reason="It was always so.", confirmed="2026-01-31")
def discount(price: Price) -> Price:
    """One less."""
    return Price(amount=price.amount - 1)


@pl.scope
def dear(price: Price) -> bool:
    """Orders that are dear."""
    return price.amount > 100


@pl.scope
def by_ship(order: Order) -> bool:
    """Orders that go by ship."""
    return order.kind is Kind.SHIP


async def call_back(sent: Sent) -> None:
    """Call it back."""


@pl.act(through=carrier, undo=call_back)
async def send(order: Order) -> Sent:
    """Send it."""
    return Sent(number=order.id)


@pl.act(through=carrier, undo=call_back)
async def send_approved(approved: pl.Approved[Price]) -> Sent:
    """Send what was approved."""
    return Sent(number=str(approved.value.amount))


@pl.act(through=carrier, undo=call_back)
async def send_labelled(order: Order, label: Label) -> Sent:
    """Send it with its label."""
    return Sent(number=order.id + label.text)


def approval(**changed: Any) -> pl.Approval[Price]:
    """An approval of a price by the clerk."""
    return pl.Approval[Price](**{"by": [clerk], "within": "1d", "then": lead, **changed})


def automation(*steps: Any, **changed: Any) -> Any:
    """An automation of orders with this path."""
    said: dict[str, Any] = {
        "takes": Order, "gives": Sent, "key": lambda order: order.id, "purpose": "Orders are sent.", "owner": lead,
        "process": pl.Path(*steps),
    }  # fmt: skip
    return pl.Automation(changed.pop("name", "orders"), **{**said, **changed})


def findings(program: Callable[[], object]) -> tuple[Finding, ...]:
    """What is wrong with a program that must be refused."""
    with pytest.raises(pl.DefinitionError) as refused:
        program()
    return refused.value.findings


def words(program: Callable[[], object]) -> list[str]:
    """The findings of a program in words, without their lines."""
    return [said(finding) for finding in findings(program)]


def said(finding: Finding) -> str:
    """A finding in words, without its line."""
    return f"{finding.code} {finding.place}: {finding.message} > {finding.remedy}"

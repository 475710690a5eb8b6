"""Scopes, rules and approvals: what people know, decided by pure functions of values."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotage as pl
from pilotage.authoring.effects import SafeToRepeat
from tests.authoring.programs import (
    Kind,
    Order,
    Price,
    Sent,
    by_ship,
    call_back,
    carrier,
    clerk,
    dear,
    director,
    lead,
    send,
)

CHEAP, DEAR = Price(amount=Decimal(1)), Price(amount=Decimal(1000))
POST, SHIP = Order(id="1"), Order(id="2", kind=Kind.SHIP)


@pytest.mark.parametrize("order", [POST, SHIP])
@pytest.mark.parametrize("price", [CHEAP, DEAR])
def test_scopes_join(order: Order, price: Price) -> None:
    """`&`, `|` and `~` read what their parts read, in the order of `needs`."""
    goes, costs = order is SHIP, price is DEAR
    assert (by_ship & dear).needs == (Order, Price)
    assert (by_ship & dear).holds([order, price]) == (goes and costs)
    assert (dear | by_ship).holds([price, order]) == (goes or costs)
    assert (~dear).holds([price]) != costs
    assert (by_ship & ~dear | dear).holds([order, price]) == (goes or costs)
    assert dear(price) == costs


def test_the_sentence_of_a_scope() -> None:
    """The book says a joined scope in words."""
    assert dear.sentence == "Orders that are dear."
    assert (dear & by_ship).sentence == "Orders that are dear and orders that go by ship."
    assert (~dear).sentence == "Not: orders that are dear."
    assert (dear | by_ship).name == "dear or by ship"


@pl.rule(scope=by_ship, season=pl.Season.quarter(4), source=lead, reason="Ice.", confirmed="2026-01-31")
def winter(price: Price, order: Order) -> Price:
    """In winter a ship costs more."""
    return Price(amount=price.amount + 10)


@pytest.mark.parametrize(
    ("order", "day", "awake"),
    [(SHIP, date(2026, 12, 1), True), (POST, date(2026, 12, 1), False), (SHIP, date(2026, 9, 30), False)],
)
def test_a_rule_is_awake_in_season_and_in_scope(order: Order, day: date, awake: bool) -> None:  # noqa: FBT001
    """Elsewhere the value passes unchanged."""
    value, changed = winter.apply([CHEAP, order], [order], day)
    assert changed is awake
    assert value == (Price(amount=Decimal(11)) if awake else CHEAP)


def test_a_rule_carries_its_proof() -> None:
    """Source, reason, day and examples are there for the book."""
    winter.example(CHEAP, SHIP).on("2026-12-01").gives(Price(amount=Decimal(11)))
    winter.example(CHEAP, POST).on(date(2026, 12, 1)).given(POST).changes_nothing()
    assert (winter.source, winter.reason, winter.confirmed) == (lead, "Ice.", date(2026, 1, 31))
    first, second = winter.examples[-2:]
    assert (first.arguments, first.day, first.expected) == ((CHEAP, SHIP), date(2026, 12, 1), Price(amount=Decimal(11)))
    assert (second.scope_values, second.expected) == ((POST,), CHEAP)
    assert first.line.startswith("tests/authoring/test_knowledge.py:")


bands = pl.Approval[Price](
    amount=lambda price: price.amount,
    bands=[pl.Band(up_to=100), pl.Band(up_to=500, by=[clerk]), pl.Band(by=[clerk, director])],
    within="1d",
    then=lead,
)


@given(st.decimals(0, 10_000, places=2))
def test_the_band_of_an_amount(amount: Decimal) -> None:
    """A band ends with its `up_to`, itself included; below the first nobody may be asked."""
    asked = bands.band_for(Price(amount=amount))
    assert asked == (() if amount <= 100 else (clerk,) if amount <= 500 else (clerk, director))


def test_what_an_approval_says_of_itself() -> None:
    """Its chains, its scope, and the codec of what it gives."""
    assert bands.chains == ((), (clerk,), (clerk, director))
    assert pl.Approval[Price](by=[clerk], within="1d", then=lead, when=dear).when is dear
    approved = pl.Approved(CHEAP, ("ann",))
    assert bands.codec.decode(bands.codec.encode(approved)) == approved
    assert isinstance(bands, pl.Approval)


def test_what_becomes_of_an_unknown_outcome() -> None:
    """Three kinds of repeat: sent again, asked for, or left to a person."""

    def find(effect: pl.Effect) -> Sent | None: ...

    def tell(order: Order) -> Sent: ...

    asked = pl.act(through=carrier, undo=call_back, reconcile=find)(tell)
    safe = pl.act(
        through=[carrier], undo=pl.CannotUndo("It is gone.", instead="Call."), reconcile=SafeToRepeat("Keys.")
    )(tell)
    assert (send.repeat, asked.repeat, safe.repeat) == ("never", "ask", "safe")
    assert safe.through == (carrier,)
    assert safe.undo == pl.CannotUndo("It is gone.", instead="Call.")

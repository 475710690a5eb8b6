"""Repeats of reading calls, of questions about acts and of acts share one part of a connection's calls, on both databases."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
import sqlalchemy as sa
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service.proving import prove
from pilotage.cases.tables import effects
from pilotage.connections.breaker import LEAST_REPEATS
from pilotage.connections.hearing import Notice
from pilotage.connections.values import Heard
from pilotage.operations.connections import other_sides
from pilotage.testing import CaseView, FakeService, Fault, Place, Platform, Request
from tests.cases.test_outage_reading import lasts

CALLS = 60
FAILING = 20
ALLOWED = max(LEAST_REPEATS, CALLS // 5)


class Order(BaseModel):
    """What comes in."""

    id: str


class Price(BaseModel):
    """What the shop answers when it is asked for a price."""

    price: int


class Bought(BaseModel):
    """What it answers to an order."""

    id: str


shop = pl.Connection("shop", base_url="https://shop.test")


@pl.compute(through=shop)
async def priced(order: Order) -> Price:
    """What it costs."""
    return await shop.get(f"/prices/{order.id}", expect=Price)


@pl.compute(through=shop)
async def insisted(order: Order) -> Price:
    """What it costs, asked again and again by a step that does not take no for an answer."""
    for _ in range(30):
        try:
            return await shop.get(f"/prices/{order.id}", expect=Price)
        except pl.TransientFailure:
            await asyncio.sleep(0)
    return await shop.get(f"/prices/{order.id}", expect=Price)


async def cancelled(bought: Bought) -> None:
    """Take it back."""
    await shop.delete(f"/orders/{bought.id}")


async def found(effect: pl.Effect) -> Bought | None:
    """Whether it was ordered."""
    return await shop.find("/orders", params={"key": effect.key}, expect=Bought)


@pl.act(through=shop, undo=cancelled, reconcile=found)
async def buy(order: Order) -> Bought:
    """Order it."""
    return await shop.post("/orders", json={"id": order.id}, expect=Bought)


buyer = pl.Role("buyer")


def automation(name: str, *steps: object) -> "pl.Automation[Order, object]":
    """An automation of these steps."""
    return pl.Automation(
        name,
        purpose="Every order is looked after.",
        takes=Order,
        gives=Bought if steps[-1] is buy else Price,
        key=lambda order: order.id,
        owner=buyer,
        process=pl.Path(*steps),  # type: ignore[arg-type]
    )


prices, orders, stubborn = automation("prices", priced), automation("orders", buy), automation("stubborn", insisted)


class Shop:
    """The other side."""

    def __init__(self) -> None:
        self.service = FakeService(shop)
        self.orders: dict[str, str] = {}
        self.service.on("GET", "/prices/{id}")(lambda request: Price(price=3))
        self.service.on("GET", "/orders")(self.order)
        self.service.on("POST", "/orders")(self.ordered)

    def order(self, request: Request) -> Bought | None:
        """The order of a key."""
        known = self.orders.get(request.params["key"])
        return None if known is None else Bought(id=known)

    def ordered(self, request: Request) -> Bought:
        """One more order."""
        self.orders[request.key or ""] = str(request.json["id"])
        return Bought(id=str(request.json["id"]))


@pytest.fixture
def at() -> Shop:
    """The shop."""
    return Shop()


@pytest.fixture
def platform(at: Shop, database_url: str) -> Iterator[Platform]:
    """The platform with all three; afterwards its own proof must hold."""
    with Platform(prices, orders, stubborn, services=[at.service], database_url=database_url) as opened:
        yield opened
        proof = prove(opened.inner.database)
        assert proof.holds, proof


def submitted(platform: Platform, which: "pl.Automation[Order, object]", first: str, count: int) -> list[CaseView]:
    """So many orders."""
    return [platform.submit(which, {"id": f"{first}{number}"}) for number in range(count)]


def test_repeats_of_reading_calls_wait_and_lose_nothing(platform: Platform, at: Shop) -> None:
    """A third of the reading calls fails: a fifth may be repeats, the others wait and use up no attempt; all are done."""
    cases = submitted(platform, prices, "A", CALLS // 2)
    platform.settle()
    at.service.fault(Fault.DOWN, times=FAILING)
    cases += submitted(platform, prices, "B", CALLS // 2)
    platform.settle()
    assert at.service.tried == CALLS
    platform.clock.forward("2s")
    platform.settle()
    assert ALLOWED <= at.service.tried - CALLS <= at.service.tried // 5
    held = CALLS + FAILING - at.service.tried
    (side,) = other_sides(platform.inner.database, platform.inner.automations.values())
    assert side.repeats_left is not None
    assert ALLOWED <= (side.repeats_share or 0) <= at.service.tried // 5
    lasts(platform, 5)
    assert Counter(case.place for case in cases) == {Place.DONE: CALLS}
    assert at.service.tried == CALLS + FAILING
    (side,) = other_sides(platform.inner.database, platform.inner.automations.values())
    assert side.held_back >= held > 0
    assert "held back" in (side.repeats or "")


def test_first_reading_calls_are_not_held_back(platform: Platform, at: Shop) -> None:
    """While repeats wait, whoever comes new is read for at once."""
    submitted(platform, prices, "A", CALLS // 2)
    platform.settle()
    at.service.fault(Fault.DOWN, times=FAILING)
    submitted(platform, prices, "B", CALLS // 2)
    platform.settle()
    platform.clock.forward("2s")
    platform.settle()
    (new,) = submitted(platform, prices, "new", 1)
    platform.settle()
    assert new.place is Place.DONE


def test_acts_and_reading_calls_share_what_there_is(platform: Platform, at: Shop) -> None:
    """Half of the calls read and half act, and both fail: together their repeats are a fifth of all calls."""
    submitted(platform, prices, "A", CALLS // 4)
    submitted(platform, orders, "A", CALLS // 4)
    platform.settle()
    before = at.service.tried
    at.service.fault(Fault.DOWN, times=FAILING)
    cases = submitted(platform, prices, "B", FAILING // 2) + submitted(platform, orders, "B", FAILING // 2)
    platform.settle()
    first = at.service.tried
    assert first == before + FAILING
    for _ in range(4):
        platform.clock.forward("2s")
        platform.settle()
    assert LEAST_REPEATS <= at.service.tried - first <= max(LEAST_REPEATS, at.service.tried // 5)
    lasts(platform, 5)
    assert {case.place for case in cases} == {Place.DONE}


def used_up(platform: Platform) -> None:
    """A part of the shop's calls fails, and all repeats that may go have gone."""
    limiter, chance = platform.inner.limiter, Random(1)
    with platform.inner.database.transaction() as tx:
        standings = limiter.lock(tx, ["shop"], platform.inner.database.now(tx))
        standings["shop"].note({Heard.ANSWERED: 100, Heard.DOWN: 30}, chance)
        assert standings["shop"].permit_repeats(10_000) < 10_000
        limiter.write(tx, standings)


def asked(platform: Platform) -> list[int]:
    """How often each effect was asked about."""
    with platform.inner.database.snapshot() as tx:
        return list(tx.execute(sa.select(effects.c.asked).order_by(effects.c.id)).scalars())


def test_questions_about_acts_are_held_to_it_too(platform: Platform, at: Shop) -> None:
    """Answers are lost: the first question of each goes, and the second ones wait and are not counted as asked."""
    at.service.fault(Fault.DONE_THEN_500, times=3)
    at.service.fault(Fault.DOWN, times=3)
    cases = submitted(platform, orders, "B", 3)
    used_up(platform)
    platform.settle()
    assert at.service.tried == 6
    used_up(platform)
    platform.clock.forward("5s")
    platform.settle()
    assert (at.service.tried, asked(platform)) == (6, [1, 1, 1])
    lasts(platform, 3)
    assert {case.place for case in cases} == {Place.DONE}
    assert (at.service.tried, asked(platform)) == (9, [2, 2, 2])
    assert {effect.attempt for effect in platform.effects("buy")} == {1}


def test_a_step_that_insists_does_not_multiply_the_load(platform: Platform, at: Shop) -> None:
    """It asks again at once, thirty times: within the share it may, and beyond it fails as it did before."""
    submitted(platform, prices, "A", CALLS)
    platform.settle()
    at.service.fault(Fault.DOWN, times=10_000)
    submitted(platform, stubborn, "B", 1)
    before = at.service.tried
    platform.settle()
    made = at.service.tried - before
    assert made < 31
    share = max(LEAST_REPEATS, (CALLS + made) // 5)
    assert made <= CALLS // 9 + 1 + share  # before a tenth of the calls has failed nothing is held back


def test_no_question_goes_before_the_time_that_was_named(platform: Platform, at: Shop) -> None:
    """The answer to an act is lost, and the first question is answered with "too many, wait": everybody does."""
    at.service.fault(Fault.DONE_THEN_500)
    at.service.fault(Fault.THROTTLED)
    (case,) = submitted(platform, orders, "A", 1)
    platform.settle()
    asked = at.service.tried
    assert [one.method for one in at.service.received] == ["POST", "GET"]
    platform.clock.forward(timedelta(milliseconds=500))
    (other,) = submitted(platform, prices, "B", 1)
    platform.settle()
    assert at.service.tried == asked
    platform.clock.forward("10s")
    platform.settle()
    assert (case.place, other.place) == (Place.DONE, Place.DONE)
    assert len(at.orders) == 1


def test_a_question_that_is_due_waits_for_the_time_that_was_named(platform: Platform, at: Shop) -> None:
    """Another call was told to wait: neither the question nor the next attempt goes before that."""
    at.service.fault(Fault.SLOW)
    (case,) = submitted(platform, orders, "A", 1)
    platform.settle()
    platform.inner.limiter.learn("shop", Notice(throttled=True, wait=120.0))
    platform.clock.forward("60s")
    platform.settle()
    assert (at.service.tried, asked(platform)) == (1, [0])
    platform.clock.forward("65s")
    platform.settle()
    assert at.service.tried == 2
    assert case.place is Place.DONE

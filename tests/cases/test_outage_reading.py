"""A step that only reads, and the other side is away, on both databases: cases wait for the connection, not for their attempts."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service.proving import prove
from pilotage.cases.store import looking
from pilotage.connections import limiting
from pilotage.testing import CaseView, FakeService, Fault, Place, Platform, Request

CASES = 30


class Order(BaseModel):
    """What comes in."""

    id: str


class Price(BaseModel):
    """What the price list answers."""

    price: int


prices = pl.Connection("prices", base_url="https://prices.test")


@pl.compute(through=prices)
async def priced(order: Order) -> Price:
    """What it costs, as the price list says."""
    return await prices.get(f"/prices/{order.id}", expect=Price)


orders = pl.Automation(
    "orders",
    purpose="Every order has its price.",
    takes=Order,
    gives=Price,
    key=lambda order: order.id,
    owner=pl.Role("sales"),
    process=pl.Path(priced),
)


@pytest.fixture
def desk() -> FakeService:
    """The price list."""
    service = FakeService(prices)

    @service.on("GET", "/prices/{id}")
    def price(request: Request) -> Price:
        del request
        return Price(price=3)

    return service


@pytest.fixture
def platform(desk: FakeService, database_url: str) -> Iterator[Platform]:
    """The platform with orders; afterwards its own proof must hold."""
    with Platform(orders, services=[desk], database_url=database_url) as opened:
        yield opened
        proof = prove(opened.inner.database)
        assert proof.holds, proof


def lasts(platform: Platform, minutes: int, step: str = "20s") -> None:
    """Time passes while the platform works."""
    until = platform.clock.now() + timedelta(minutes=minutes)
    while platform.clock.now() < until:
        platform.settle()
        platform.clock.forward(step)
    platform.settle()


def submitted(platform: Platform, count: int = CASES) -> list[CaseView]:
    """Orders that want their price."""
    return [platform.submit(orders, {"id": f"O{number}"}) for number in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DONE_THEN_500, Fault.CHANGED_BODY, Fault.SLOW])
def test_reading_cases_wait_an_outage_out(platform: Platform, desk: FakeService, fault: Fault) -> None:
    """However it fails for 20 minutes: nobody is given up, few calls ask, and then every case is done."""
    desk.fault(fault, times=10_000)
    cases = submitted(platform)
    lasts(platform, 20)
    assert {case.place for case in cases} == {Place.WAITING}
    assert desk.tried <= CASES + 45
    with platform.inner.database.snapshot() as tx:
        waiting = looking.count_waiting(tx)
    assert [(what, count) for _, what, count in waiting] == [("a connection: prices", CASES)]
    told = max(len(case.timeline) for case in cases)
    desk.mend()
    lasts(platform, 3)
    assert {case.place for case in cases} == {Place.DONE}
    assert told < 30


def test_one_reading_call_probes_for_everybody(platform: Platform, desk: FakeService) -> None:
    """While it is open one call goes at each of its times, whatever number of cases wait."""
    desk.fault(Fault.DOWN, times=10_000)
    submitted(platform)
    lasts(platform, 2)
    before = desk.tried
    platform.clock.forward("2m")
    platform.settle()
    assert desk.tried == before + 1


def test_a_lone_reading_case_is_not_given_up(platform: Platform, desk: FakeService) -> None:
    """One order alone waits as long as nobody answers."""
    desk.fault(Fault.DOWN, times=10_000)
    (case,) = submitted(platform, 1)
    lasts(platform, 20)
    assert case.place is Place.WAITING
    desk.mend()
    lasts(platform, 3)
    assert case.place is Place.DONE


def test_a_malformed_answer_for_one_case_uses_up_its_attempts(platform: Platform, desk: FakeService) -> None:
    """One bad answer among good ones is that case's own: it ends as a dead letter, and the connection stays open to all."""
    bad = platform.submit(orders, {"id": "bad"})
    for number in range(8):
        desk.fault(Fault.CHANGED_BODY)
        platform.settle()
        good = platform.submit(orders, {"id": f"good{number}"})
        platform.settle()
        assert good.place is Place.DONE
        platform.clock.forward("100s")
        if bad.place is Place.DEAD:
            break
    assert bad.place is Place.DEAD
    with platform.inner.database.snapshot() as tx:
        standing = limiting.read(tx, platform.inner.database.now(tx))["prices"]
    assert standing.stored.breaker.closed

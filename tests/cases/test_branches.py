"""An act that stands on two branches is one act."""

from enum import Enum

from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service import replaying
from pilotage.cases.store import looking
from pilotage.testing import FakeService, Place, Platform


class Way(Enum):
    """Two ways to the same act."""

    LEFT = "left"
    RIGHT = "right"


class Order(BaseModel):
    """What arrives."""

    id: str


class Posted(BaseModel):
    """What the other side answers."""

    number: int


class Closed(BaseModel):
    """The end."""

    number: int


class Book:
    """Switches that the test turns between two runs of the same case."""

    way = Way.LEFT
    broken = True


owner, clerk = pl.Role("owner"), pl.Role("clerk")
shop = pl.Connection("shop", base_url="https://shop.example")


@pl.compute
def way(order: Order) -> Way:
    """Which way it goes today."""
    return Book.way


@pl.act(through=shop, undo=pl.CannotUndo("It is gone."), reconcile=pl.SafeToRepeat("They know the key."))
async def post(order: Order) -> Posted:
    """Post it."""
    return await shop.post("/orders", json={"id": order.id}, expect=Posted)


@pl.compute
def close(posted: Posted) -> Closed:
    """Fails until it is mended."""
    if Book.broken:
        msg = "not today"
        raise RuntimeError(msg)
    return Closed(number=posted.number)


def test_a_replay_on_the_other_branch_does_not_act_again(database_url: str) -> None:
    """The act was confirmed on the left; the replay goes right and finds it done."""
    orders = pl.Automation(
        "orders",
        purpose="Orders are posted once.",
        takes=Order,
        gives=Closed,
        key=lambda order: order.id,
        owner=owner,
        deputy=clerk,
        process=pl.Path(pl.Choice(way, pl.When(Way.LEFT, post), pl.When(Way.RIGHT, post)), close),
    )
    service = FakeService(shop)
    service.on("POST", "/orders")(lambda request: Posted(number=len(service.received)))
    Book.way, Book.broken = Way.LEFT, True
    with Platform(orders, services=[service], database_url=database_url) as platform:
        case = platform.submit(orders, Order(id="O1"))
        platform.settle()
        assert case.place is Place.DEAD
        Book.way, Book.broken = Way.RIGHT, False
        with platform.inner.database.snapshot() as tx:
            (row,) = looking.cases_by_key(tx, "O1")
        first = platform.inner.automation("orders").plan.first
        replaying.replay(platform.inner.database, [row.id], first=first, from_start=True, by="clerk", reason="Mended.")
        platform.settle()
        assert case.place is Place.DONE
        assert len(service.received) == 1
        assert case.output(close) == Closed(number=1)

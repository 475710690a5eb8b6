"""Bills whose payer is looked up and which are then booked, for these tests; and the two other sides."""

from collections.abc import Mapping

from pydantic import BaseModel

import pilotage as pl
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.testing import FakeService, Request


class Bill(BaseModel):
    """What comes in."""

    id: str
    payer: str = "maria@canary.example"


class Payer(BaseModel):
    """What the register answers."""

    name: str


class Booked(BaseModel):
    """What the books answer."""

    entry: str


register = pl.Connection("register", base_url="https://register.test")
books = pl.Connection("books", base_url="https://books.test", sends_trace=False)


@pl.compute(through=register)
async def payer(bill: Bill) -> Payer:
    """Who pays."""
    return await register.get(f"/payers/{bill.payer}", params={"note": "canary-query"}, expect=Payer)


async def unbook(booked: Booked) -> None:
    """Take it out of the books."""
    await books.delete(f"/entries/{booked.entry}")


@pl.act(through=books, undo=unbook, reconcile=pl.SafeToRepeat("The books honour the key."))
async def book(bill: Bill, payer: Payer) -> Booked:
    """Book it."""
    return await books.post("/entries/open", json={"bill": bill.id, "payer": payer.name}, expect=Booked)


bills = pl.Automation(
    "bills",
    purpose="Every bill is booked.",
    takes=Bill,
    gives=Booked,
    key=lambda bill: bill.id,
    owner=pl.Role("accounts"),
    process=pl.Path(payer, book),
)


class Listening(FakeService):
    """A service that keeps the headers which came."""

    def __init__(self, connection: pl.Connection, /) -> None:
        super().__init__(connection)
        self.headers: list[Mapping[str, str]] = []

    async def send(self, request: Outgoing, leaving: Departure) -> Answer:
        self.headers.append(request.headers)
        return await super().send(request, leaving)


def answering(one: FakeService, other: FakeService) -> tuple[FakeService, FakeService]:
    """The register and the books, which answer."""

    @one.on("GET", "/payers/{payer}")
    def found(request: Request) -> Payer:
        return Payer(name="canary-answer")

    @other.on("POST", "/entries/open")
    def entry(request: Request) -> Booked:
        return Booked(entry=str(request.json["bill"]))

    return one, other

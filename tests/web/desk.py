"""A real platform with bills and the books that they are entered in, and a visitor of its pages."""

from collections.abc import Iterator

from fastapi.testclient import TestClient
from pydantic import BaseModel
from tests.web.conftest import ADDRESS, TOKEN

import pilotage as pl
from pilotage.cases.service.describing import as_data
from pilotage.cases.service.whole import read_whole
from pilotage.machinery.storage.database import Database
from pilotage.machinery.web.values import WebSettings
from pilotage.testing import FakeService, Fault, Platform, Request

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


class Bill(BaseModel):
    """What comes in."""

    id: str
    client: str = "Seestern"


class Booked(BaseModel):
    """What the books answer."""

    entry: str


class Account(BaseModel):
    """Where it is booked."""

    number: str


books = pl.Connection(
    "books",
    base_url="https://books.test",
    limits=[pl.Quota(12, per="day", zone="Europe/Berlin"), pl.Rate(100, per="second", burst=100)],
)
clerk = pl.Role("clerk")


@pl.judge
def account(bill: Bill) -> pl.Judgement[Account]:
    """Which account."""
    sure = 0.5 if bill.client == "unsure" else 0.93
    return pl.Judgement(Account(number="4400"), confidence=sure, evidence=[pl.Quote(bill.client, of="client")])


async def unbook(booked: Booked) -> None:
    """Take it out of the books."""
    await books.delete(f"/entries/{booked.entry}")


@pl.act(through=books, undo=unbook, reconcile=pl.SafeToRepeat("The books honour the key."))
async def book(bill: Bill, account: Account) -> Booked:
    """Book it."""
    return await books.post("/entries", json={"bill": bill.id, "to": account.number}, expect=Booked)


bills = pl.Automation(
    "bills",
    purpose="Every bill is booked.",
    takes=Bill,
    gives=Booked,
    key=lambda bill: bill.id,
    owner=clerk,
    process=pl.Path(account.alone(above=0.8, otherwise=pl.Ask(clerk, within="4h")), book),
)


class Desk:
    """A platform, the books, and a visitor who is in."""

    def __init__(self, platform: Platform, books: FakeService) -> None:
        self.platform, self.books = platform, books
        site = platform.inner.site(WebSettings(token=TOKEN, clock=platform.clock.manual))
        self.visitor = TestClient(site, base_url=ADDRESS)
        assert self.visitor.get(f"/?token={TOKEN}").status_code == 200

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self.platform.inner.database

    def case(self, key: str, *, fault: Fault | None = None, client: str = "Seestern") -> str:
        """Submit a bill, let time pass, and give the id of its case."""
        if fault is not None:
            self.books.fault(fault)
        self.platform.submit(bills, {"id": key, "client": client})
        self.platform.settle()
        return self.id_of(key)

    def id_of(self, key: str) -> str:
        """The id of its case."""
        return str(as_data(read_whole(self.database, key, parts=(), keep=14))["case"])

    def page(self, path: str, status: int = 200) -> str:
        """The text of a page."""
        answer = self.visitor.get(path)
        assert answer.status_code == status, path
        return answer.text


def opened(database_url: str) -> Iterator[Desk]:
    """The platform at two in the afternoon."""
    service = FakeService(books)

    @service.on("POST", "/entries")
    def entry(request: Request) -> object:
        evil = {"x": HOSTILE + "\u202e\x1b[31m"}
        return evil if HOSTILE in str(request.json["bill"]) else Booked(entry=str(request.json["bill"]))

    with Platform(bills, services=[service], database_url=database_url, now="2026-03-02T14:02+00:00") as platform:
        yield Desk(platform, service)

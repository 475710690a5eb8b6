"""A database outside that an automation's records come from, and the automation: shared by the tests of queries."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg
from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.queries import Queries
from pilotage.cases.service.visiting import Visits
from pilotage.cases.store import looking, sources
from pilotage.connections.opening import Connections
from pilotage.credentials.secrets import Secrets
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.testing import Platform

STATEMENT = "SELECT id, amount, updated_at FROM orders WHERE kind <> 'internal'"
TABLE = {
    "sqlite": "CREATE TABLE orders (id INTEGER, amount NUMERIC, kind TEXT, updated_at TEXT)",
    "postgres": "CREATE TABLE orders (id BIGINT, amount NUMERIC(12, 2), kind TEXT, updated_at TIMESTAMPTZ)",
}


class Order(BaseModel):
    """An order."""

    id: str
    amount: Decimal = Field(gt=0)


class Read(BaseModel):
    """What became of it."""

    amount: Decimal


@pl.compute
def read(order: Order) -> Read:
    """What it costs."""
    return Read(amount=order.amount)


@dataclass
class Erp:
    """The database outside."""

    url: str

    @property
    def kind(self) -> str:
        """Which one it is."""
        return "sqlite" if self.url.startswith("sqlite") else "postgres"

    def make(self) -> None:
        """Its one table."""
        self.run(TABLE[self.kind])

    def connect(self) -> Any:
        """A connection of somebody else's."""
        if self.kind == "sqlite":
            return sqlite3.connect(self.url.removeprefix("sqlite:///"))
        return psycopg.connect(self.url)

    def run(self, statement: str) -> None:
        """Do something there."""
        with closing(self.connect()) as connection:
            connection.execute(statement)
            connection.commit()

    def add(self, *rows: tuple[Any, ...]) -> None:
        """Orders: an id, a time of the day, and an amount."""
        with closing(self.connect()) as connection:
            for row in rows:
                insert(connection, *row)
            connection.commit()


def insert(connection: Any, number: object, at: str | None, amount: object = 10, kind: str = "sale") -> None:
    """One order, not committed yet."""
    mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
    when = None if at is None else f"2026-01-05 {at}" if mark == "?" else f"2026-01-05 {at}+00"
    connection.execute(f"INSERT INTO orders VALUES ({mark}, {mark}, {mark}, {mark})", (number, amount, kind, when))


def query(url: str, **more: Any) -> pl.Query:
    """The query of the tests."""
    said: dict[str, Any] = {"by": ("updated_at", "id"), **more}
    return pl.Query("new-orders", pl.Database("erp", url=url), said.pop("statement", STATEMENT), **said)


def automation(source: pl.Query, *, open_at_most: int = 100_000) -> pl.Automation[Order, Read]:
    """Orders are read."""
    return pl.Automation(
        "orders",
        purpose="Orders are read.",
        takes=Order,
        gives=Read,
        key=lambda order: order.id,
        owner=pl.Role("clerk"),
        process=pl.Path(read),
        intake=[source],
        open_at_most=open_at_most,
    )


def reader(platform: Platform, *, page: int = 500, holder: str = "test") -> "Reader":
    """What reads the source of a platform, through the real way out."""
    inner = platform.inner
    connections = Connections(
        [connection for made in inner.automations.values() for connection in made.connections],
        environment="test",
        settings=inner.project.setting,
        credentials=Secrets("test"),
        door=Door(Addresses(allow_private=True)),
        clock=platform.clock.manual,
        watch=inner.watch,
        limits=inner.limiter,
    )
    inner.loop.run(connections.open())
    queries = Queries(intake=inner.intake, outside=Outside(connections=connections, loop=inner.loop), page=page)
    return Reader(platform, queries, connections, holder)


@dataclass
class Reader:
    """Looks into the source of a platform."""

    platform: Platform
    queries: Queries
    connections: Connections
    holder: str

    def look(self, *, later: str = "5m") -> int:
        """One look, some time after the one before; how many rows were taken."""
        self.platform.clock.forward(later)
        inner = self.platform.inner
        (made,) = inner.automations.values()
        (source,) = made.intake
        visits = Visits(database=inner.database, intake=inner.intake, holder=self.holder)
        return visits.visit(made, source, 300.0, self.queries.take)

    def close(self) -> None:
        """Close its connections."""
        self.platform.inner.loop.run(self.connections.close())


def counts(platform: Platform) -> tuple[int, int, int, int]:
    """Arrived, accepted, duplicates, quarantined."""
    with platform.inner.database.snapshot() as tx:
        found = looking.count_arrivals(tx)
    return found[0][1:] if found else (0, 0, 0, 0)


def said(platform: Platform) -> tuple[str | None, str | None]:
    """The word in which the source fails, and what is said of it."""
    with platform.inner.database.snapshot() as tx:
        (found,) = sources.standing(tx)
    return found.failing, found.words


def keys(platform: Platform, numbers: Sequence[object]) -> list[int]:
    """How many cases there are of each key."""
    with platform.inner.database.snapshot() as tx:
        return [len(looking.cases_by_key(tx, str(one), "orders")) for one in numbers]

"""A SQL database outside: reads cannot write, an act is one transaction, and only a COMMIT without an answer is unknown."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import BaseModel
from tests.conftest import PostgresServer
from tests.crash.proxy import proxies

import pilotage as pl
from pilotage.authoring.failures import Failure, UnknownOutcome
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.ports import surroundings
from pilotage.cases.service.surrounding import Around
from pilotage.connections.errors import AnswerMalformed, NotDone, NotSent, OnlyReads, Refused, SecondCall
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard, Standing
from pilotage.credentials.values import SecretValue
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import AddressRefused, DoorDisarmed
from pilotage.machinery.net.redaction import Redactor

T = TypeVar("T")


class Invoice(BaseModel):
    """A row."""

    id: str
    amount: Decimal
    due: date | None = None


class NoSecrets:
    """There is none."""

    def held(self, name: str) -> SecretValue:
        raise AssertionError(name)

    def holds(self, name: str) -> bool:
        return True

    def read_again(self, name: str) -> SecretValue:
        return self.held(name)

    def known(self) -> list[SecretValue]:
        return []

    def thorough(self) -> Redactor:
        return Redactor(one.reveal() for one in self.known())

    def names_in(self, data: bytes) -> frozenset[str]:
        return frozenset(one.name for one in self.known() if one.reveal().encode() in data)


SCHEMA = (
    "CREATE TABLE invoices (id TEXT PRIMARY KEY, amount NUMERIC(12, 2) NOT NULL, due DATE)",
    "CREATE TABLE notes (key TEXT PRIMARY KEY, answer TEXT NOT NULL)",
    "INSERT INTO invoices VALUES ('I1', 10.5, '2026-01-31'), ('I2', 20, NULL)",
)
INSERT = "INSERT INTO invoices (id, amount, due) VALUES (:id, :amount, :due)"
VALUES = {"id": "I3", "amount": Decimal("3.30"), "due": date(2026, 3, 3)}


@dataclass
class Erp:
    """The database outside, and what a step may do with it."""

    url: str
    door: Door

    def do(
        self,
        step: Callable[[pl.Database], Awaitable[T]],
        *,
        acting: bool = False,
        key: str = "E-1",
        send_by: float | None = None,
        **said: object,
    ) -> tuple[T | None, Exception | None, Standing]:
        """Run a step: what it gave, what it raised, and how its act stands."""
        erp = pl.Database("erp", url=self.url, **said)  # type: ignore[arg-type]

        async def run() -> tuple[T | None, Exception | None, Standing]:
            opened = Connections(
                [erp], environment="test", settings=lambda name: None, credentials=NoSecrets(), door=self.door
            )
            async with opened:
                guard = EffectGuard(key=key, attempt=1, send_by=send_by) if acting else None
                caller = opened.caller(step="step", through=["erp"], guard=guard)
                token = surroundings.set(Around(caller=caller, settings=lambda name: None, files={}))
                try:
                    return await step(erp), None, caller.standing
                except Exception as error:  # noqa: BLE001 - it is what is asked about
                    return None, error, caller.standing
                finally:
                    surroundings.reset(token)

        return asyncio.run(run())

    def count(self, where: str = "1 = 1") -> int:
        """How many invoices there are."""
        engine = sa.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
        with engine.connect() as connection:
            return int(connection.exec_driver_sql(f"SELECT count(*) FROM invoices WHERE {where}").scalar_one())


@pytest.fixture
def erp(database_url: str) -> Erp:
    """A database with two invoices, on SQLite and on PostgreSQL."""
    if database_url.startswith("sqlite"):
        with closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.commit()
    else:
        with psycopg.connect(database_url) as connection:
            for statement in SCHEMA:
                connection.execute(statement)
    return Erp(database_url, Door(Addresses(allow_private=True)))


def test_rows_are_models(erp: Erp) -> None:
    """Parameters go beside the statement, whatever stands in them; exact numbers and dates stay what they are."""
    found, _, _ = erp.do(lambda db: db.rows("SELECT * FROM invoices ORDER BY id", expect=Invoice))
    assert found == [
        Invoice(id="I1", amount=Decimal("10.5"), due=date(2026, 1, 31)),
        Invoice(id="I2", amount=Decimal(20)),
    ]
    hostile = "I1' OR '1'='1"
    none, _, _ = erp.do(lambda db: db.row("SELECT * FROM invoices WHERE id = :id", {"id": hostile}, expect=Invoice))
    assert none is None
    for name, value in (("id", "I1"), ("amount", Decimal("10.50")), ("due", date(2026, 1, 31))):
        statement = f"SELECT * FROM invoices WHERE {name} = :value"
        one, error, _ = erp.do(lambda db: db.row(statement, {"value": value}, expect=Invoice))  # type: ignore[arg-type]  # noqa: B023
        assert one is not None, (name, error)


def test_reading_cannot_write(erp: Erp) -> None:
    """The transaction of a question is read-only in the database itself; a step that only reads may not write."""
    _, error, _ = erp.do(lambda db: db.rows("DELETE FROM invoices RETURNING *", expect=Invoice))
    assert isinstance(error, Refused)
    _, error, _ = erp.do(lambda db: db.write(INSERT, VALUES))
    assert isinstance(error, OnlyReads)
    assert erp.count() == 2


def test_what_is_no_answer(erp: Erp) -> None:
    """Too many rows, a broken contract, a statement that is wrong or more than one, a parameter that is missing."""
    for statement, parameters, kind in (
        ("SELECT * FROM invoices", {}, AnswerMalformed),
        ("SELECT id FROM invoices WHERE id = 'I1'", {}, AnswerMalformed),
        ("SELECT nothing FROM invoices", {}, Refused),
        ("SELECT 1; DROP TABLE invoices", {}, Refused),
        ("SELECT * FROM invoices WHERE id = :id", {}, Refused),
        ("", {}, Refused),
    ):
        _, error, _ = erp.do(lambda db: db.row(statement, parameters, expect=Invoice))  # type: ignore[arg-type]  # noqa: B023
        assert isinstance(error, kind), (statement, error)
        assert "I1" not in str(error)
    assert erp.count() == 2


def test_an_act_is_one_transaction(erp: Erp) -> None:
    """It is committed as a whole; a second one in the same step is refused; what is refused has changed nothing."""
    written, _, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True)
    assert (written, standing) == (pl.Written(rows=1), Standing.ANSWERED)
    _, error, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True)
    assert (type(error), standing) == (Refused, Standing.REFUSED)
    assert "I3" not in str(error)
    update = "UPDATE invoices SET amount = amount + 1"
    _, error, standing = erp.do(lambda db: db.write(update, exactly=1), acting=True)
    assert (type(error), standing) == (Refused, Standing.REFUSED)
    assert erp.count("amount = 10.5") == 1
    returning = "UPDATE invoices SET amount = :amount WHERE id = :id RETURNING *"
    one, error, _ = erp.do(
        lambda db: db.write(returning, {"id": "I1", "amount": Decimal(7)}, expect=Invoice), acting=True
    )
    assert (one.amount if one else error) == 7

    async def looks_first(db: pl.Database) -> pl.Written:
        assert len(await db.rows("SELECT * FROM invoices", expect=Invoice)) == 3
        return await db.write("DELETE FROM invoices WHERE id = :id", {"id": "I3"}, exactly=1)

    written, error, _ = erp.do(looks_first, acting=True)
    assert written == pl.Written(rows=1), error

    async def twice(db: pl.Database) -> pl.Written:
        await db.write("DELETE FROM invoices WHERE id = 'I2'")
        return await db.write("DELETE FROM invoices WHERE id = 'I1'")

    _, error, _ = erp.do(twice, acting=True)
    assert isinstance(error, SecondCall)
    assert erp.count() == 1


def test_an_act_that_notes_its_key_is_done_once(erp: Erp) -> None:
    """The key stands in a table of the same database, in the same transaction: a repeat gets the first answer."""
    add = "UPDATE invoices SET amount = amount + 1 WHERE id = 'I1'"
    for _ in range(3):
        written, error, standing = erp.do(lambda db: db.write(add), acting=True, keys="notes")
        assert (written, standing) == (pl.Written(rows=1), Standing.ANSWERED), error
    assert erp.count("amount = 11.5") == 1
    erp.do(lambda db: db.write(add), acting=True, keys="notes", key="E-2")
    assert erp.count("amount = 12.5") == 1
    _, error, _ = erp.do(lambda db: db.write(INSERT, {**VALUES, "id": "I1"}), acting=True, keys="notes", key="E-3")
    assert isinstance(error, Refused)  # another thing is not unique, and the key is not noted
    _, error, _ = erp.do(lambda db: db.write(INSERT, VALUES), acting=True, keys="notes; DROP TABLE notes")
    assert isinstance(error, Refused)


def test_what_is_late_or_disarmed_is_not_done(erp: Erp) -> None:
    """Behind its send-by nothing is committed; in a rehearsal nothing is asked."""
    late = SystemClock().monotonic() - 1
    _, error, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True, send_by=late)
    assert (type(error), standing) == (NotSent, Standing.NOT_DONE)
    erp.door.disarm()
    _, error, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True)
    assert (type(error), standing) == (DoorDisarmed, Standing.NOT_DONE)
    assert erp.count() == 2


@pytest.mark.slow
def test_what_takes_too_long_is_rolled_back(erp: Erp) -> None:
    """The database itself ends a statement that takes longer than the time-out."""
    endless = (
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS id, 1 AS amount FROM n"
    )
    _, error, _ = erp.do(lambda db: db.rows(endless, expect=Invoice), timeout="1s")
    assert isinstance(error, NotDone)
    insert = "INSERT INTO invoices (id, amount) " + endless.replace("count(*) AS id, 1 AS amount", "'x', count(*)")
    _, error, standing = erp.do(lambda db: db.write(insert), acting=True, timeout="1s")
    assert (isinstance(error, Failure), standing) == (True, Standing.NOT_DONE)
    assert erp.count() == 2


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "mark", "expected", "rows"),
    [
        ("cut before", b"INSERT", Standing.NOT_DONE, 2),
        ("cut behind", b"INSERT", Standing.NOT_DONE, 2),
        ("cut before", b"COMMIT", Standing.UNKNOWN, 2),
        ("cut behind", b"COMMIT", Standing.UNKNOWN, 3),
    ],
)
def test_a_connection_that_is_cut(
    postgres_server: PostgresServer, kind: str, mark: bytes, expected: Standing, rows: int
) -> None:
    """Before the COMMIT it is known that nothing was done; at the COMMIT nobody here can know, whatever the database did."""
    with postgres_server.database() as url, proxies(postgres_server.socket) as (proxy,):
        with psycopg.connect(url) as connection:
            for statement in SCHEMA:
                connection.execute(statement)
        name = url.partition("?")[0].rpartition("/")[2]
        erp = Erp(f"postgresql://postgres@127.0.0.1:{proxy.port}/{name}", Door(Addresses(allow_private=True)))
        proxy.trouble(kind, mark)
        _, error, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True)
        assert standing is expected, error
        assert isinstance(error, UnknownOutcome) == (expected is Standing.UNKNOWN)
        proxy.calm()
        assert Erp(url, erp.door).count() == rows


def test_addresses_that_may_not_be_called(tmp_path: Path) -> None:
    """A private address where the environment has none, and a password in the code."""
    erp = Erp("postgresql://app@127.0.0.1:1/erp", Door(Addresses()))
    _, error, _ = erp.do(lambda db: db.rows("SELECT 1", expect=Invoice))
    assert isinstance(error, AddressRefused)
    with pytest.raises(DefinitionError):
        pl.Database("erp", url="postgresql://app:hunter2@db.example/erp")


def test_nobody_listens(tmp_path: Path) -> None:
    """A database that is away is a connection that was never made."""
    erp = Erp("postgresql://app@127.0.0.1:1/erp", Door(Addresses(allow_private=True)))
    _, error, standing = erp.do(lambda db: db.write(INSERT, VALUES), acting=True)
    assert (type(error), standing) == (NotDone, Standing.NOT_DONE)


class Moment(BaseModel):
    """A row with a time, or what stands there in its place."""

    at: datetime | str


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
def test_times_that_python_cannot_hold_are_texts(postgres_server: PostgresServer, kind: str) -> None:
    """Infinity and years before 1 or after 9999 come as the database writes them; the others are what they are."""
    with postgres_server.database() as url:
        erp = Erp(url, Door(Addresses(allow_private=True)))
        asked = (
            f"SELECT CAST(at AS {kind}) AS at FROM (VALUES ('infinity'), ('-infinity'), ('0044-03-15 BC'), ('20000-01-01'), "
            "('2026-01-05')) AS given (at)"
        )
        found, error, _ = erp.do(lambda db: db.rows(asked, expect=Moment))  # type: ignore[arg-type]
    assert error is None
    assert found is not None
    assert [one.at for one in found[:2]] == ["infinity", "-infinity"]
    assert str(found[2].at).startswith("0044-03-15")
    assert str(found[2].at).endswith("BC")
    assert str(found[3].at).startswith("20000-01-01")
    assert str(found[4].at).startswith("2026-01-05")


@pytest.mark.postgres
def test_an_answer_that_the_driver_cannot_read_is_no_lost_connection(postgres_server: PostgresServer) -> None:
    """The database answered, and so it is refused for good: a connection that is lost would be waited for."""
    with postgres_server.database() as url:
        erp = Erp(url, Door(Addresses(allow_private=True)))
        number = "SELECT CAST(repeat('9', 5000) AS json) AS at"
        _, unread, _ = erp.do(lambda db: db.rows(number, expect=Moment))
        _, unsent, _ = erp.do(lambda db: db.rows("SELECT :at AS at", {"at": "a\0"}, expect=Moment))
    for error in (unread, unsent):
        assert isinstance(error, Refused), error
        assert "422" in error.what

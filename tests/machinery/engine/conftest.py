"""The engines that keep to the port, on both databases, each with a way to let it come to rest."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from pilotage.machinery.engine.dbos import DbosEngine
from pilotage.machinery.engine.inline import InlineEngine
from pilotage.machinery.engine.port import Checkpoint, Engine, Runner
from pilotage.machinery.storage.database import Database, Tx
from pilotage.testing.engines import ChaosEngine

QUEUE = "tickets@dev"
PATIENCE = 30.0

saved = sa.Table(
    "saved",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("batch", sa.BigInteger),
    sa.Column("number", sa.Integer),
    sa.Column("word", sa.Text),
)


class Tables:
    """A database and what runs have saved in it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def save(self, batch: int, number: int, word: str) -> Callable[[Tx], str]:
        """A save that writes one row and gives its word."""

        def save(tx: Tx) -> str:
            tx.execute(saved.insert().values(batch=batch, number=number, word=word))
            return word

        return save

    def saving(self, numbers: int) -> Runner:
        """A runner that saves so many checkpoints."""

        def run(batch: int, checkpoint: Checkpoint) -> None:
            for number in range(numbers):
                checkpoint(self.save(batch, number, f"word {number}"))

        return run

    def rows(self) -> list[tuple[int, int, str]]:
        """What is saved, in the order of batches and numbers."""
        with self.database.snapshot() as tx:
            found = tx.execute(
                sa.select(saved.c.batch, saved.c.number, saved.c.word).order_by(saved.c.batch, saved.c.number)
            )
            return [(batch, number, word) for batch, number, word in found]


class Bench(Tables):
    """An engine, its database, and what its runs have saved."""

    def __init__(self, database: Database, make: Callable[[Database], Engine]) -> None:
        super().__init__(database)
        self.engine = make(database)
        self._make = make

    def rest(self, until: Callable[[], object]) -> None:
        """Let the engine work until it is so."""
        if isinstance(self.engine, DbosEngine):
            wait_for(until)
        else:
            self.engine.drain()
            assert until()

    def restart(self) -> None:
        """Close the engine, and make another one on the same database."""
        self.engine.close(within=PATIENCE)
        self.engine = self._make(self.database)


def wait_for(until: Callable[[], object]) -> None:
    """Wait until it is so, which other threads or processes bring about."""
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the table that the tests save into."""
    database = Database(database_url)
    with database.transaction() as tx:
        saved.create(tx)
    yield database
    database.close()


@pytest.fixture
def tables(database: Database) -> Tables:
    """Something to save with, and no engine."""
    return Tables(database)


def _calm(database: Database) -> Engine:
    return ChaosEngine(database, seed=1, doubles=0, delays=0, abandons=0, retries=0)


def _dbos(database: Database) -> Engine:
    return DbosEngine(database, f"life-{time.monotonic_ns()}")


@pytest.fixture(params=[InlineEngine, _calm, _dbos], ids=["inline", "chaos", "dbos"])
def bench(request: pytest.FixtureRequest, database: Database) -> Iterator[Bench]:
    """Each engine."""
    yield from benches(database, request.param)


@pytest.fixture
def durable(database: Database) -> Iterator[Bench]:
    """The engine in earnest."""
    yield from benches(database, _dbos)


def benches(database: Database, make: Callable[[Database], Engine]) -> Iterator[Bench]:
    """A bench that is cleared away, and leaves no thread behind."""
    before = set(threading.enumerate())
    bench = Bench(database, make)
    yield bench
    bench.engine.close(within=PATIENCE)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=PATIENCE)
        assert not thread.is_alive(), thread


@pytest.fixture
def queue() -> str:
    """The queue that the tests use."""
    return QUEUE


@pytest.fixture
def patiently() -> Callable[[Callable[[], object]], None]:
    """`wait_for`, for tests that have no bench."""
    return wait_for

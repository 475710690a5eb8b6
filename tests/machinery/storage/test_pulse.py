"""The pulse: whether others may have written."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.pulse import Pulse

TABLE = "CREATE TABLE things (id integer)"
QUERY = "SELECT EXISTS (SELECT 1 FROM things)"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    with closing(Database(database_url)) as made:
        yield made


def test_it_beats_when_another_connection_has_written(database: Database) -> None:
    """It is quiet while nothing happens, beats after a commit, and is quiet again once the work is done."""
    with database.transaction() as tx:
        tx.execute(sa.text(TABLE))
    pulse = Pulse(database, QUERY)
    pulse.beats()
    assert not pulse.beats()
    with database.transaction() as tx:
        tx.execute(sa.text("INSERT INTO things VALUES (1)"))
        assert not pulse.beats()
    assert pulse.beats()
    with database.transaction() as tx:
        tx.execute(sa.text("DELETE FROM things"))
    pulse.beats()
    assert not pulse.beats()
    pulse.close()


def test_it_beats_when_the_database_cannot_be_asked(database: Database) -> None:
    """Whoever looks then is told why; and it finds its way back."""
    pulse = Pulse(database, "SELECT * FROM what_is_not_there")
    first = pulse.beats()
    assert first
    assert pulse.beats() is (database.dialect == "postgresql")
    pulse.close()
    assert pulse.beats()
    pulse.close()


def test_it_keeps_no_connection_of_the_pool(database: Database) -> None:
    """Its connection is its own, and holds no transaction that others would wait for."""
    pulse = Pulse(database, "SELECT true")
    pulse.beats()
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    with database.transaction() as tx:
        tx.execute(sa.text(TABLE))
    pulse.close()

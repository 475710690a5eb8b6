"""The pulse: whether others may have written."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa
from tests.databases import on_postgresql

from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.pulse import Pulse, call

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


def test_who_listens_hears_a_call_once_it_is_committed(database: Database) -> None:
    """On PostgreSQL a call comes with the commit, and who listens need not ask often; on SQLite nobody has to call."""
    pulse = Pulse(database, "SELECT false")
    asked_often = pulse.pause
    stop, heard = threading.Event(), threading.Event()
    listener = threading.Thread(target=pulse.listen, args=(heard.set, stop))
    listener.start()
    try:
        if database.dialect == "sqlite":
            listener.join(timeout=10)
            assert not listener.is_alive()
            assert pulse.pause == asked_often
            return
        assert heard.wait(10)  # it looks once when it begins to listen
        heard.clear()
        assert pulse.pause > asked_often
        with database.transaction() as tx:
            call(tx)
            assert not heard.wait(0.2)
        assert heard.wait(10)
    finally:
        stop.set()
        listener.join(timeout=10)
    assert pulse.pause == asked_often


@on_postgresql
def test_a_listener_outlives_the_server_that_ends_its_session(database: Database) -> None:
    """A session that is ended is opened again, and calls are heard again."""
    pulse = Pulse(database, "SELECT false")
    stop, heard = threading.Event(), threading.Event()
    listener = threading.Thread(target=pulse.listen, args=(heard.set, stop))
    listener.start()
    try:
        assert heard.wait(10)
        heard.clear()
        with database.transaction() as tx:
            ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND pid <> pg_backend_pid()"
            assert tx.execute(sa.text(ended + " AND datname = current_database()")).all()
        assert heard.wait(10)
        heard.clear()
        with database.transaction() as tx:
            call(tx)
        assert heard.wait(10)
    finally:
        stop.set()
        listener.join(timeout=10)

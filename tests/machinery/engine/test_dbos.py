"""What the engine on DBOS promises beyond the port: one in a process, quiet, and never over the one that has the batch."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from tests.databases import on_postgresql

from pilotage.machinery.engine.dbos import DbosEngine
from pilotage.machinery.engine.errors import EngineAlreadyRunning
from pilotage.machinery.engine.port import Checkpoint, Overtaken
from pilotage.machinery.storage.database import Database


class Held:
    """A runner whose runs wait, each for its own word, at the places where the test holds them."""

    def __init__(self, bench: Any) -> None:
        self.bench = bench
        self.arrived = [threading.Event() for _ in range(3)]
        self.go_on = [threading.Event() for _ in range(3)]
        self.heard: list[tuple[int, str]] = []
        self.in_save = False
        self.over = 0
        self._count = 0
        self._lock = threading.Lock()

    def __call__(self, batch: int, checkpoint: Checkpoint) -> None:
        with self._lock:
            mine, self._count = self._count, self._count + 1

        def save(tx: Any) -> str:
            word = self.bench.save(batch, 0, f"by run {mine}")(tx)
            if self.in_save:
                self._hold(mine)
            return word

        try:
            if not self.in_save:
                self._hold(mine)
            self.heard.append((mine, checkpoint(save)))
        except Overtaken:
            self.heard.append((mine, "overtaken"))
            raise
        finally:
            self.over += 1

    def _hold(self, mine: int) -> None:
        self.arrived[mine].set()
        assert self.go_on[mine].wait(30)


@pytest.fixture
def held(durable: Any) -> Iterator[Held]:
    """Runs that wait, and are let go at the end."""
    held = Held(durable)
    yield held
    for word in held.go_on:
        word.set()


def test_who_lost_the_batch_cannot_save(durable: Any, held: Held, queue: str) -> None:
    """A run from which the batch was taken, and which did not notice, is overtaken at its checkpoint and leaves no row."""
    durable.engine.launch(held, [queue])
    durable.engine.start(1)
    assert held.arrived[0].wait(30)
    _take_from_the_living(durable, 1, queue)
    assert held.arrived[1].wait(30)
    held.go_on[0].set()
    durable.rest(lambda: held.over == 1)
    assert held.heard == [(0, "overtaken")]
    assert durable.rows() == []
    held.go_on[1].set()
    durable.rest(lambda: held.over == 2)
    assert durable.rows() == [(1, 0, "by run 1")]


def test_who_comes_late_finds_what_the_other_saved(durable: Any, held: Held, queue: str) -> None:
    """A run that reaches a checkpoint which another run has saved gets the other's result, or stops; it saves nothing."""
    durable.engine.launch(held, [queue])
    durable.engine.start(1)
    assert held.arrived[0].wait(30)
    _take_from_the_living(durable, 1, queue)
    assert held.arrived[1].wait(30)
    held.go_on[1].set()
    durable.rest(lambda: held.over == 1)
    held.go_on[0].set()
    durable.rest(lambda: held.over == 2)
    assert held.heard[0] == (1, "by run 1")
    assert held.heard[1] in {(0, "by run 1"), (0, "overtaken")}
    assert durable.rows() == [(1, 0, "by run 1")]


@on_postgresql
def test_who_loses_the_batch_in_the_middle_of_saving_saves_nothing(durable: Any, held: Held, queue: str) -> None:
    """Rows that were written, and not committed, when the batch was taken away are rolled back."""
    held.in_save = True
    durable.engine.launch(held, [queue])
    durable.engine.start(1)
    assert held.arrived[0].wait(30)
    _take_from_the_living(durable, 1, queue)
    assert held.arrived[1].wait(30)
    held.go_on[0].set()
    durable.rest(lambda: held.over == 1)
    assert durable.rows() == []
    held.go_on[1].set()
    durable.rest(lambda: held.over == 2)
    assert held.heard == [(0, "overtaken"), (1, "by run 1")]
    assert durable.rows() == [(1, 0, "by run 1")]


@on_postgresql
def test_who_commits_a_moment_before_is_found_by_the_other(durable: Any, held: Held, queue: str) -> None:
    """A batch taken away between the last look and the commit is saved once: the other run finds it, and rolls back."""
    at_commit, commit = threading.Event(), threading.Event()

    @sa.event.listens_for(durable.database.engine, "commit")
    def before_commit(_: sa.Connection) -> None:
        if not at_commit.is_set() and threading.current_thread().name.startswith("dbos-executor"):
            at_commit.set()
            assert commit.wait(30)

    for word in held.go_on:
        word.set()
    durable.engine.launch(held, [queue])
    durable.engine.start(1)
    assert at_commit.wait(30)
    _take_from_the_living(durable, 1, queue)
    assert held.arrived[1].wait(30)
    _wait_until_it_waits_for_the_record(durable)
    commit.set()
    durable.rest(lambda: held.over == 2)
    assert (1, "by run 0") in held.heard
    assert durable.rows() == [(1, 0, "by run 0")]


def test_a_process_has_one_engine(durable: Any, database: Database) -> None:
    """A second engine is refused while there is one, and the refusal says who has it and what to do."""
    with pytest.raises(EngineAlreadyRunning, match=durable.engine.executor):
        DbosEngine(database, "second")
    durable.engine.launch(durable.saving(1), [])
    durable.engine.start(1)
    durable.rest(durable.rows)
    durable.restart()
    durable.engine.launch(durable.saving(1), [])
    durable.engine.start(2)
    durable.rest(lambda: len(durable.rows()) == 2)


def test_an_engine_that_could_not_be_made_leaves_room_for_another(tmp_path: Any, durable: Any) -> None:
    """A database that cannot be reached is an error, and not the end of engines in this process."""
    durable.engine.close(within=1)
    file = tmp_path / "a file that becomes a folder"
    nowhere = Database(f"sqlite:///{file}")
    nowhere.close()
    file.unlink()
    file.mkdir()
    with pytest.raises(sa.exc.OperationalError):
        DbosEngine(nowhere, "nobody")
    durable.restart()


def test_what_the_end_cut_off_is_taken_over(durable: Any, held: Held, queue: str) -> None:
    """An engine that closes lets a run save what it has, and stops it there; the next life goes on behind it."""
    done: list[str] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        first = checkpoint(durable.save(batch, 0, f"first {len(done)}"))
        done.append(first)
        checkpoint(durable.save(batch, 1, "second"))
        done.append("second")

    def hold(batch: int, checkpoint: Checkpoint) -> None:
        held._hold(0)
        run(batch, checkpoint)

    durable.engine.launch(hold, [queue])
    durable.engine.start(1)
    assert held.arrived[0].wait(30)
    earlier = durable.engine.executor
    closing = threading.Thread(target=durable.engine.close, kwargs={"within": 30})
    closing.start()
    durable.rest(durable.engine.stops)
    held.go_on[0].set()
    closing.join()
    assert durable.rows() == [(1, 0, "first 0")]
    durable.restart()
    durable.engine.launch(run, [queue])
    assert durable.engine.take_over(earlier, lambda _: queue) == [1]
    durable.rest(lambda: len(done) == 2)
    assert done == ["first 0", "second"]
    assert len(durable.rows()) == 2


def test_what_may_not_be_resumed_is_not(durable: Any, held: Held, queue: str) -> None:
    """A batch for which there is no queue is not run again, and nothing is left of it in the engine."""
    durable.engine.launch(held, [queue])
    for batch in (1, 2):
        durable.engine.start(batch)
        assert held.arrived[batch - 1].wait(30)
    earlier = durable.engine.executor
    durable.engine.close(within=0)
    for word in held.go_on:
        word.set()
    durable.rest(lambda: held.over == 2)
    durable.restart()
    durable.engine.launch(durable.saving(1), [queue])
    assert durable.engine.take_over(earlier, lambda batch: queue if batch == 2 else None) == [2]
    durable.rest(durable.rows)
    assert durable.rows() == [(2, 0, "word 0")]
    assert _recorded(durable) == {"batch-2"}


def test_a_batch_that_cannot_be_begun_behind_another_is_let_go_of(
    durable: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as for a full disk: the one before it has ended all the same, those behind it run, and it may be started again."""
    engine, go_on = durable.engine, threading.Event()
    many = range(1, 2 * engine._ahead)
    stuck = engine._ahead + 1

    def run(batch: int, checkpoint: Checkpoint) -> None:
        assert go_on.wait(30)
        checkpoint(durable.save(batch, 0, "done"))

    begin, full = engine._adapter.start, [True]

    def start(batch: int) -> bool:
        if batch == stuck and full:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        return begin(batch)

    monkeypatch.setattr(engine._adapter, "start", start)
    engine.launch(run, [])
    assert {engine.start(batch) for batch in many} == {True}
    assert all(engine.holds(batch) for batch in many)
    go_on.set()
    durable.rest(lambda: {row[0] for row in durable.rows()} == set(many) - {stuck})
    durable.rest(lambda: not any(engine.holds(batch) for batch in many))
    durable.rest(lambda: not engine._adapter.pending(engine.executor))
    assert not any(engine.start(batch) for batch in many if batch != stuck)  # each of them has ended
    full.clear()
    assert engine.start(stuck)
    durable.rest(lambda: len(durable.rows()) == len(many))


def test_nothing_is_left_of_forgotten_batches(durable: Any, queue: str) -> None:
    """A batch that was forgotten has no row in any of the engine's tables, also when its run had raised."""

    def run(batch: int, checkpoint: Checkpoint) -> None:
        checkpoint(durable.save(batch, 0, "x"))
        if batch > 5:
            raise RuntimeError(batch)

    durable.engine.launch(run, [queue])
    for batch in range(10):
        durable.engine.start(batch)
    durable.rest(lambda: len(durable.rows()) == 10)
    durable.rest(lambda: durable.engine.forget(range(10)) or not _recorded(durable))


def test_very_many_may_be_started_at_once(durable: Any) -> None:
    """More batches than there are threads wait for their turn, and take few threads to do so."""
    most: list[int] = []

    def run(batch: int, checkpoint: Checkpoint) -> None:
        most.append(threading.active_count())
        checkpoint(durable.save(batch, 0, "x"))

    durable.engine.launch(run, [])
    for batch in range(100):
        durable.engine.start(batch)
    durable.rest(lambda: len(durable.rows()) == 100)
    assert max(most) < 40
    assert [batch for batch, _, _ in durable.rows()] == list(range(100))


@on_postgresql
def test_a_database_that_was_away_kills_no_batch(durable: Any, queue: str) -> None:
    """A checkpoint whose connection is lost half-way, and which gets no other for a while, is saved once in the end."""
    lost: list[int] = []
    refused: list[object] = []

    def refuse(*_: object) -> None:
        if len(refused) < 6:
            refused.append(None)
            # What a driver says while there is no server at all: no state, and not the words that DBOS knows.
            raise psycopg.OperationalError("connection is bad: No such file or directory")

    def run(batch: int, checkpoint: Checkpoint) -> None:
        def save(tx: sa.Connection) -> str:
            durable.save(batch, 0, "x")(tx)
            if not lost:
                lost.append(batch)
                _cut_every_connection(durable.database)
                for engine in (durable.database.engine, durable.engine._adapter._own):
                    sa.event.listen(engine, "do_connect", refuse)
            return durable.save(batch, 1, "y")(tx)

        checkpoint(save)
        checkpoint(durable.save(batch, 2, "z"))
        done.set()

    done = threading.Event()
    durable.engine.launch(run, [queue])
    durable.engine.start(1)
    durable.rest(done.is_set)
    assert durable.rows() == [(1, 0, "x"), (1, 1, "y"), (1, 2, "z")]


def test_an_empty_queue_is_not_looked_into(durable: Any, queue: str) -> None:
    """A queue is open while there is work, is closed when it has been empty for a while, and opens again."""
    durable.engine.launch(durable.saving(1), [queue])
    for batch in (1, 2):
        durable.engine.enqueue(batch, queue)
        assert durable.engine._adapter.open_queues() == [queue]
        durable.rest(lambda batch=batch: len(durable.rows()) == batch)
        durable.rest(lambda: durable.engine._adapter.open_queues() == [])


def test_it_speaks_through_our_logger(durable: Any, capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing of the library's reaches the console; its warnings come under our name."""
    heard: list[logging.LogRecord] = []
    ear = logging.Handler()
    ear.emit = heard.append  # type: ignore[method-assign]
    ours = logging.getLogger("pilotage.engine.dbos")
    ours.addHandler(ear)
    try:
        durable.engine.launch(durable.saving(1), [])
        durable.engine.start(1)
        durable.rest(durable.rows)
        logging.getLogger("dbos").warning("something of %s", "theirs")
    finally:
        ours.removeHandler(ear)
    assert [record.getMessage() for record in heard] == ["something of theirs"]
    assert capfd.readouterr() == ("", "")


def test_who_makes_no_engine_does_not_load_dbos() -> None:
    """The module of the engine is cheap to import: the library is loaded when an engine is made."""
    told = "import sys, pilotage.machinery.engine.dbos as _; print('dbos' in sys.modules)"
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, env=paths)
    assert done.stdout.strip() == "False"


def _take_from_the_living(durable: Any, batch: int, queue: str) -> None:
    """What another process does that thinks this one dead."""
    durable.engine._pace.open(queue)
    durable.engine._adapter.resume([batch], queue)


def _wait_until_it_waits_for_the_record(durable: Any) -> None:
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    def waits() -> bool:
        with durable.database.snapshot() as tx:
            return tx.execute(waiting).scalar_one() > 0

    durable.rest(waits)


def _recorded(durable: Any) -> set[str]:
    schema = "" if durable.database.dialect == "sqlite" else "dbos."
    columns = {
        "workflow_status": "workflow_uuid",
        "operation_outputs": "workflow_uuid",
        "workflow_input": "workflow_uuid",
        "workflow_output": "workflow_uuid",
        "datasource_outputs": "workflow_id",
    }
    with durable.database.snapshot() as tx:
        return {
            name
            for table, column in columns.items()
            for name in tx.execute(sa.text(f"SELECT {column} FROM {schema}{table}")).scalars()
        }


def _cut_every_connection(database: Database) -> None:
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )

"""Who waits for SQLite's write lock gets it in turn, among threads and among processes."""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import exc

from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.taking_turns import Connection, Line

BUSY = """
import sys, threading, time
from pilotage.machinery.storage.database import Database
import sqlalchemy as sa
database, rest, writes = Database(sys.argv[1]), threading.Event(), 0
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + 6
while time.monotonic() < end:
    with database.transaction() as tx:
        tx.execute(sa.text("INSERT INTO written VALUES (1)"))
        rest.wait(float(sys.argv[2]))
    writes += 1
print(writes)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SQLite file with a table."""
    database = Database(f"sqlite:///{tmp_path / 'shared.db'}")
    with database.transaction() as tx:
        tx.execute(sa.text("CREATE TABLE written (one INTEGER)"))
    database.close()
    return tmp_path / "shared.db"


@pytest.fixture
def two(file: Path) -> Iterator[tuple[Connection, Connection]]:
    """Two connections of the driver to the file."""
    made = [sqlite3.connect(file, isolation_level=None, check_same_thread=False, factory=Connection) for _ in range(2)]
    yield made[0], made[1]
    for one in made:
        one.close()


@pytest.mark.slow
def test_no_process_starves_beside_busy_ones(file: Path) -> None:
    """Four write without a pause: each has its part. With SQLite's own waiting two of four got nothing for eight seconds."""
    holds = ("0.02", "0.02", "0.02", "0.001")
    busy = [
        subprocess.Popen(
            [sys.executable, "-c", BUSY, f"sqlite:///{file}", hold],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for hold in holds
    ]
    for one in busy:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in busy:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    writes = [int(one.communicate(timeout=60)[0]) for one in busy]
    assert min(writes) >= max(writes) / 10, writes


@pytest.mark.parametrize("ending", ["commit", "rollback", "close"])
def test_the_end_of_a_transaction_gives_the_turn_away(two: tuple[Connection, Connection], ending: str) -> None:
    """However it ends, the next in line goes on."""
    first, second = two
    line = Line(longest=20)
    first.begin_writing(line)
    waiting = threading.Thread(target=second.begin_writing, args=(line,))
    waiting.start()
    assert line.lock.locked()
    assert not second.in_transaction
    getattr(first, ending)()
    waiting.join(20)
    assert second.in_transaction
    second.rollback()
    assert not line.lock.locked()


def test_who_waits_too_long_gives_up_and_keeps_nothing(two: tuple[Connection, Connection]) -> None:
    """Another process keeps the lock: the error is SQLite's, the turn is free again, and the connection waits as before."""
    first, second = two
    first.execute("BEGIN IMMEDIATE")
    patience = second.execute("PRAGMA busy_timeout").fetchone()
    line = Line(longest=0.1)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.begin_writing(line)
    assert not line.lock.locked()
    assert second.execute("PRAGMA busy_timeout").fetchone() == patience
    first.rollback()
    second.begin_writing(line)
    assert second.in_transaction


def test_a_lock_that_is_never_free_is_an_error_of_the_database(file: Path) -> None:
    """It comes as SQLAlchemy's, like every other of its statements, so that it is explained to whoever runs the command."""
    database = Database(f"sqlite:///{file}", patience=0.1)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(exc.OperationalError, match="locked"), database.transaction():
            pass
    finally:
        other.close()
    with database.transaction():  # and afterwards it goes on
        pass
    database.close()

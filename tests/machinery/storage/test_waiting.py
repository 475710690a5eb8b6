"""Writers that wait for SQLite's lock are counted, and judged."""

import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.waiting import Meter, Waited, together


def test_the_last_five_minutes_count() -> None:
    """Waits of six minutes ago are forgotten, those of four minutes ago are not."""
    meter = Meter()
    meter.note(2.0, 0.0)
    meter.note(0.7, 125.0)
    meter.note(0.0, 130.0)
    assert meter.last(359.0) == Waited(writes=2, late=1, longest=0.7)
    assert meter.last(130.0) == Waited(writes=3, late=2, longest=2.0)
    assert meter.last(3600.0) == Waited()


@pytest.mark.parametrize(
    ("writes", "late", "outgrown"),
    [(100, 19, False), (100, 20, True), (1000, 40, False), (1000, 50, True), (0, 0, False)],
)
def test_a_single_stall_is_not_too_much(writes: int, late: int, outgrown: bool) -> None:  # noqa: FBT001
    """It takes twenty late writes, and one in twenty of all."""
    assert Waited(writes=writes, late=late).outgrown is outgrown


def test_several_processes_are_judged_together() -> None:
    """What is late is added up, and the longest wait stays the longest."""
    found = together([Waited(writes=10, late=1, longest=0.6), Waited(writes=5, late=2, longest=3.0)])
    assert found == Waited(writes=15, late=3, longest=3.0)


def test_a_writer_that_waits_for_another_is_late(tmp_path: Path) -> None:
    """A write that another process's write keeps waiting is counted as late; one that found the lock free is not."""
    first, second = (Database(f"sqlite:///{tmp_path / 'lock.db'}") for _ in range(2))
    has_it = threading.Event()
    let_go = threading.Event()

    def hold() -> None:
        with first.transaction() as tx:
            tx.execute(sa.text("CREATE TABLE one (id INTEGER)"))
            has_it.set()
            let_go.wait(0.8)

    holder = threading.Thread(target=hold)
    holder.start()
    has_it.wait()
    with second.transaction() as tx:
        tx.execute(sa.text("INSERT INTO one VALUES (1)"))
    holder.join()
    assert first.waited().late == 0
    assert second.waited().late == 1
    assert 0.5 < second.waited().longest < 30
    first.close()
    second.close()


def test_what_reads_waits_for_nobody(database_url: str) -> None:
    """Reading is not counted, and on PostgreSQL nothing is."""
    database = Database(database_url)
    with database.snapshot() as tx:
        tx.execute(sa.text("SELECT 1"))
    assert database.waited() == Waited()
    with database.transaction() as tx:
        tx.execute(sa.text("SELECT 1"))
    assert database.waited().writes == (1 if database.dialect == "sqlite" else 0)
    database.close()

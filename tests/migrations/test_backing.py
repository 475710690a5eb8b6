"""A backup is one moment of a platform that works, and what is restored is that moment, held."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pilotage.cases.service.holding import resume, standing
from pilotage.cases.service.proving import prove
from pilotage.inbox import store as inbox_store
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.database import Database
from pilotage.migrations import backing
from pilotage.migrations.backing import BackedUp
from pilotage.migrations.errors import (
    DatabaseInUse,
    DatabaseNotEmpty,
    FileIsThere,
    NotAsWritten,
    NotHere,
    OtherEnvironment,
    WorkersLive,
)
from pilotage.testing import Place, Platform
from tests.migrations.conftest import Begin
from tests.migrations.places import case, fill, places, submit
from tests.migrations.test_carrying import rewrite

CHECKS = [inbox_store.doubles]


def back_up(database: Database, file: Path, contents: Contents | None = None) -> BackedUp:
    """Write a backup."""
    folder = file.parent / "folder"
    contents = contents or Contents(folder / "contents")
    return backing.backup(
        database, file, environment="test", folder=folder, contents=contents, version="1", checks=CHECKS
    )


def restore(target: Path, file: Path, *, over: bool = False, environment: str = "test") -> BackedUp:
    """Put a backup back."""
    return backing.restore(
        f"sqlite:///{target}",
        file,
        environment=environment,
        folder=file.parent / "restored",
        contents=Contents(file.parent / "restored" / "contents"),
        over=over,
        by="me",
        known="test",
        clock=ManualClock(datetime(2026, 3, 2, 12, tzinfo=UTC)),
        checks=CHECKS,
    )


@pytest.fixture
def source(tmp_path: Path, begin: Begin) -> Platform:
    """A platform on SQLite with cases in every place."""
    platform = begin(f"sqlite:///{tmp_path / 'source.sqlite'}")
    fill(platform)
    return platform


def test_what_is_restored_is_what_was_backed_up(source: Platform, begin: Begin, tmp_path: Path) -> None:
    """Places and sums are the same; nothing goes out before somebody resumes, and then work goes on."""
    before = places(source)
    assert back_up(source.inner.database, tmp_path / "backup").holds
    submit(source, id="after", kind="letter")
    restore(tmp_path / "new" / "there.sqlite", tmp_path / "backup")
    there = begin(f"sqlite:///{tmp_path / 'new' / 'there.sqlite'}")
    assert places(there) == before
    (hold,) = standing(there.inner.database)
    assert (hold.scope, hold.by) == ("everything", "me")
    submit(there, id="later", kind="letter")
    there.settle()
    assert case(there, "later").place is Place.WAITING
    resume(there.inner.database, scope="everything", name="", by="me", known="test")
    there.settle()
    assert case(there, "later").place is Place.DONE
    assert prove(there.inner.database, CHECKS).holds


def test_a_backup_under_load_is_one_moment(source: Platform, tmp_path: Path) -> None:
    """While records are taken in and work goes on, every backup is sound and its sums hold; none loses what was committed."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        number = 0
        try:
            while not ended.is_set():
                number += 1
                submit(source, id=f"load {number}", kind="letter")
                source.settle()
        except BaseException as error:  # noqa: BLE001 - told below
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        counts = [sum(back_up(source.inner.database, tmp_path / f"backup{n}").places.values()) for n in range(4)]
    finally:
        ended.set()
        thread.join()
    assert failures == []
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    for number, count in enumerate(counts):
        done = restore(tmp_path / f"{number}.sqlite", tmp_path / f"backup{number}")
        assert (sum(done.places.values()), done.holds) == (count, True)


def test_a_database_with_rows_is_kept_aside(source: Platform, begin: Begin, tmp_path: Path) -> None:
    """Without --over it is not touched; with it, it is there under another name, whole."""
    back_up(source.inner.database, tmp_path / "backup")
    target = tmp_path / "other.sqlite"
    other = begin(f"sqlite:///{target}")
    submit(other, id="mine", kind="letter")
    other.inner.database.close()
    with pytest.raises(DatabaseNotEmpty, match="not empty") as refused:
        restore(target, tmp_path / "backup")
    assert "--over" in refused.value.remedy
    assert case(other, "mine").place is Place.READY
    other.inner.database.close()
    done = restore(target, tmp_path / "backup", over=True)
    assert done.aside == tmp_path / "other.before-restore-20260302-120000.sqlite"
    with closing(sqlite3.connect(done.aside)) as kept:
        assert kept.execute("SELECT key FROM cases").fetchall() == [("mine",)]
    with closing(Database(f"sqlite:///{target}")) as restored:
        assert prove(restored, CHECKS).holds
    assert case(other, "done").place is Place.DONE


def test_a_damaged_database_is_kept_aside_too(source: Platform, tmp_path: Path) -> None:
    """That is what backups are for."""
    back_up(source.inner.database, tmp_path / "backup")
    target = tmp_path / "broken.sqlite"
    target.write_bytes(b"SQLite format 3\0" + b"rubbish" * 1000)
    with pytest.raises(DatabaseNotEmpty):
        restore(target, tmp_path / "backup")
    done = restore(target, tmp_path / "backup", over=True)
    assert done.aside is not None
    assert done.aside.read_bytes().endswith(b"rubbish")
    assert done.holds


def test_who_has_the_database_open_is_in_the_way(source: Platform, tmp_path: Path) -> None:
    """A worker that lives, or anybody who reads: the database under their hands is not exchanged."""
    back_up(source.inner.database, tmp_path / "backup")
    target = tmp_path / "source.sqlite"
    lives = Lives(source.inner.database)
    lives.begin("worker", [])
    with closing(Database(f"sqlite:///{target}")) as other, other.transaction() as tx:
        tx.exec_driver_sql("UPDATE life SET beat_at = 9000000000000000")
    with pytest.raises(WorkersLive):
        restore(target, tmp_path / "backup", over=True)
    lives.end()
    with source.inner.database.snapshot() as tx:
        tx.exec_driver_sql("SELECT * FROM cases").fetchone()
        with pytest.raises(DatabaseInUse):
            restore(target, tmp_path / "backup", over=True)
    assert case(source, "done").place is Place.DONE


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data[:5000] + b"xxxx" + data[5004:], id="altered"),
        pytest.param(lambda data: data[:8192], id="cut off"),
    ],
)
def test_an_altered_backup_replaces_nothing(source: Platform, tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    """Whatever was changed, the target stays as it was."""
    back_up(source.inner.database, tmp_path / "backup")
    rewrite(tmp_path / "backup", "database.sqlite", change)
    with pytest.raises(NotAsWritten):
        restore(tmp_path / "there.sqlite", tmp_path / "backup")
    assert list(tmp_path.glob("*there*")) == []


def test_refusals(source: Platform, tmp_path: Path) -> None:
    """A file that is there, another environment, a file that is no backup."""
    back_up(source.inner.database, tmp_path / "backup")
    with pytest.raises(FileIsThere):
        back_up(source.inner.database, tmp_path / "backup")
    with pytest.raises(OtherEnvironment):
        restore(tmp_path / "there.sqlite", tmp_path / "backup", environment="live")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(NotAsWritten):
        restore(tmp_path / "there.sqlite", tmp_path / "text")
    assert list(tmp_path.glob(".*")) == []


def test_postgres_has_tools_of_its_own(tmp_path: Path) -> None:
    """The refusal says which, without the password."""
    database = Database("postgresql://me:secret@127.0.0.1/shop")
    with pytest.raises(NotHere) as refused:
        back_up(database, tmp_path / "backup")
    database.close()
    assert "pg_dump --format=custom" in refused.value.remedy
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []

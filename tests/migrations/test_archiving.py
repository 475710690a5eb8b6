"""Ended cases go into a file and come back; whatever is killed in between, each is in one of both places, once."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.cases.errors import NoSuchCase
from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.finding import find
from pilotage.cases.service.proving import prove
from pilotage.cases.store import tallying
from pilotage.cases.tables import archive_runs, archived_keys, case_content, cases, effects, timeline
from pilotage.inbox import store as inbox_store
from pilotage.inbox.tables import decisions
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.events.tables import trail
from pilotage.machinery.storage.database import Database
from pilotage.migrations import carrying
from pilotage.operations import archive_file, archiving
from pilotage.operations.archiving import Archived
from pilotage.operations.errors import ArchiveAltered, ArchiveInTheWay, ArchiveOfAnother
from pilotage.testing import Place, Platform
from tests.cases.parcels import Fragile, clerk
from tests.migrations.conftest import Begin
from tests.migrations.places import case, fill, number, places, submit

DAY = 86_400.0


class Killed(BaseException):
    """Stands for SIGKILL at one place."""


@pytest.fixture
def platform(database_url: str, begin: Begin) -> Iterator[Platform]:
    """Parcels in every place, thirty days ago; two were decided, one of them withdrawn. Afterwards the sums hold."""
    made = begin(database_url)
    fill(made)
    submit(made, id="decided", kind="letter", text="is it glass?")
    submit(made, id="gone", kind="letter", text="is it glass?")
    made._engine.drain()
    made.settle()
    case(made, "decided").decision.settle(Fragile.NO, by=clerk, reason="I looked.")
    withdraw(made.inner.database, made.inner.inbox, [number(case(made, "gone"))], by="me", reason="Not ours.")
    made.settle()
    made.clock.forward("30d")
    yield made
    assert holds(made.inner.database)


def holds(database: Database) -> bool:
    """What doctor says."""
    return prove(database, [inbox_store.doubles]).holds


def archive(platform: Platform, file: Path, days: float = 7) -> Archived | None:
    """Archive what ended so many days ago."""
    return archiving.archive(
        platform.inner.database,
        file,
        older_than=days * DAY,
        automation=None,
        environment="test",
        by="me",
        seen=lambda _: None,
    )


def restore(platform: Platform, file: Path) -> Archived:
    """Put an archive back."""
    return archiving.restore(platform.inner.database, file, by="me", seen=lambda _: None)


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables that are carried, but for the books of archives and the trail."""
    with database.snapshot() as tx:
        return {
            table.name: sorted((tuple(row) for row in tx.execute(sa.select(table))), key=repr)
            for table in carrying.carried()
            if table not in (archive_runs, archived_keys, trail)
        }


def test_ended_cases_go_and_come_back_as_they_were(platform: Platform, tmp_path: Path) -> None:
    """Out of every table, with their items; the sums count them; back again, every row is what it was."""
    before, rows = places(platform), everything(platform.inner.database)
    done = archive(platform, tmp_path / "file")
    assert done is not None
    assert done.cases == before["done"] + before["withdrawn"] == done.whole
    assert places(platform) == {place: n for place, n in before.items() if place not in {"done", "withdrawn"}}
    assert holds(platform.inner.database)
    left = everything(platform.inner.database)
    for table in (cases, case_content, timeline, effects, decisions):
        assert 0 <= len(left[table.name]) < len(rows[table.name])
    with gzip.open(tmp_path / "file", "rt") as text:
        lines = [json.loads(line) for line in text]
    assert {line["rows"]["cases"][0]["key"] for line in lines if "case" in line} >= {"done", "decided", "gone"}
    assert restore(platform, tmp_path / "file").cases == done.cases
    assert everything(platform.inner.database) == rows


def test_an_archived_key_stays_known(platform: Platform, tmp_path: Path) -> None:
    """The same record is a duplicate, other content under the key a conflict; whoever looks for it is told the file."""
    archive(platform, tmp_path / "file")
    acted = len(platform.carrier.acted)  # type: ignore[attr-defined]
    submit(platform, id="done too", kind="letter", text="please send é \u0000 \U0001f600")
    with platform.inner.database.snapshot() as tx:
        assert tx.execute(sa.text("SELECT sum(duplicates) FROM submissions")).scalar_one() == 1
    other = submit(platform, id="done", kind="letter", country="FR")
    assert other.place is Place.QUARANTINED
    platform.settle()
    assert len(platform.carrier.acted) == acted + 1  # type: ignore[attr-defined]  # of the box, whose time has come
    with pytest.raises(NoSuchCase, match="archive") as refused:
        find(platform.inner.database, "done")
    assert str(tmp_path / "file") in refused.value.remedy


def test_what_is_young_or_not_settled_stays(platform: Platform, tmp_path: Path) -> None:
    """A case that ended yesterday, and one whose effect is unknown, are not archived."""
    assert archive(platform, tmp_path / "none", days=365) is None
    assert not (tmp_path / "none").exists()
    for key in ("doubtful", "young"):
        submit(platform, id=key, kind="letter")
    platform.settle()
    doubtful = number(case(platform, "doubtful"))
    with platform.inner.database.transaction() as tx:
        tx.execute(effects.update().where(effects.c.case_id == doubtful).values(state="unknown"))
        old = 30 * 86_400_000_000
        tx.execute(cases.update().where(cases.c.id == doubtful).values(changed_at=cases.c.changed_at - old))
        tallying.count_anew(tx)
    archive(platform, tmp_path / "file")
    assert {key: case(platform, key).place for key in ("doubtful", "young")} == {
        "doubtful": Place.DONE,
        "young": Place.DONE,
    }
    with pytest.raises(NoSuchCase):
        find(platform.inner.database, "done")


def test_items_go_with_their_parent(platform: Platform, tmp_path: Path) -> None:
    """An item of an open case stays, however long ago it was done."""
    item = {"name": "card", "grams": 20}
    submit(platform, id="parent", kind="letter", value=5000, items=[item])
    platform.settle()
    assert case(platform, "parent").place is Place.WITH_PEOPLE
    platform.clock.forward("30d")
    archive(platform, tmp_path / "file")
    with platform.inner.database.snapshot() as tx:
        kept = tx.execute(sa.select(cases.c.place).where(cases.c.parent == number(case(platform, "parent")))).scalars()
        assert list(kept) == ["done"]


PLACES = ("before the file", "half a batch is written", "before the rows are deleted", "before the end")


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_kill_loses_and_doubles_nothing(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, after: int
) -> None:
    """Wherever it is killed, the sums hold at once; the same command goes on, and all of it comes back."""
    before, rows = places(platform), everything(platform.inner.database)
    monkeypatch.setattr(archiving, "BATCH", 1)
    file = tmp_path / "file"
    with monkeypatch.context() as killing:
        kill_at(killing, where, after)
        with pytest.raises(Killed):
            archive(platform, file)
    assert holds(platform.inner.database)
    done = archive(platform, file)
    assert done is not None
    assert done.whole == before["done"] + before["withdrawn"]
    assert done.resumed
    seen = [line["case"] for member in archive_file.read(file) for line in member.lines if "case" in line]
    assert len(seen) == len(set(seen)) == done.whole
    assert restore(platform, file).cases == done.whole
    assert everything(platform.inner.database) == rows


def kill_at(killing: pytest.MonkeyPatch, where: str, after: int) -> None:
    """Have the command die at this place, after so many batches."""
    passed = iter(range(100))
    append, remove, digest = archive_file.append, inbox_store.remove, archive_file.digest_of

    def dying_append(file: Path, lines: list[archive_file.Line], *, at: int) -> int:
        if next(passed) < after:
            return append(file, lines, at=at)
        if where.startswith("half"):
            append(file, lines, at=at)
            content = file.read_bytes()
            file.write_bytes(content[: (at + len(content)) // 2])
        raise Killed

    def dying_remove(tx: object, ids: object) -> None:
        if next(passed) >= after:
            raise Killed
        remove(tx, ids)  # type: ignore[arg-type]

    def dying_digest(file: Path) -> str:
        digest(file)
        raise Killed

    if where in PLACES[:2]:
        killing.setattr(archive_file, "append", dying_append)
    elif where == PLACES[2]:
        killing.setattr(inbox_store, "remove", dying_remove)
    else:
        killing.setattr(archive_file, "digest_of", dying_digest)


def test_a_restore_that_is_killed_goes_on(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of it is back; the same command puts the rest back, and nothing twice."""
    rows = everything(platform.inner.database)
    monkeypatch.setattr(archiving, "BATCH", 1)
    done = archive(platform, tmp_path / "file")
    assert done is not None

    def die(words: str) -> None:
        if words.startswith("2 "):
            raise Killed

    with pytest.raises(Killed):
        archiving.restore(platform.inner.database, tmp_path / "file", by="me", seen=die)
    assert holds(platform.inner.database)
    assert restore(platform, tmp_path / "file").cases == done.cases - 2
    assert everything(platform.inner.database) == rows
    with pytest.raises(ArchiveOfAnother, match="is back"):
        restore(platform, tmp_path / "file")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data: data[:-20], id="cut off"),
        pytest.param(lambda data: data[: len(data) // 2] + b"x" + data[len(data) // 2 + 1 :], id="altered"),
        pytest.param(lambda data: data + data[-50:], id="longer"),
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: gzip.compress(b'{"archive":"mine"}\n'), id="another"),
    ],
)
def test_an_altered_archive_puts_nothing_back(
    platform: Platform, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """It is read to its end before the first case comes back."""
    archive(platform, tmp_path / "file")
    before = everything(platform.inner.database)
    (tmp_path / "file").write_bytes(change((tmp_path / "file").read_bytes()))
    with pytest.raises((ArchiveAltered, ArchiveOfAnother)):
        restore(platform, tmp_path / "file")
    assert everything(platform.inner.database) == before


def test_a_file_is_not_written_over(platform: Platform, tmp_path: Path) -> None:
    """Neither a stranger's nor an archive that was ended."""
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ArchiveInTheWay):
        archive(platform, tmp_path / "mine")
    archive(platform, tmp_path / "file")
    with pytest.raises(ArchiveInTheWay):
        archive(platform, tmp_path / "file")
    assert (tmp_path / "mine").read_text() == "mine"


def test_an_archive_goes_along_with_an_export(platform: Platform, begin: Begin, tmp_path: Path) -> None:
    """The new database knows its keys and its sums, and takes it back."""
    rows = everything(platform.inner.database)
    archive(platform, tmp_path / "file")
    carrying.export(
        platform.inner.database,
        tmp_path / "all",
        environment="test",
        folder=tmp_path,
        contents=Contents(tmp_path),
        version="1",
        seen=lambda *_: None,
    )
    there = begin(f"sqlite:///{tmp_path / 'there.sqlite'}")
    carrying.take(
        there.inner.database,
        tmp_path / "all",
        environment="test",
        folder=tmp_path,
        contents=Contents(tmp_path),
        seen=lambda *_: None,
    )
    assert holds(there.inner.database)
    restore(there, tmp_path / "file")
    back = everything(there.inner.database)
    for table in (case_content, timeline, effects, decisions):
        assert back[table.name] == rows[table.name]
    assert holds(there.inner.database)

"""A whole platform goes from one database to another, of either kind: nothing is lost, and work goes on there."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.cases.service.proving import prove
from pilotage.cases.service.replaying import replay
from pilotage.cases.store import looking
from pilotage.cases.tables import cases, effects
from pilotage.inbox import store as inbox_store
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.plain import in_order, names_of, to_plain
from pilotage.migrations import carrying, prepare
from pilotage.migrations.carrying import Carried
from pilotage.migrations.errors import (
    CannotBeTaken,
    DatabaseNotEmpty,
    EffectsOnTheirWay,
    FileIsThere,
    NotAsWritten,
    OtherEnvironment,
    OtherRevision,
    WorkersLive,
)
from pilotage.testing import Place, Platform
from tests.cases.parcels import Fragile, Offer, clerk, lead
from tests.migrations.conftest import Begin
from tests.migrations.places import case, fill, number, places, submit


def export(database: Database, file: Path, folder: Path | None = None) -> Carried:
    """Write an export."""
    folder = folder or file.parent / "folder"
    return carrying.export(
        database,
        file,
        environment="test",
        folder=folder,
        contents=Contents(folder / "contents"),
        version="1",
        seen=lambda *_: None,
    )


def take(database: Database, file: Path, folder: Path | None = None, environment: str = "test") -> Carried:
    """Read an export in."""
    folder = folder or file.parent / "folder"
    prepare(database)
    return carrying.take(
        database,
        file,
        environment=environment,
        folder=folder,
        contents=Contents(folder / "there"),
        seen=lambda *_: None,
    )


def holds(database: Database) -> bool:
    """What doctor says."""
    return prove(database, [inbox_store.doubles]).holds


@pytest.fixture
def source(tmp_path: Path, begin: Begin) -> Platform:
    """A platform on SQLite with cases in every place."""
    platform = begin(f"sqlite:///{tmp_path / 'source.sqlite'}")
    fill(platform)
    return platform


@pytest.fixture
def target(tmp_path: Path) -> Callable[[], Database]:
    """An empty database; asked again, the same one."""
    database = Database(f"sqlite:///{tmp_path / 'target.sqlite'}")
    prepare(database)
    return lambda: database


def test_everything_is_there_and_goes_on(two_urls: tuple[str, str], begin: Begin, tmp_path: Path) -> None:
    """All places are counted alike on both sides; there a decision is answered, a dead letter replayed, a wait ends."""
    here = begin(two_urls[0])
    fill(here)
    before = places(here)
    assert before["moving"] == 1
    done = export(here.inner.database, tmp_path / "all.pilotage")
    assert done.dissolved == 1
    assert holds(here.inner.database)

    there = begin(two_urls[1])
    there.clock.travel(here.clock.now())
    take(there.inner.database, tmp_path / "all.pilotage")
    assert places(there) == {**{place: count for place, count in before.items() if place != "moving"}, "ready": 1}
    assert holds(there.inner.database)
    acted = len(there.carrier.acted)  # type: ignore[attr-defined]

    there.settle()
    assert case(there, "moves").place is Place.DONE
    case(there, "asks").decision.settle(Fragile.NO, by=clerk, reason="I looked.")
    case(there, "dear").decision.approve(by=lead, reason="It is worth it.")
    there.replace("priced", lambda parcels: [Offer(price=abs(parcel.value)) for parcel in parcels])
    replay(there.inner.database, [number(case(there, "dead"))], first=None, from_start=False, by="me", reason="Mended.")
    there.clock.forward("3h")
    there.settle()
    for key in ("asks", "dead", "waits"):
        assert case(there, key).place is Place.DONE, key
    again = submit(there, id="done", kind="letter", items=[{"name": "card", "grams": 20}])
    there.settle()
    assert again.id == case(here, "done").id
    assert len(there.carrier.acted) - acted == 5  # type: ignore[attr-defined]
    assert holds(there.inner.database)


def test_there_and_back_again_is_the_same(two_urls: tuple[str, str], begin: Begin, tmp_path: Path) -> None:
    """What comes out of the second database has the digests of what went in: no row and no value was changed."""
    here = begin(two_urls[0])
    fill(here)
    export(here.inner.database, tmp_path / "first")
    there = Database(two_urls[1])
    take(there, tmp_path / "first")
    export(there, tmp_path / "second")
    there.close()
    parts = [manifest(tmp_path / name)["parts"] for name in ("first", "second")]
    assert parts[0] == parts[1]


def manifest(file: Path) -> dict[str, Any]:
    """What an export says of itself."""
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("manifest.json"))


def test_a_worker_that_lives_is_in_the_way(source: Platform, tmp_path: Path) -> None:
    """The refusal names the process and says how it is ended; afterwards it goes."""
    lives = Lives(source.inner.database)
    executor = lives.begin("worker", ["parcels@dev"])
    with pytest.raises(WorkersLive, match=executor) as refused:
        export(source.inner.database, tmp_path / "file")
    assert "Ctrl-C" in refused.value.remedy
    assert not (tmp_path / "file").exists()
    lives.end()
    source.clock.forward("1m")
    export(source.inner.database, tmp_path / "file")


def test_a_worker_that_begins_meanwhile_spoils_the_file(source: Platform, tmp_path: Path) -> None:
    """What it does would be missing in the file, so there is none."""

    def begin(*_: object) -> None:
        Lives(source.inner.database).begin("worker", [])

    with pytest.raises(WorkersLive):
        carrying.export(
            source.inner.database,
            tmp_path / "file",
            environment="test",
            folder=tmp_path,
            contents=Contents(tmp_path),
            version="1",
            seen=begin,
        )
    assert list(tmp_path.glob("*file*")) == []


def test_an_effect_on_its_way_is_in_the_way(source: Platform, tmp_path: Path) -> None:
    """Nobody knows what became of it: the refusal names it, and the case."""
    with source.inner.database.transaction() as tx:
        some = tx.execute(sa.select(effects.c.id).limit(1)).scalar_one()
        tx.execute(effects.update().where(effects.c.id == some).values(state="sending", sender="gone", send_by=1))
    with pytest.raises(EffectsOnTheirWay, match=r"E-\w+ \(travel of done"):
        export(source.inner.database, tmp_path / "file")


def test_a_database_that_has_something_is_not_touched(source: Platform, tmp_path: Path, begin: Begin) -> None:
    """Neither two platforms in one database nor one twice."""
    export(source.inner.database, tmp_path / "file")
    other = begin(f"sqlite:///{tmp_path / 'other.sqlite'}")
    submit(other, id="mine", kind="letter")
    before = places(other)
    with pytest.raises(DatabaseNotEmpty, match="not empty"):
        take(other.inner.database, tmp_path / "file")
    assert places(other) == before


def test_a_file_is_not_written_over(source: Platform, tmp_path: Path) -> None:
    """What is there stays."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileIsThere):
        export(source.inner.database, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_another_environment_is_refused(source: Platform, tmp_path: Path, target: Callable[[], Database]) -> None:
    """Its effects would have other keys, and be done again."""
    export(source.inner.database, tmp_path / "file")
    with pytest.raises(OtherEnvironment, match='"test"'):
        take(target(), tmp_path / "file", environment="live")


def test_another_revision_is_refused(source: Platform, tmp_path: Path, target: Callable[[], Database]) -> None:
    """The refusal says which version takes it."""
    export(source.inner.database, tmp_path / "file")
    rewrite(tmp_path / "file", "manifest.json", lambda text: text.replace(b'"revision": "', b'"revision": "9'))
    with pytest.raises(OtherRevision, match="Pilotage 1") as refused:
        take(target(), tmp_path / "file")
    assert "version that wrote it" in refused.value.remedy
    assert nothing_in(target())


def rewrite(file: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Change a part of an export, and make a sound zip of it."""
    old = file.with_suffix(".old")
    shutil.move(file, old)
    with zipfile.ZipFile(old) as given, zipfile.ZipFile(file, "w") as made:
        for name in given.namelist():
            content = given.read(name)
            made.writestr(name, change(content) if name == part else content)


def nothing_in(database: Database) -> bool:
    """Whether the database is as empty as it was."""
    with database.snapshot() as tx:
        return not any(
            tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one() for table in carrying.carried()
        )


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text.replace(b"letters", b"lettres").replace(b'"done"', b'"gone"'), id="a value"),
        pytest.param(lambda text: text.split(b"\n", 1)[1], id="a row is missing"),
        pytest.param(lambda text: text + text.split(b"\n", 1)[0] + b"\n", id="a row is there twice"),
        pytest.param(lambda text: b"", id="all rows are missing"),
        pytest.param(lambda text: b"[1]\n" + text, id="a row is none"),
    ],
)
def test_an_altered_file_leaves_nothing(
    source: Platform, tmp_path: Path, target: Callable[[], Database], change: Callable[[bytes], bytes]
) -> None:
    """Whatever was changed in a table, the import is refused and the database is as empty as before."""
    export(source.inner.database, tmp_path / "file")
    rewrite(tmp_path / "file", "tables/cases.jsonl", change)
    with pytest.raises((NotAsWritten, CannotBeTaken)):
        take(target(), tmp_path / "file")
    assert nothing_in(target())


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_leaves_nothing(
    source: Platform, tmp_path: Path, target: Callable[[], Database], part: float
) -> None:
    """Wherever it ends."""
    file = tmp_path / "file"
    export(source.inner.database, file)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(NotAsWritten):
        take(target(), file)
    assert nothing_in(target())


def test_a_byte_that_turned_leaves_nothing(source: Platform, tmp_path: Path, target: Callable[[], Database]) -> None:
    """A disk that forgets is found out wherever it does, or what came in is what went out."""
    file = tmp_path / "file"
    export(source.inner.database, file)
    content = file.read_bytes()
    for place in range(40, len(content), len(content) // 40):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        try:
            take(target(), file)
        except (NotAsWritten, OtherRevision, OtherEnvironment, CannotBeTaken):
            assert nothing_in(target())
        else:  # a date or a flag of the zip, which says nothing about the content
            assert holds(target())
            with target().transaction() as tx:
                for table in carrying.carried():
                    tx.execute(table.delete())


def test_postgres_is_told_of_a_sign_that_it_does_not_take(source: Platform, tmp_path: Path, database_url: str) -> None:
    """NUL in a text: the row is named and nothing is written; SQLite takes it."""
    with source.inner.database.transaction() as tx:
        tx.execute(cases.update().where(cases.c.key == "dead").values(reason="a\0b"))
    export(source.inner.database, tmp_path / "file")
    database = Database(database_url)
    prepare(database)
    if database.dialect == "postgresql":
        with pytest.raises(CannotBeTaken, match="of cases has a text with the sign NUL"):
            take(database, tmp_path / "file")
        assert nothing_in(database)
    else:
        take(database, tmp_path / "file")
        with database.snapshot() as tx:
            assert looking.cases_by_key(tx, "dead")[0].reason == "a\0b"
    database.close()


def test_artefacts_go_along(source: Platform, tmp_path: Path, target: Callable[[], Database]) -> None:
    """The releases' files are where they are looked for; one that is not there is named."""
    (tmp_path / "here" / "releases").mkdir(parents=True)
    (tmp_path / "here" / "releases" / "abc.zip").write_bytes(b"frozen")
    with source.inner.database.transaction() as tx:
        for name, digest in (("r1", "abc"), ("r2", "def")):
            tx.execute(sa.text(_RELEASE), {"name": name, "digest": digest})
    done = export(source.inner.database, tmp_path / "file", tmp_path / "here")
    assert done.missing == ["r2"]
    take(target(), tmp_path / "file", tmp_path / "there")
    assert (tmp_path / "there" / "releases" / "abc.zip").read_bytes() == b"frozen"
    assert [one.name for one in (tmp_path / "there" / "releases").iterdir()] == ["abc.zip"]


_RELEASE = (
    "INSERT INTO releases (name, digest, automations, made_at, made_by, known, note, artefact, python, state, "
    "current_since) VALUES (:name, :digest, '[]', 0, 'me', '', '', '', '3', 'retired', 0)"
)


@pytest.mark.parametrize("table", carrying.carried(), ids=lambda table: table.name)
def test_every_kind_of_column_can_be_carried(table: sa.Table) -> None:
    """A row comes back from plain data as it was; a new type of column is taught to carry first."""
    known = {sa.BigInteger: 1 << 60, sa.Integer: 7, sa.Text: "é\n", sa.Boolean: True, sa.LargeBinary: b"\0\xff"}
    row = {
        column.name: next(value for kind, value in known.items() if isinstance(column.type, kind))
        for column in table.columns
    }
    plain = json.loads(json.dumps(to_plain(table, row)))
    assert in_order(table, [plain[name] for name in names_of(table)]) == row

"""Large contents go where the database goes, and what is erased goes from them, too."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.correcting import discard, original_of
from pilotage.cases.service.proving import prove
from pilotage.cases.store import looking
from pilotage.machinery.contents import store
from pilotage.machinery.contents.errors import ContentMissing
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.contents.keeping import ERASED, soundness
from pilotage.machinery.storage.database import Database
from pilotage.migrations import carrying, prepare
from pilotage.operations import erasing
from pilotage.testing import Platform
from tests.migrations.conftest import Begin
from tests.migrations.places import submit
from tests.migrations.test_backing import back_up, restore

LONG = "glass " * 20_000
"""More than a row should hold."""


@pytest.fixture
def platform(database_url: str, begin: Begin) -> Platform:
    """A parcel is done; a second one of its key is far too long, and waits in quarantine."""
    made = begin(database_url)
    submit(made, id="hers", kind="letter")
    made.settle()
    take_long(made)
    return made


def take_long(platform: Platform) -> None:
    """A record of 120 kilobytes whose key came before with other content, with its bytes."""
    automation = platform.parcels  # type: ignore[attr-defined]
    fields = {"id": "hers", "kind": "letter", "text": LONG}
    arrival = Arrival(fields=fields, original=json.dumps(fields).encode())
    intake = platform.inner.intake
    receipt = intake.take(automation, intake.begin(automation, "test"), [arrival])
    assert receipt.quarantined == 1


def record(platform: Platform, database: Database | None = None) -> looking.QuarantinedWhole:
    """What waits in quarantine."""
    with (database or platform.inner.database).snapshot() as tx:
        (row,) = looking.quarantined_of(tx)
        found = looking.quarantined(tx, row.id)
    assert found is not None
    return found


def test_a_long_original_is_a_file(platform: Platform) -> None:
    """Its row holds none of it, and whoever asks gets every byte."""
    found = record(platform)
    assert found.original == b""
    with platform.inner.database.snapshot() as tx:
        assert json.loads(original_of(platform.inner.contents, tx, found))["text"] == LONG


def test_a_content_goes_along_with_an_export(platform: Platform, begin: Begin, tmp_path: Path) -> None:
    """On the other side the original is there, and doctor's look at the file store finds nothing."""
    there, database = Contents(tmp_path / "there"), platform.inner.database
    carrying.export(
        database,
        tmp_path / "all",
        environment="test",
        folder=tmp_path,
        contents=platform.inner.contents,
        version="1",
        seen=lambda *_: None,
    )
    new = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    prepare(new)
    carrying.take(new, tmp_path / "all", environment="test", folder=tmp_path, contents=there, seen=lambda *_: None)
    with new.snapshot() as tx:
        assert LONG.encode() in original_of(there, tx, record(platform, new))
    assert prove(new, [soundness(there)]).holds
    new.close()


def test_a_missing_content_breaks_the_proof(platform: Platform) -> None:
    """Somebody deletes the file: doctor names it, and showing the record says so."""
    (file,) = [one for one in platform.inner.contents.folder.rglob("*") if one.is_file()]
    file.unlink()
    proof = prove(platform.inner.database, [soundness(platform.inner.contents)])
    assert [(one.name, file.name in one.rows[0]) for one in proof.broken] == [
        ("every content that is referred to is there and has its digest", True)
    ]
    with platform.inner.database.snapshot() as tx, pytest.raises(ContentMissing):
        original_of(platform.inner.contents, tx, record(platform))


def test_what_is_erased_goes_from_the_disk(platform: Platform) -> None:
    """The file goes with the record, and nothing refers to it any more."""
    found = record(platform)
    discard(platform.inner.database, [found.id], by="me", reason="It came twice.")
    platform.clock.forward(timedelta(seconds=ERASED + 1))
    done = erasing.erase(
        platform.inner.database,
        "parcels",
        "hers",
        archives=(),
        contents=platform.inner.contents,
        by="me",
        reason="asked for",
    )
    assert (done.contents, done.contents_left) == (1, 0)
    assert [one for one in platform.inner.contents.folder.rglob("*") if one.is_file()] == []
    with platform.inner.database.snapshot() as tx:
        assert list(store.every(tx)) == []


def test_a_backup_has_the_contents(begin: Begin, tmp_path: Path) -> None:
    """What is restored has the original again, though the folder of contents was lost with the disk."""
    source = begin(f"sqlite:///{tmp_path / 'source.sqlite'}")
    submit(source, id="hers", kind="letter")
    take_long(source)
    kept = source.inner.contents
    file = tmp_path / "backup"
    assert back_up(source.inner.database, file, contents=kept).missing_contents == 0
    assert restore(tmp_path / "new.sqlite", file).holds
    restored = Contents(tmp_path / "restored" / "contents")
    new = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    with new.snapshot() as tx:
        assert LONG.encode() in original_of(restored, tx, record(source, new))
    new.close()

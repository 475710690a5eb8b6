"""What is personal of one record goes, everywhere; sums, digests and outcomes stay."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.cases.errors import NoSuchCase
from pilotage.cases.service.correcting import discard
from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.finding import find
from pilotage.cases.service.proving import prove
from pilotage.cases.store import tallying
from pilotage.cases.tables import effects, quarantine
from pilotage.inbox import store as inbox_store
from pilotage.migrations import carrying
from pilotage.operations import archiving, erasing
from pilotage.operations.erasing import Erased
from pilotage.operations.errors import ArchiveAltered, ArchiveNeeded, NotSettled
from pilotage.testing import Place, Platform
from tests.cases.parcels import Fragile, clerk
from tests.migrations.conftest import Begin
from tests.migrations.places import case, number, places, submit

SECRET = "Zauberwort"
"""Stands in the record, in an item, and in what people said about it."""
PARCEL = {
    "id": "hers",
    "kind": "letter",
    "text": f"is {SECRET} glass?",
    "items": [{"name": f"{SECRET} card", "grams": 20}],
}


@pytest.fixture
def platform(database_url: str, begin: Begin) -> Iterator[Platform]:
    """Her parcel was decided by a person, sent, and came once more with other content; so was another one."""
    made = begin(database_url)
    submit(made, **PARCEL)
    submit(made, id="other", kind="letter", text="please leave it alone")
    made.settle()
    case(made, "hers").decision.settle(Fragile.NO, by=clerk, reason=f"{SECRET} is of paper.")
    made.settle()
    submit(made, **{**PARCEL, "text": f"{SECRET} again"})
    assert case(made, "hers").place is Place.DONE
    yield made
    assert prove(made.inner.database, [inbox_store.doubles]).holds


def settle_quarantine(platform: Platform) -> None:
    """Somebody discards what waits in quarantine."""
    with platform.inner.database.snapshot() as tx:
        waiting = list(tx.execute(sa.select(quarantine.c.id).where(quarantine.c.state == "waiting")).scalars())
    discard(platform.inner.database, waiting, by="me", reason=f"{SECRET} came twice.")


def erase(platform: Platform, key: str = "hers", archives: tuple[Path, ...] = ()) -> Erased:
    """Erase a record."""
    return erasing.erase(
        platform.inner.database,
        "parcels",
        key,
        archives=archives,
        contents=platform.inner.contents,
        by="me",
        reason="She asked for it.",
    )


def archive(platform: Platform, file: Path) -> None:
    """Everything that has ended goes into the file."""
    platform.clock.forward("30d")
    archiving.archive(
        platform.inner.database, file, older_than=1, automation=None, environment="test", by="me", seen=lambda _: None
    )


def stays_anywhere(platform: Platform) -> list[str]:
    """The tables in which the word still stands."""
    with platform.inner.database.snapshot() as tx:
        return [
            table.name
            for table in carrying.carried()
            if SECRET.encode().hex() in "".join(_hex(value) for row in tx.execute(sa.select(table)) for value in row)
        ]


def _hex(value: object) -> str:
    return (value if isinstance(value, bytes) else str(value).encode()).hex() + " "


def test_nothing_personal_stays(platform: Platform, tmp_path: Path) -> None:
    """Neither in a table nor, on SQLite, in a page of the file that nobody uses any more; the other record is whole."""
    settle_quarantine(platform)
    before, was = places(platform), find(platform.inner.database, "hers").row
    done = erase(platform)
    assert (len(done.cases), done.quarantined) == (2, 1)
    assert stays_anywhere(platform) == []
    assert places(platform) == before
    now = find(platform.inner.database, "hers")
    assert (now.row.key, now.row.place, now.record) == (was.key, "done", None)
    assert [one.state for one in now.effects] == ["confirmed"]
    assert find(platform.inner.database, "other").record is not None
    assert "me had erased what is personal of it. She asked for it." in case(platform, "hers").timeline
    for file in tmp_path.glob("pilotage.sqlite*"):
        assert SECRET.encode() not in file.read_bytes(), file


def test_it_stays_known_and_is_erased_once_more(platform: Platform) -> None:
    """The same record is a duplicate; to erase it again does no harm."""
    settle_quarantine(platform)
    erase(platform)
    erase(platform)
    acted = len(platform.carrier.acted)  # type: ignore[attr-defined]
    submit(platform, **PARCEL)
    platform.settle()
    assert len(platform.carrier.acted) == acted  # type: ignore[attr-defined]
    assert stays_anywhere(platform) == []


def test_what_is_not_settled_is_not_erased(platform: Platform) -> None:
    """A record that waits in quarantine, a case that is open, an effect that is unknown: each with what to do first."""
    with pytest.raises(NotSettled, match="quarantine discard Q-"):
        erase(platform)
    settle_quarantine(platform)
    submit(platform, id="open", kind="letter", text=f"is {SECRET} glass?")
    platform.settle()
    with pytest.raises(NotSettled, match="pilotage withdraw C-"):
        erase(platform, "open")
    withdraw(platform.inner.database, platform.inner.inbox, [number(case(platform, "open"))], by="me", reason="Ask.")
    erase(platform, "open")
    with platform.inner.database.transaction() as tx:
        tx.execute(effects.update().values(state="unknown"))
    with pytest.raises(NotSettled, match="unknown"):
        erase(platform)
    with platform.inner.database.transaction() as tx:
        tx.execute(effects.update().values(state="confirmed"))
        tallying.count_anew(tx)
    with pytest.raises(NoSuchCase):
        erase(platform, "nobody")
    assert "case_content" in stays_anywhere(platform)


def test_an_archived_record_is_erased_in_its_file(platform: Platform, tmp_path: Path) -> None:
    """The file is named where it is not given; it is written anew, still goes back, and only she is gone."""
    settle_quarantine(platform)
    before = places(platform)
    file, elsewhere = tmp_path / "archive.gz", tmp_path / "moved.gz"
    archive(platform, file)
    file.rename(elsewhere)
    with pytest.raises(ArchiveNeeded, match=r"archive\.gz"):
        erase(platform)
    done = erase(platform, archives=(elsewhere,))
    assert (len(done.cases), done.archive) == (2, elsewhere)
    assert SECRET not in gzip.decompress(elsewhere.read_bytes()).decode()
    assert stays_anywhere(platform) == []
    archiving.restore(platform.inner.database, elsewhere, by="me", seen=lambda _: None)
    assert places(platform) == before
    assert find(platform.inner.database, "hers").record is None
    assert find(platform.inner.database, "other").record is not None
    assert "me had erased what is personal of it. She asked for it." in case(platform, "hers").timeline


def test_a_shorter_archive_is_not_blessed(platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that lost a whole batch, each of the others being sound, is refused and stays as it is."""
    settle_quarantine(platform)
    monkeypatch.setattr(archiving, "BATCH", 1)
    archive(platform, tmp_path / "file")
    from pilotage.operations import archive_file

    ends = [member.end for member in archive_file.read(tmp_path / "file")]
    short = (tmp_path / "file").read_bytes()[: ends[-2]]
    (tmp_path / "file").write_bytes(short)
    with pytest.raises(ArchiveAltered, match="should have"):
        erase(platform, archives=(tmp_path / "file",))
    assert (tmp_path / "file").read_bytes() == short

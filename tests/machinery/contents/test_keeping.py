"""References keep contents: what nobody refers to goes after a grace, and nothing else does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pilotage.kernel.clock import ManualClock
from pilotage.machinery.contents import store
from pilotage.machinery.contents.files import PREFIXES, Contents
from pilotage.machinery.contents.keeping import EVERY, Sweeping, remove_unneeded, soundness
from pilotage.machinery.contents.store import Reference
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands still."""
    return ManualClock(NOON)


@pytest.fixture
def database(database_url: str, clock: ManualClock) -> Iterator[Database]:
    """A database with the tables."""
    made = Database(database_url, clock=clock)
    prepare(made)
    yield made
    made.close()


@pytest.fixture
def contents(tmp_path: Path, clock: ManualClock) -> Contents:
    """An empty store."""
    return Contents(tmp_path / "contents", clock=clock)


def refer(database: Database, digest: str, owner_id: int = 1, *, owner: str = "case", lasts: int | None = None) -> None:
    """Somebody needs it."""
    with database.transaction() as tx:
        now = database.now(tx)
        expires = None if lasts is None else now + lasts * 1_000_000
        store.refer(
            tx, [Reference(owner=owner, owner_id=owner_id, digest=digest, size=1, at=now, expires_at=expires)] * 2
        )


def sweep_all(database: Database, contents: Contents, clock: ManualClock) -> int:
    """A whole round of the chore."""
    sweeping = Sweeping(database=database, contents=contents, clock=clock)
    removed = 0
    for _ in PREFIXES:
        removed += sweeping.sweep()
        removed += sweeping.sweep()  # it is not time yet
        clock.forward(timedelta(seconds=EVERY))
    return removed


def test_what_nobody_needs_is_swept(database: Database, contents: Contents, clock: ManualClock) -> None:
    """One round over all folders removes a content without a reference, and leaves the one that has one."""
    needed, lost = contents.put(b"needed"), contents.put(b"lost")
    refer(database, needed)
    assert sweep_all(database, contents, clock) in {0, 1}  # its grace ends in the middle of this round
    sweep_all(database, contents, clock)
    assert contents.has(needed)
    assert not contents.has(lost)


def test_a_reference_ends_with_its_time(database: Database, contents: Contents, clock: ManualClock) -> None:
    """A raw answer that is kept for a minute goes with the sweep after it."""
    digest = contents.put(b"an answer")
    refer(database, digest, owner="response", lasts=60)
    sweep_all(database, contents, clock)
    sweep_all(database, contents, clock)
    assert not contents.has(digest)
    with database.snapshot() as tx:
        assert store.owners(tx, digest) == []


def test_who_shares_a_content_keeps_it(database: Database, contents: Contents, clock: ManualClock) -> None:
    """Of two owners one leaves: the content stays until the other one leaves, too."""
    digest = contents.put(b"shared")
    refer(database, digest, 1)
    refer(database, digest, 2)
    clock.forward(timedelta(hours=1))
    for number, gone in ((1, 0), (2, 1)):
        with database.transaction() as tx:
            assert store.release(tx, "case", [number]) == {digest}
        assert remove_unneeded(database, contents, {digest}, older_than=300) == gone


def test_doctor_sees_what_is_missing_and_what_is_altered(database: Database, contents: Contents) -> None:
    """Each content that is referred to is read; a sound one is not named."""
    sound, missing, altered = contents.put(b"sound"), contents.put(b"missing"), contents.put(b"altered")
    for digest in (sound, missing, altered):
        refer(database, digest)
    (contents.folder / missing[:2] / missing).unlink()
    (contents.folder / altered[:2] / altered).write_bytes(b"other")
    with database.snapshot() as tx:
        (found,) = soundness(contents)(tx).values()
    assert {(row[0], row[2]) for row in found} == {(missing, "missing"), (altered, "altered")}

"""What people do with cases and records stands in the audit trail, committed with the act; no key, reason or value does."""

from pathlib import Path

import pytest

from pilotage.audit import store as audit_store
from pilotage.audit.values import Entry
from pilotage.cases.errors import CaseHasEnded
from pilotage.cases.service.correcting import discard, release
from pilotage.cases.service.ending import withdraw
from pilotage.cases.service.recounting import recount
from pilotage.cases.service.replaying import replay
from pilotage.cases.store import looking
from pilotage.testing import Platform
from tests.migrations.conftest import Begin
from tests.migrations.places import case, fill, number, submit
from tests.migrations.test_archiving import archive, restore
from tests.migrations.test_erasing import erase

WHY = "because hers is of glass"


def acts(platform: Platform) -> list[Entry]:
    """The trail, oldest first."""
    with platform.inner.database.snapshot() as tx:
        return audit_store.find(tx, kind=None, subject=None, since=None, most=1000)[::-1]


@pytest.mark.slow
def test_each_act_of_a_person_is_recounted_with_ids_alone(database_url: str, begin: Begin, tmp_path: Path) -> None:
    """Withdraw, replay, discard, release, archive, restore and erase, each as a sentence; who, and how that is known."""
    platform = begin(database_url)
    fill(platform)
    submit(platform, id="gone", kind="letter", text="is it glass?")
    submit(platform, id="", kind="letter", text="of glass too")
    platform.settle()
    database, gone, dead = platform.inner.database, number(case(platform, "gone")), number(case(platform, "dead"))
    withdraw(database, platform.inner.inbox, [gone], by="me", reason=WHY)
    with pytest.raises(CaseHasEnded):
        withdraw(database, platform.inner.inbox, [gone], by="me", reason=WHY)
    replay(database, [dead], first=None, from_start=False, by="me", reason=WHY)
    with database.snapshot() as tx:
        waiting = [row.id for row in looking.quarantined_of(tx, automation="parcels", most=10)]
    parcels = platform.inner.automation("parcels")
    fixed = {"id": "let-in", "kind": "letter", "text": "x", "items": []}
    release(database, platform.inner.intake, parcels, waiting[0], fixed, by="me", reason=WHY, known="proved")
    discard(database, waiting, by="me", reason=WHY)
    platform.settle()
    platform.clock.forward("30d")
    archive(platform, tmp_path / "file")
    restore(platform, tmp_path / "file")
    erase(platform, "gone")
    found = acts(platform)
    kinds = [one.kind for one in found]
    assert kinds == [
        "case.withdrawn",
        "case.replayed",
        "quarantine.released",
        "quarantine.discarded",
        "archive.begun",
        "archive.written",
        "archive.restored",
        "case.erased",
    ]
    assert [one.known for one in found].count("proved") == 1
    assert found[0].said == f"{case(platform, 'gone').id} was withdrawn"
    assert "was let in as C-" in found[2].said
    assert all(one.known == "a name that was given, not verified" for one in found if one.known != "proved")
    for word in (WHY, '"gone"', "let-in", "glass"):
        assert word not in repr(found)


def test_very_many_at_once_are_one_row(database_url: str, begin: Begin) -> None:
    """It counts them and says from which to which; each has its own timeline."""
    platform = begin(database_url)
    with platform.inner.database.transaction() as tx:
        recount(tx, 1, range(1, 102), letter="C", kind="case.replayed", said="runs again", by="me", known="test")
    (found,) = acts(platform)
    assert (found.subject, found.said) == ("cases", "each of 101 cases from C-1 to C-35 runs again")

"""What was handed over is archived, carried and erased like everything else, and the sums hold on both sides."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.cases.service.finding import find
from pilotage.cases.service.proving import prove
from pilotage.cases.store import handing, looking
from pilotage.inbox import store as inbox_store
from pilotage.kernel.ids import shown
from pilotage.machinery.storage.database import Database
from pilotage.migrations import carrying
from pilotage.operations import archiving, erasing
from pilotage.testing import Platform
from tests.cases.pipeline import Raw, ingest, route, scoring
from tests.migrations.test_archiving import everything

DAY = 86_400.0
LEADS = [
    Raw(id="a", email="a@x.org", balance=5),
    Raw(id="debts", email="d@x.org", balance=-5000),
    Raw(id="twice", email="t@x.org", balance=5),
]


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """Leads that were taken, that scoring had already, and that came to its quarantine; thirty days ago."""
    made = Platform(ingest, scoring(), route, now="2026-03-02T09:00+00:00", database_url=database_url)
    with made:
        made.submit(scoring(), {"id": "twice", "email": "t@x.org", "balance": 5})
        for lead in LEADS:
            made.submit(ingest, lead)
        made.settle()
        made.clock.forward("30d")
        yield made
        assert holds(made.inner.database)


def holds(database: Database) -> bool:
    """What doctor says."""
    return prove(database, [inbox_store.doubles]).holds


def archive(platform: Platform, file: Path, automation: str | None) -> int:
    """Archive what ended a week ago; how many cases."""
    done = archiving.archive(
        platform.inner.database,
        file,
        older_than=7 * DAY,
        automation=automation,
        environment="test",
        by="me",
        seen=lambda _: None,
    )
    assert done is not None
    assert holds(platform.inner.database)
    return done.cases


def _silent(name: str, done: int, total: int) -> None:
    """Nobody watches."""


@pytest.mark.parametrize("automation", ["ingest", "score", None])
def test_either_side_may_be_archived_and_come_back(platform: Platform, tmp_path: Path, automation: str | None) -> None:
    """Whichever side goes into a file, the sums count what it handed over or took; back again, every row is as it was."""
    database = platform.inner.database
    before = everything(database)
    with database.snapshot() as tx:
        tally = looking.tally(tx)
    assert archive(platform, tmp_path / "file", automation) == {"ingest": 3, "score": 2, None: 5}[automation]
    with database.snapshot() as tx:
        after = looking.tally(tx)
    assert (after.taken_over, after.had_already, after.not_fitting) == (3, 1, 1)
    assert (tally.taken_over, tally.had_already, tally.not_fitting) == (3, 1, 1)
    archiving.restore(database, tmp_path / "file", by="me", seen=lambda _: None)
    assert everything(database) == before


def test_a_platform_is_carried_with_what_waits_to_be_handed_over(database_url: str, tmp_path: Path) -> None:
    """What waits in front of a taker goes on in the other database."""
    with Platform(ingest, now="2026-03-02T09:00+00:00", database_url=database_url) as platform:
        platform.submit(ingest, LEADS[0])
        platform.settle()
        carrying.export(
            platform.inner.database,
            tmp_path / "file",
            environment="test",
            folder=tmp_path,
            version="1",
            seen=_silent,
            contents=platform.inner.contents,
        )
    target = f"sqlite:///{tmp_path / 'other.db'}"
    with Platform(scoring(), now="2026-03-02T09:00+00:00", database_url=target) as other:
        carrying.take(
            other.inner.database,
            tmp_path / "file",
            environment="test",
            folder=tmp_path,
            seen=_silent,
            contents=other.inner.contents,
        )
        assert holds(other.inner.database)
        other.settle()
        with other.inner.database.snapshot() as tx:
            assert handing.states(tx)["taken"] == 1


def test_erasing_leaves_the_link_and_nothing_personal(platform: Platform) -> None:
    """The words say where it went, and whoever erases is told; what was in it is gone."""
    database = platform.inner.database
    done = erasing.erase(
        database, "ingest", "a", archives=(), contents=platform.inner.contents, by="me", reason="asked"
    )
    score = find(database, "a", "score")
    assert done.elsewhere == [("score", score.row.id)]
    told = find(database, "a", "ingest")
    assert "a@x.org" not in str(told)
    stories = [list(event) for entry in told.timeline for event in entry.story]
    assert ["handed over", "hand-over-to-score", "score", shown("C", score.row.id), "taken", None] in stories
    both = erasing.erase(database, "score", "a", archives=(), contents=platform.inner.contents, by="me", reason="asked")
    assert {name for name, _ in both.elsewhere} == {"route", "ingest"}

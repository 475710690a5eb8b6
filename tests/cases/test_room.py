"""Room for more: intake pauses at its bound, remembers where, and goes on when there is room; nothing is dropped."""

import copy
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import pilotage as pl
from pilotage.app import Platform, Project
from pilotage.authoring.findings import DefinitionError
from pilotage.cases.errors import IntakePaused
from pilotage.cases.service.intake import BLOCK
from pilotage.cases.service.proving import prove
from pilotage.cases.service.settling import wait_until_still
from pilotage.cases.service.submitting import submit_file
from pilotage.kernel.errors import ProjectMissing
from pilotage.project import read_project
from tests.cases.test_submitting import Order, Priced, lead, priced, write

BOUND = 2 * BLOCK
ROWS = 5 * BLOCK
narrow = pl.Automation(
    "narrow",
    purpose="Every order has its price.",
    takes=Order,
    gives=Priced,
    key=lambda order: order.id,
    owner=lead,
    process=pl.Path(priced),
    open_at_most=BOUND,
)
Opened = Callable[..., AbstractContextManager[Platform]]


@pytest.fixture
def opened(tmp_path: Path, database_url: str) -> Opened:
    """Opens a platform with the narrow automation, as its project says."""

    @contextmanager
    def make(**said: object) -> Iterator[Platform]:
        project = Project(root=tmp_path, environment="dev", database_url=database_url, automations=())
        platform = Platform(replace(project, **said), [narrow])  # type: ignore[arg-type]
        try:
            yield platform
        finally:
            platform.close()

    return make


def test_a_small_bound_makes_small_blocks(opened: Opened, tmp_path: Path) -> None:
    """With room for 30 no more than twice as many are ever open, however long the file is."""
    small = copy.copy(narrow)
    small.open_at_most = 30
    with opened() as platform, pytest.raises(IntakePaused, match="30 of its cases are open, and at most 30 may be"):
        submit_file(platform.intake, small, write(tmp_path, 100))


def test_a_file_pauses_at_the_bound_and_goes_on_where_it_stopped(opened: Opened, tmp_path: Path) -> None:
    """What was read stays, the error says why and what to do, and the same command takes the rest when there is room."""
    file = write(tmp_path, ROWS)
    with opened() as platform:
        with pytest.raises(IntakePaused, match="2,000 of its cases are open, and at most 2,000 may be") as error:
            submit_file(platform.intake, narrow, file)
        assert error.value.retryable
        with platform.working():
            wait_until_still(platform.database, platform.served.pairs)
    with opened() as platform, platform.working():
        waits: list[str] = []

        def paused(full: IntakePaused) -> bool:
            waits.append(full.what)
            return True

        done = submit_file(platform.intake, narrow, file, paused=paused)
        assert done.resumed_at > 0
        assert done.receipt.arrived == ROWS - BOUND
        wait_until_still(platform.database, platform.served.pairs)
    with opened() as platform:
        proof = prove(platform.database)
        assert proof.holds
        assert submit_file(platform.intake, narrow, file, anew=True).receipt.duplicates == ROWS


def test_waiting_for_room_ends_when_nobody_makes_any(opened: Opened, tmp_path: Path) -> None:
    """The one who is told that intake pauses decides whether reading waits."""
    asked: list[IntakePaused] = []

    def paused(full: IntakePaused) -> bool:
        asked.append(full)
        return len(asked) < 2

    with opened() as platform, pytest.raises(IntakePaused):
        submit_file(platform.intake, narrow, write(tmp_path, ROWS), paused=paused)
    assert len(asked) == 2


def test_what_has_ended_takes_no_room(opened: Opened, tmp_path: Path) -> None:
    """The count is of cases that have not come to an end."""
    with opened() as platform:
        submit_file(platform.intake, narrow, write(tmp_path, BLOCK))
        with platform.database.snapshot() as tx:
            assert platform.intake.room._count(tx, narrow) == BLOCK
        with platform.working():
            wait_until_still(platform.database, platform.served.pairs)
        platform.intake.room._counts.clear()
        with platform.database.snapshot() as tx:
            assert platform.intake.room._count(tx, narrow) == 0


def test_intake_pauses_when_the_disk_is_full(opened: Opened, tmp_path: Path, database_url: str) -> None:
    """On the disk of the database's file, at the share that the project says; another machine's disk is not ours."""
    file = write(tmp_path, 3)
    with opened(disk_share=0.000001) as platform:
        if database_url.startswith("sqlite"):
            with pytest.raises(IntakePaused, match=r"the disk is .* full"):
                submit_file(platform.intake, narrow, file)
        else:
            assert submit_file(platform.intake, narrow, file).receipt.accepted == 3


def test_bounds_that_are_none_are_refused(tmp_path: Path) -> None:
    """An automation that may have no open case, and a share of a disk that is no share."""
    with pytest.raises(DefinitionError, match="open_at_most"):
        pl.Automation(
            "none",
            purpose="Nothing.",
            takes=Order,
            gives=Order,
            key=lambda order: order.id,
            owner=lead,
            process=pl.Path(priced),
            open_at_most=0,
        )
    with pytest.raises(ProjectMissing, match="disk-share"):
        read_project(tmp_path, {"disk-share": 95})
    assert read_project(tmp_path, {"disk-share": 0.5}).disk_share == 0.5


def test_whoever_looks_sees_that_intake_pauses(opened: Opened, tmp_path: Path) -> None:
    """The bound that is reached, and the disk that is full, stand among what needs somebody."""
    with opened() as platform:
        with pytest.raises(IntakePaused):
            submit_file(platform.intake, narrow, write(tmp_path, ROWS))
        assert [need.title for need in platform.needs()] == ["Intake of narrow pauses"]
    with opened(disk_share=0.000001) as platform:
        assert ("Intake pauses" in {need.title for need in platform.needs()}) == (platform.database.folder is not None)

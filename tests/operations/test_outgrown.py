"""A platform that has outgrown SQLite says so, with the figures and the way out."""

import logging

import pytest
from tests.cases import parcels

from pilotage.machinery.engine import store
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.storage.waiting import Waited
from pilotage.testing import Platform

LATE = Waited(writes=400, late=80, longest=4.2)


def test_status_and_today_say_it_with_figures_and_command() -> None:
    """Two processes that wait for one another's writes: a trouble, with the share, the longest wait, and what to type."""
    with Platform(parcels.automation("ask")) as platform:
        inner = platform.inner
        assert inner.needs() == []
        for waited in (LATE, Waited(writes=100)):
            lives = Lives(inner.database)
            me = lives.begin("worker", [])
            with inner.database.transaction() as tx:
                store.beat(tx, me, inner.database.now(tx), waited)
        (need,) = inner.needs()
        assert need.title == "This platform has outgrown SQLite"
        assert "80 of 500 writes (16%)" in need.why
        assert "4.2 s" in need.why
        assert "pilotage import" in need.why
        assert need.command == "pilotage export"
        platform.clock.forward("1m")
        assert inner.needs() == []  # they live no more


def test_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """A process that waits too much warns with its figures when it begins to, and not with every beat."""
    with Platform(parcels.automation("ask")) as platform:
        database = platform.inner.database
        lives = Lives(database)
        lives.begin("worker", [])
        for _ in range(30):
            database.waits.note(1.5, platform.clock.manual.monotonic())
        with caplog.at_level(logging.WARNING, logger="pilotage.engine"):
            lives.beat()
            lives.beat()
    said = [record for record in caplog.records if record.message == "storage.outgrown"]
    assert len(said) == 1
    assert vars(said[0])["do"] == "pilotage export"

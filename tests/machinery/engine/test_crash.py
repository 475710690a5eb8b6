"""Processes that are killed where it hurts most, and those that go on in their place."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.machinery.engine.tables import life

pytestmark = [pytest.mark.crash, pytest.mark.slow]

WORKER = Path(__file__).parent / "worker.py"
BATCHES = (1, 2, 3)
PLACES = ("before the checkpoint", "while saving", "between the commit and the account", "behind the checkpoint")


class Site:
    """A database with three batches, and the processes that work on them."""

    def __init__(self, tables: Any, url: str) -> None:
        self.tables = tables
        self._url = url
        self._processes: list[subprocess.Popen[str]] = []
        with tables.database.transaction() as tx:
            life.create(tx)
            tx.execute(sa.text("CREATE TABLE batch (id BIGINT PRIMARY KEY, ended INTEGER NOT NULL DEFAULT 0)"))
            for batch in BATCHES:
                tx.execute(sa.text("INSERT INTO batch (id) VALUES (:batch)"), {"batch": batch})

    def worker(self, dies: str) -> subprocess.Popen[str]:
        """Start a worker that dies there."""
        process = subprocess.Popen(
            [sys.executable, str(WORKER), self._url, dies],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self._processes.append(process)
        return process

    def dies(self, place: str) -> None:
        """A worker works until it is killed there."""
        self._ends(self.worker(place), -signal.SIGKILL)

    def finishes(self, dies: str = "never") -> None:
        """A worker works until everything has ended."""
        self._ends(self.worker(dies), 0)

    @staticmethod
    def _ends(process: subprocess.Popen[str], code: int) -> None:
        _, told = process.communicate(timeout=60)
        assert process.returncode == code, told

    def saved_once(self) -> bool:
        """Whether each checkpoint of each batch is saved exactly once."""
        return [(batch, number) for batch, number, _ in self.tables.rows()] == [
            (batch, number) for batch in BATCHES for number in range(3)
        ]

    def clear(self) -> None:
        """End what is left."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def site(tables: Any, database_url: str) -> Iterator[Site]:
    """A site that is cleared away."""
    site = Site(tables, database_url)
    yield site
    site.clear()


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_worker_is_taken_over_and_everything_is_saved_once(site: Site, place: str) -> None:
    """Wherever a worker is killed, its rows and the record of them are both there or both not, and the next one goes on."""
    site.dies(place)
    half = [number for batch, number, _ in site.tables.rows() if batch == 2]
    assert half == ([0] if place in PLACES[:2] else [0, 1])
    site.finishes("sweeps only")
    assert site.saved_once()


@pytest.mark.parametrize("place", ["having won", "having put them back"])
def test_who_takes_over_may_be_killed_too(site: Site, place: str) -> None:
    """A worker that dies while it takes over is taken over with what it had taken."""
    site.dies("behind the checkpoint")
    site.dies(place)
    site.finishes("sweeps only")
    assert site.saved_once()


def test_who_was_only_held_up_saves_nothing_more(site: Site, patiently: Callable[[Callable[[], object]], None]) -> None:
    """A process that stood still, was taken for dead and wakes up again finds its batch with another, and saves nothing."""
    held_up = site.worker("paused")
    assert held_up.stdout is not None
    assert held_up.stdout.readline() == "paused\n"
    site.finishes("sweeps only")
    assert site.saved_once()
    before = site.tables.rows()
    held_up.send_signal(signal.SIGCONT)
    _, told = held_up.communicate(timeout=60)
    assert held_up.returncode == 0, told
    assert site.tables.rows() == before
    assert str(held_up.pid) not in {word for batch, number, word in before if (batch, number) == (2, 1)}


def test_two_workers_share_and_save_once(site: Site) -> None:
    """Two workers that start the same batches at the same time run each of them once."""
    first, second = site.worker("never"), site.worker("never")
    for process in (first, second):
        _, told = process.communicate(timeout=60)
        assert process.returncode == 0, told
    assert site.saved_once()

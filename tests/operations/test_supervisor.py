"""The supervisor with real, small processes."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pilotage.operations.supervisor import Supervisor

WORKER = """
import signal, sys
from pathlib import Path
folder, name = Path(sys.argv[1]), sys.argv[2]
def end(number, frame):
    (folder / f"{name}.stopped").touch()
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / f"{name}.started").open("a").write("x")
if name == "dies":
    sys.exit(2)
if name == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    (folder / f"{name}.deaf").touch()
    signal.pause()
sys.stdin.buffer.read()
(folder / f"{name}.orphan").touch()
"""


class Wishes:
    """What is wanted, and what the processes left in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def supervisor(self, patience: float = 10.0) -> Supervisor:
        """A supervisor that looks often."""
        return Supervisor(
            wanted=lambda: list(self.names),
            command=lambda name: [sys.executable, "-c", WORKER, str(self.folder), name],
            look=0.02,
            ask=0.05,
            patience=patience,
        )

    def starts(self, name: str) -> int:
        """How often a process was started."""
        file = self.folder / f"{name}.started"
        return len(file.read_text()) if file.exists() else 0

    def left(self, name: str, what: str) -> bool:
        """Whether a process left a mark."""
        return (self.folder / f"{name}.{what}").exists()


@pytest.fixture
def wishes(tmp_path: Path) -> Wishes:
    """Nothing is wanted yet."""
    return Wishes(tmp_path)


def until(true: Callable[[], object], within: float = 30.0) -> None:
    """Wait until something is true."""
    rest = threading.Event()
    for _ in range(int(within / 0.02)):
        if true():
            return
        rest.wait(0.02)
    raise AssertionError("It did not become true.")


def test_it_starts_what_is_wanted_and_stops_all_at_the_end(wishes: Wishes) -> None:
    """Each wanted release has its process for as long as the block lasts, and each is asked to stop."""
    wishes.names = ["one", "two"]
    with wishes.supervisor() as supervisor:
        until(lambda: wishes.starts("one") and wishes.starts("two"))
        assert set(supervisor.pids()) == {"one", "two"}
    assert wishes.left("one", "stopped")
    assert wishes.left("two", "stopped")
    assert supervisor.pids() == {}


def test_it_follows_what_is_wanted(wishes: Wishes) -> None:
    """A release that becomes wanted gets a process; one that is wanted no more is stopped in order."""
    wishes.names = ["old"]
    with wishes.supervisor() as supervisor:
        until(lambda: wishes.starts("old"))
        wishes.names = ["new"]
        until(lambda: wishes.starts("new") and wishes.left("old", "stopped"))
        assert set(supervisor.pids()) == {"new"}


def test_a_killed_process_comes_back_at_once(wishes: Wishes) -> None:
    """What died of a signal is started again."""
    wishes.names = ["one"]
    with wishes.supervisor() as supervisor:
        until(lambda: wishes.starts("one") == 1)
        os.kill(supervisor.pids()["one"], signal.SIGKILL)
        until(lambda: wishes.starts("one") == 2)


def test_a_process_that_dies_at_its_start_is_not_started_without_end(wishes: Wishes) -> None:
    """It is tried twice and then paused for; the others are not disturbed, and its code is known."""
    wishes.names = ["dies", "one"]
    with wishes.supervisor() as supervisor:
        until(lambda: supervisor.kept()["dies"].failures == 2)
        until(lambda: wishes.starts("one"))
        assert wishes.starts("dies") == 2
        assert supervisor.kept()["dies"].code == 2
        assert supervisor.kept()["one"].failures == 0


def test_a_process_that_does_not_stop_is_killed(wishes: Wishes) -> None:
    """Patience has an end, and nobody is left behind."""
    wishes.names = ["stubborn"]
    with wishes.supervisor(patience=0.2) as supervisor:
        until(lambda: wishes.left("stubborn", "deaf"))
        (pid,) = supervisor.pids().values()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_an_error_of_who_is_asked_stops_nobody(wishes: Wishes, caplog: pytest.LogCaptureFixture) -> None:
    """When the database is away for a while, what runs goes on running."""
    wishes.names = ["one"]
    away = threading.Event()
    supervisor = wishes.supervisor()

    def wanted() -> list[str]:
        if away.is_set():
            raise OSError("the database is away")
        return list(wishes.names)

    supervisor.wanted = wanted
    with supervisor:
        until(lambda: wishes.starts("one"))
        away.set()
        until(lambda: "look_failed" in caplog.text)
        assert set(supervisor.pids()) == {"one"}
        away.clear()
        wishes.names = ["one", "two"]
        until(lambda: wishes.starts("two"))


def test_workers_learn_that_their_supervisor_is_gone(wishes: Wishes) -> None:
    """A worker's standard input ends when its supervisor does, in whatever way: so it can end by itself."""
    wishes.names = ["one"]
    supervisor = wishes.supervisor()
    supervisor.turn(wishes.names)
    until(lambda: wishes.starts("one"))
    process = supervisor._processes["one"]
    assert process.stdin is not None
    process.stdin.close()
    until(lambda: wishes.left("one", "orphan"))
    supervisor.stop()

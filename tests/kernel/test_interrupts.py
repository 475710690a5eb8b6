"""Signals end a command between two things: never within an undivided one, and at once where they are welcome."""

import os
import random
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage.kernel.interrupts import Terminated, has_come, listening, point, undivided, welcome
from pilotage.machinery.storage.database import Database


def send(number: int = signal.SIGINT) -> None:
    """Send this process a signal, and let Python see it."""
    os.kill(os.getpid(), number)
    for _ in range(1000):  # a signal is seen between two instructions
        pass


@contextmanager
def opened(done: list[str], *, closing: int | None = None) -> Generator[str]:
    """Something that must be closed; while it is closed, this signal comes."""
    done.append("opened")
    try:
        yield "it"
    finally:
        if closing is not None:
            send(closing)
        done.append("closed")


def test_what_is_undivided_comes_to_its_end_first() -> None:
    """The signal is raised behind the outermost one; what SIGTERM raises is not what Ctrl-C raises."""
    done: list[str] = []
    with pytest.raises(Terminated), listening(), undivided(opened(done)), undivided(opened(done)) as it:
        send(signal.SIGTERM)
        done.append(it)
    assert done == ["opened", "opened", "it", "closed", "closed"]
    with pytest.raises(KeyboardInterrupt), listening(), undivided(opened(done, closing=signal.SIGINT)):
        done.clear()
    assert done == ["closed"]


def test_whoever_insists_is_heard_at_once() -> None:
    """A second signal while the first one waits ends what is undivided there and then, and leaves nothing waiting."""
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), listening(), undivided(opened(done)):
        send(signal.SIGTERM)
        done.append("went on")
        send()
        done.append("never")
    assert done == ["opened", "went on", "closed"]
    with listening(), undivided(opened(done)):
        point()


def test_points_and_waiting_let_the_signal_in() -> None:
    """A point raises what has come; where it is welcome, what comes raises at once, and behind it no more."""
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), listening(), undivided(opened(done)):
        point()
        assert not has_come()
        send()
        done.append("went on")
        assert has_come()
        point()
        done.append("never")
    assert done == ["opened", "went on", "closed"]
    done.clear()
    with pytest.raises(Terminated), listening(), undivided(opened(done)), welcome():
        send(signal.SIGTERM)
        done.append("never")
    assert done == ["opened", "closed"]
    done.clear()
    with pytest.raises(KeyboardInterrupt), listening(), undivided(opened(done)):
        with welcome():
            done.append("waited")
        send()
        done.append("went on")
    assert done == ["opened", "waited", "went on", "closed"]


def test_signals_are_for_the_main_thread_of_a_command() -> None:
    """Outside of `listening` the former handlers stand; in another thread nothing of this does anything."""
    former = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    done: list[str] = []

    def elsewhere() -> None:
        with listening(), undivided(opened(done)), welcome():
            point()

    with pytest.raises(KeyboardInterrupt), listening(), undivided(opened(done)):
        send()
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert done == ["opened", "opened", "closed", "closed"]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == former


def test_an_interrupted_transaction_keeps_no_lock(tmp_path: Path) -> None:
    """Wherever in a transaction the signal comes: others go on writing, although the error is still at hand."""
    database = Database(f"sqlite:///{tmp_path / 'one.db'}")
    chance = random.Random(7)
    with database.transaction() as tx:
        tx.execute(sa.text("CREATE TABLE one (number INTEGER)"))
    rows = [(number,) for number in range(2_000)]
    end, wrote = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        with database.transaction() as tx:
            tx.exec_driver_sql("INSERT INTO one VALUES (?)", rows)

    def others() -> None:
        while not end.wait(0.001):
            write()
            wrote.release()

    thread = threading.Thread(target=others, daemon=True)
    thread.start()
    for _ in range(30):
        timer = threading.Timer(0.01 + chance.random() / 50, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt) as error, listening():
            timer.start()
            while True:
                write()
        assert error.value
        while wrote.acquire(blocking=False):
            pass
        assert wrote.acquire(timeout=10)
    end.set()
    thread.join()
    database.close()

"""Who beats, who has fallen silent, and who may take over: one at a time, and never from the living."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from pilotage.kernel.clock import ManualClock
from pilotage.machinery.engine import processes
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.tables import life
from pilotage.machinery.storage.database import Database

HERE = processes.this_process()


class Town:
    """Lives on a clock that the test moves. All are of this process, which lives, so only their beat tells them apart."""

    def __init__(self, url: str) -> None:
        self.clock = ManualClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
        self.database = Database(url, clock=self.clock)

    def life(self, kind: str = "worker") -> Lives:
        """A life that has just begun."""
        lives = Lives(self.database)
        lives.begin(kind, ["tickets@dev"])
        return lives

    def later(self, seconds: float) -> None:
        """Let time pass, in which nobody beats."""
        self.clock.forward(timedelta(seconds=seconds))

    def of_another_process(self, lives: Lives, **columns: object) -> None:
        """Make a life one of a process that is not this one."""
        with self.database.transaction() as tx:
            tx.execute(life.update().where(life.c.executor == lives.executor).values(**columns))

    def columns(self, lives: Lives) -> Any:
        """The row of a life."""
        with self.database.snapshot() as tx:
            return tx.execute(sa.select(life).where(life.c.executor == lives.executor)).one()


@pytest.fixture
def town(database_url: str) -> Iterator[Town]:
    """An empty town."""
    town = Town(database_url)
    with town.database.transaction() as tx:
        life.create(tx)
    yield town
    town.database.close()


def names(found: list[Any]) -> list[str]:
    """The ids of lives."""
    return [one.executor for one in found]


def test_a_life_is_written_down_with_all_that_tells_it_apart(town: Town) -> None:
    """A life has an id of its own, a kind, and the process that lives it."""
    first = town.life("worker")
    town.later(1)
    second = town.life("web")
    assert first.executor.startswith("worker-")
    assert second.executor.startswith("web-")
    found = first.living()
    assert names(found) == [first.executor, second.executor]
    assert (found[0].pid, found[0].pid_started) == HERE
    assert found[0].serves == ("tickets@dev",)


def test_who_does_not_beat_for_six_seconds_is_silent(town: Town) -> None:
    """Six seconds without a beat, by the database's clock, and a life may be taken over; a beat in time prevents it."""
    one, other = town.life(), town.life()
    town.later(5)
    other.beat()
    assert one.silent() == other.silent() == []
    town.later(2)
    assert names(other.silent()) == [one.executor]
    assert names(other.living()) == [other.executor]
    assert other.win(one.executor)
    assert not one.win(other.executor)


def test_what_was_settled_and_left_something_is_taken_over_again(town: Town) -> None:
    """One that only seemed silent may begin a batch behind its settling, and die before its next beat."""
    one, other = town.life(), town.life()
    town.later(7)
    other.beat()
    assert not other.reopen(one.executor)
    assert other.win(one.executor)
    assert other.settle(one.executor)
    assert other.silent() == []
    assert other.reopen(one.executor)
    assert names(other.silent()) == [one.executor]
    assert other.win(one.executor)
    assert other.settle(one.executor)
    one.beat()
    assert not other.reopen(one.executor)


def test_nobody_wins_a_life_that_lives(town: Town) -> None:
    """The right to take over is refused for a life that beats, for oneself, and for a life that nobody knows."""
    one, other = town.life(), town.life()
    assert not other.win(one.executor)
    assert not other.win(other.executor)
    assert not other.win("nobody")


def test_one_wins(town: Town) -> None:
    """Of two that want to take the same life over one may, and may again if it did not come to an end with it."""
    dead, first, second = town.life(), town.life(), town.life()
    town.later(7)
    first.beat()
    second.beat()
    assert first.win(dead.executor)
    assert not second.win(dead.executor)
    assert second.silent() == []
    assert names(first.silent()) == [dead.executor]
    assert first.win(dead.executor)
    assert town.columns(dead).takeovers == 2


@pytest.mark.slow
def test_of_many_at_the_same_time_one_wins(town: Town) -> None:
    """However many ask at the same moment, one wins."""
    dead = town.life()
    many = [town.life() for _ in range(8)]
    town.later(7)
    for lives in many:
        lives.beat()
    won: list[str] = []
    start = threading.Barrier(len(many))

    def ask(lives: Lives) -> None:
        start.wait()
        if lives.win(dead.executor):
            won.append(lives.executor)

    threads = [threading.Thread(target=ask, args=(lives,)) for lives in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert town.columns(dead).taken_by == won[0]


def test_the_next_wins_when_the_winner_dies_on_the_way(town: Town) -> None:
    """A winner that falls silent before it has settled the life loses the right to the next one."""
    dead, first, second = town.life(), town.life(), town.life()
    town.later(7)
    first.beat()
    second.beat()
    assert first.win(dead.executor)
    town.later(7)
    second.beat()
    assert names(second.silent()) == [dead.executor, first.executor]
    assert second.win(dead.executor)
    assert not first.settle(dead.executor)
    assert second.settle(dead.executor)
    assert names(second.silent()) == [first.executor]


def test_a_settled_life_is_never_taken_over_again(town: Town) -> None:
    """What a dead life left is put back once."""
    dead, one = town.life(), town.life()
    town.later(7)
    one.beat()
    assert one.win(dead.executor)
    assert one.settle(dead.executor)
    assert one.silent() == []
    assert not one.win(dead.executor)


def test_who_was_taken_for_dead_lives_on(town: Town) -> None:
    """A life that was taken over while it was held up beats again, and can fall silent again."""
    held_up, one = town.life(), town.life()
    town.later(7)
    one.beat()
    assert one.win(held_up.executor)
    held_up.beat()
    assert not one.settle(held_up.executor)
    assert not one.win(held_up.executor)
    assert len(one.living()) == 2
    town.later(7)
    one.beat()
    assert one.win(held_up.executor)


def test_who_ended_is_taken_over_at_once(town: Town) -> None:
    """A life that ended in order may have left batches; nobody waits for its silence, and it does not beat again."""
    ended, one = town.life(), town.life()
    ended.end()
    ended.beat()
    assert names(one.silent()) == [ended.executor]
    assert names(one.living()) == [one.executor]
    assert one.win(ended.executor)


def test_who_died_on_this_host_is_taken_over_at_once(town: Town) -> None:
    """A life whose process is gone from this host, or is another one of the same number, need not fall silent first."""
    here = town.life()
    gone, another, elsewhere = town.life(), town.life(), town.life()
    town.of_another_process(gone, pid=2**22 + 1)
    town.of_another_process(another, pid_started=HERE[1] + 1)
    town.of_another_process(elsewhere, pid=2**22 + 1, host="elsewhere")
    assert names(here.dead_on_this_host()) == [gone.executor, another.executor]
    assert here.silent() == []
    assert here.win(gone.executor)
    assert not here.win(elsewhere.executor)
    assert here.settle(gone.executor)
    assert names(here.dead_on_this_host()) == [another.executor]


def test_nobody_waits_for_a_taker_that_died_on_this_host(town: Town) -> None:
    """Who won the right to take over, and whose process is gone from this host, has lost it at once; one that lives has not."""
    here, taker, gone = town.life(), town.life(), town.life()
    town.of_another_process(gone, pid_started=HERE[1] - 1)
    assert taker.win(gone.executor)
    assert here.dead_on_this_host() == []
    assert not here.win(gone.executor)
    town.of_another_process(taker, pid_started=HERE[1] - 1)
    assert {found.executor for found in here.dead_on_this_host()} == {taker.executor, gone.executor}
    assert here.win(gone.executor)
    assert town.columns(gone).taken_by == here.executor


def test_lives_of_long_ago_are_removed(town: Town) -> None:
    """A life that was settled a day ago is no longer kept."""
    dead, one = town.life(), town.life()
    dead.end()
    assert one.win(dead.executor)
    assert one.settle(dead.executor)
    town.later(90_000)
    one.beat()
    second = town.life()
    second.end()
    assert one.win(second.executor)
    assert one.settle(second.executor)
    with town.database.snapshot() as tx:
        assert set(tx.execute(sa.select(life.c.executor)).scalars()) == {one.executor, second.executor}


def test_a_life_beats_by_itself(town: Town, patiently: Callable[[Callable[[], object]], None]) -> None:
    """While a block lasts its life beats, and a database that is away for a moment does not end that."""
    one = town.life()
    with one.beating(every=0.01):
        town.later(3)
        patiently(lambda: town.columns(one).beat_at > town.columns(one).started_at)
        with town.database.transaction() as tx:
            tx.execute(sa.text("ALTER TABLE life RENAME TO away"))
        threading.Event().wait(0.05)
        with town.database.transaction() as tx:
            tx.execute(sa.text("ALTER TABLE away RENAME TO life"))
        before = town.columns(one).beat_at
        town.later(3)
        patiently(lambda: town.columns(one).beat_at > before)


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    """This process lives; one that was killed does not, also while nobody has asked for its end."""
    pid, began = processes.this_process()
    assert pid == os.getpid()
    assert processes.started(pid) == began > 0
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert processes.started(child.pid) is not None
    finally:
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.started(child.pid) is None
    child.wait()
    assert processes.started(child.pid) is None


def test_a_life_that_was_struck_off_is_written_down_again_by_its_next_beat(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that stood still for more than a day, or whose database was put back to an earlier state: it works, so it beats."""
    sleeper, other = town.life(), town.life()
    town.later(7)
    other.beat()
    assert other.win(sleeper.executor)
    assert other.settle(sleeper.executor)
    town.later(86_401)
    other.beat()
    third = town.life()
    town.of_another_process(third, ended_at=1)
    assert other.win(third.executor)
    assert other.settle(third.executor)
    with town.database.snapshot() as tx:
        assert not tx.execute(sa.select(life).where(life.c.executor == sleeper.executor)).all()
    with caplog.at_level(logging.WARNING):
        sleeper.beat()
    assert sleeper.executor in names(other.living())
    assert town.columns(sleeper).started_at < town.columns(sleeper).beat_at
    assert [one.getMessage() for one in caplog.records] == ["engine.life_struck_off"]
    town.later(1)
    sleeper.beat()
    assert len(caplog.records) == 1


def test_a_life_that_ended_stays_ended_whoever_beats(town: Town) -> None:
    """A beat that comes too late brings nothing back."""
    ended = town.life()
    ended.end()
    ended.beat()
    assert town.columns(ended).ended_at is not None
    assert not ended.living()

"""The work of a process that is killed on another host goes on elsewhere: only its silence tells that it is gone."""

import os
import signal
import sys
import time

import psutil
import pytest
import sqlalchemy as sa

from pilotage.cases.tables import batches
from pilotage.machinery.engine.lives import Lives
from tests.acceptance.ground import Ground, until
from tests.crash.extent import CRASHES, report, tell, times
from tests.crash.test_struck import Filling, beats, desks, end, hands, started

KILLS = times(2, share=0.05)
WITHIN = 10.0
"""Seconds after which the work of the dead goes on. A machine with ten times as much to do as it can takes longer."""
AT_MOST = 30.0

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600 + 3 * CRASHES)]


def test_work_of_a_process_killed_on_another_host_goes_on_within_ten_seconds(ground: Ground) -> None:
    """Its batches are taken over, and its effects are no longer on their way."""
    slowest = {"batches": 0.0, "effects": 0.0}
    gone_on: list[float] = []
    met = 0
    with desks(ground) as filling:
        filling.feed()
        steady = on("here", ground)
        until(lambda: beats(ground, steady.pid), said=ground.logs)
        for number in range(KILLS):
            other = on(f"there-{number}", ground)
            until(lambda pid=other.pid: beats(ground, pid), said=ground.logs)
            feed_until_it_holds_work(ground, filling, other.pid)
            os.kill(other.pid, signal.SIGKILL)
            assert other.wait() == -signal.SIGKILL
            killed = time.monotonic()
            taken = left_batches(ground, other.pid)
            sent = hands(ground, other.pid)
            met += len(taken) + len(sent)
            until(lambda pid=other.pid: not left_batches(ground, pid), every=0.1, said=ground.logs)
            slowest["batches"] = max(slowest["batches"], time.monotonic() - killed)
            until(lambda pid=other.pid: not hands(ground, pid), every=0.1, said=ground.logs)
            slowest["effects"] = max(slowest["effects"], time.monotonic() - killed)
            gone_on.append(time.monotonic() - killed)
            tell(ground.database_url, f"killed {number + 1} of {KILLS} on another host")
        ground.ok("run", within=240)
        end([steady], ground)
    states = ground.agrees(filling.filled)
    ground.well()
    assert met, "nothing was ever left behind, so nothing was shown"
    report(
        "taken over",
        ground.database_url,
        {
            "kills": KILLS,
            "cases": sum(filling.filled.values()),
            "unknown": states["unknown"],
            "twice": 0,
            "slowest_batch_s": round(slowest["batches"], 1),
            "slowest_effect_s": round(slowest["effects"], 1),
        },
    )
    assert min(gone_on) < WITHIN, gone_on
    assert max(gone_on) < AT_MOST, gone_on


def on(host: str, ground: Ground) -> psutil.Popen:
    """A worker on that host."""
    return started(ground, host, [sys.executable, "-m", "tests.crash.elsewhere", host, "run", "--forever"])


def feed_until_it_holds_work(ground: Ground, filling: Filling, pid: int) -> None:
    """Bring cases until the process has something in its hands that it will leave behind."""
    for _ in range(600):
        filling.feed(30)
        if hands(ground, pid) or left_batches(ground, pid):
            return
    raise AssertionError(ground.logs())


def left_batches(ground: Ground, pid: int) -> set[int]:
    """The batches of the process that have not ended, and that nobody has taken over."""
    with ground.database() as database, database.snapshot() as tx:
        lives = {life.executor for life in Lives(database).living(86_400) if life.pid == pid}
        own = (batches.c.executor.in_(lives), ~batches.c.ended, batches.c.takeovers == 0)
        return set(tx.execute(sa.select(batches.c.id).where(*own)).scalars())

"""All workers are replaced, one after the other, while cases keep coming: nothing is lost, and hardly any time."""

import datetime as dt
import threading
import time
from itertools import pairwise

import pytest

from tests.acceptance.ground import Ground, until
from tests.crash.extent import CRASHES, report, tell, times
from tests.crash.test_struck import Filling, desks, end, working

ROUNDS = times(1, share=0.02)
WORKERS = 3
LEAVES_WITHIN = 15.0
"""Seconds that a worker may take to leave: the checkpoint in hand, and calls that are on their way."""
GAP = 5.0
"""The most seconds without an effect."""

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600 + 6 * CRASHES)]


def test_a_rolling_restart_loses_nothing_and_hardly_any_time(ground: Ground) -> None:
    """Each worker gets SIGTERM and is replaced: it finishes what is on its way and leaves; nothing is unknown afterwards."""
    leaving: list[float] = []
    there: list[dt.datetime] = []
    with desks(ground) as filling:
        filling.feed()
        there += [dt.datetime.now(dt.UTC)] * sum(filling.filled.values())
        done = threading.Event()
        feeder = threading.Thread(target=feed, args=(filling, done, there))
        workers = [ground.start("run", "--forever") for _ in range(WORKERS)]
        until(lambda: working(ground) == WORKERS, said=ground.logs)
        feeder.start()
        try:
            until(lambda: ground.acted() > 20, said=ground.logs)
            begun = dt.datetime.now(dt.UTC)
            for number in range(WORKERS * ROUNDS):
                at = number % WORKERS
                asked = time.monotonic()
                workers[at].terminate()
                assert workers[at].wait(60) == 143, ground.logs()
                leaving.append(time.monotonic() - asked)
                workers[at] = ground.start("run", "--forever")
                until(lambda number=number: working(ground) == WORKERS + number + 1, said=ground.logs)
                tell(ground.database_url, f"replaced {number + 1} of {WORKERS * ROUNDS} workers")
            over = dt.datetime.now(dt.UTC)
        finally:
            done.set()
            feeder.join()
        ground.ok("run", within=240)
        end(workers, ground)
    assert ground.agrees(filling.filled) == {"confirmed": sum(filling.filled.values())}
    ground.well()
    acts = sorted(dt.datetime.fromisoformat(one["at"]) for one in ground.entries() if one["acted"])
    gap = longest_gap(acts, there, begun, over)
    report(
        "rolling",
        ground.database_url,
        {
            "cases": sum(filling.filled.values()),
            "unknown": 0,
            "twice": 0,
            "replaced": len(leaving),
            "slowest_leave_s": round(max(leaving), 1),
            "longest_gap_s": round(gap, 1),
        },
    )
    assert max(leaving) < LEAVES_WITHIN, leaving
    assert gap < GAP


def longest_gap(acts: list[dt.datetime], there: list[dt.datetime], begun: dt.datetime, over: dt.datetime) -> float:
    """The most seconds between two acts in which there was something to do: to bring cases takes its time, too."""
    ends = [*acts, over] if len(there) > len(acts) else acts
    waits = [
        (act - max(before, case)).total_seconds()
        for (before, act), case in zip(pairwise([begun, *ends]), there, strict=False)
        if begun < act <= over
    ]
    return max(waits)


def test_a_gap_counts_from_when_there_was_something_to_do() -> None:
    """Nobody acts before there is a case, and everybody is idle who has one and does nothing."""
    moments = [dt.datetime(2026, 1, 1, second=second, tzinfo=dt.UTC) for second in range(60)]
    acts, there = [moments[2], moments[10], moments[20]], [moments[1], moments[9], moments[10]]
    assert longest_gap(acts, there, moments[0], moments[30]) == 10.0
    assert longest_gap(acts[:2], there, moments[0], moments[30]) == 20.0
    assert longest_gap(acts[:2], there[:2], moments[0], moments[30]) == 1.0


def feed(filling: Filling, done: threading.Event, there: list[dt.datetime]) -> None:
    """Bring cases until it is done, and note for each when it was there."""
    while not done.is_set():
        before = sum(filling.filled.values())
        filling.feed(10)
        there += [dt.datetime.now(dt.UTC)] * (sum(filling.filled.values()) - before)

"""The database server is killed with all its processes, under load, and started again a moment later."""

import random
import threading
import time
from pathlib import Path

import pytest

from tests.acceptance.ground import Ground, until
from tests.crash.extent import CRASHES, SEED, report, tell, times
from tests.crash.server import mortal_server
from tests.crash.test_struck import Filling, desks, end, working

KILLS = times(2, share=0.1)
WORKERS = 2

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(600 + 6 * CRASHES)]


def test_workers_survive_the_kill_of_postgres_and_lose_nothing(tmp_path: Path) -> None:
    """They wait until it is back and go on by themselves; they say in plain words, once, that it is away, and once that it is back."""
    chance = random.Random(SEED)
    with mortal_server() as server:
        ground = Ground(tmp_path / "project", server.url(), variables={"PILOTAGE_LOG": "warning"})
        slowest = 0.0
        with desks(ground) as filling:
            filling.feed()
            workers = [ground.start("run", "--forever") for _ in range(WORKERS)]
            until(lambda: working(ground) == WORKERS, said=ground.logs)
            for number in range(KILLS):
                goal = ground.acted() + chance.randint(5, 60)
                while ground.acted() < goal:
                    filling.feed(20)
                server.kill()
                threading.Event().wait(chance.uniform(0.5, 2.5))
                server.start()
                back, acted = time.monotonic(), ground.acted()
                until(lambda acted=acted: acts_go_on(ground, filling, acted), said=ground.logs)
                slowest = max(slowest, time.monotonic() - back)
                tell(ground.database_url, f"killed PostgreSQL {number + 1} of {KILLS} times")
            assert [worker.poll() for worker in workers] == [None] * WORKERS, ground.logs()
            ground.ok("run", within=300)
            end(workers, ground)
        states = ground.agrees(filling.filled)
        assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
        ground.well()
        said = [log.read_text() for log in ground.root.glob("run-*.log")]
        figures = {
            "kills": KILLS,
            "cases": sum(filling.filled.values()),
            "unknown": states["unknown"],
            "twice": 0,
            "confirmed": states["confirmed"],
            "slowest_return_s": round(slowest, 1),
            "lines_said": max(text.count("\n") for text in said),
        }
        report("postgres killed", ground.database_url, figures)
        for text in said:
            assert "Traceback" not in text, text[-3000:]
            assert text.count("database.away") == text.count("database.back") <= KILLS, text[-3000:]


def acts_go_on(ground: Ground, filling: Filling, acted: int) -> bool:
    """Whether more acts have followed than can have been on their way; there is always something to act on."""
    filling.feed(20)
    return ground.acted() > acted + 64

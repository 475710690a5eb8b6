"""A pipeline of four automations in two projects on one database, whose processes are killed at any moment.

Each project's process works on two of the automations, so that every lead is handed over from one process to the other and
back: whatever is killed, nothing is lost, and nobody is handed over twice.
"""

import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.cases.store import handing, looking
from pilotage.machinery.storage.database import Database
from tests.acceptance.ground import Ground, until
from tests.cases import pipeline
from tests.crash.extent import CRASHES, SEED, report, tell, times

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(900 + 6 * CRASHES)]

KILLS = times(4, share=0.1)
LEADS = 2_000 + 500 * KILLS
PROJECTS = (("ingest", "route"), ("score", "outreach"))
MOVES = ("ready", "moving", "waiting")


@pytest.fixture
def grounds(tmp_path: Path, database_url: str) -> Iterator[list[Ground]]:
    """Two projects on one database; what was started in them is ended."""
    made = [Ground(tmp_path / f"project-{number}", database_url) for number in range(len(PROJECTS))]
    for ground, names in zip(made, PROJECTS, strict=True):
        shutil.copy(pipeline.__file__, ground.root / "pipeline.py")
        named = ", ".join(f'"pipeline:{name}"' for name in names)
        (ground.root / "pyproject.toml").write_text(f"[tool.pilotage]\nautomations = [{named}]\n")
    yield made
    for ground in made:
        ground.end()


def places(database: Database) -> Counter[str]:
    """How many cases of each automation are where."""
    with database.snapshot() as tx:
        return Counter({f"{name}: {place}": count for name, place, count, _ in looking.count_places(tx)})


def passed(database: Database) -> int:
    """How many values have been taken so far."""
    with database.snapshot() as tx:
        return handing.states(tx)["taken"]


def test_a_pipeline_that_is_killed_loses_nothing_and_hands_nothing_over_twice(grounds: list[Ground]) -> None:
    """Processes of both projects are killed while leads pass from one to the other, until everything has arrived."""
    chance = random.Random(SEED)
    first, second = grounds
    file = first.root / "leads.csv"
    hot = sum(number % 10 == 0 for number in range(LEADS))
    rows = (f"L{number}, A{number}@x.org ,{500 if number % 10 == 0 else 50}\n" for number in range(LEADS))
    file.write_text("id,email,balance\n" + "".join(rows))
    assert first.ok("submit", "ingest", str(file))["accepted"] == LEADS
    workers = [ground.start("run", "--forever") for ground in grounds]
    logs = lambda: first.logs() + second.logs()  # noqa: E731
    with first.database() as database:
        for number in range(KILLS):
            goal = passed(database) + chance.randint(1, LEADS // (KILLS + 2))
            until(lambda goal=goal: passed(database) >= goal, every=0.01, said=logs)
            killed = chance.randrange(2)
            os.kill(workers[killed].pid, signal.SIGKILL)
            assert workers[killed].wait() == -signal.SIGKILL
            tell(first.database_url, f"killed {number + 1} of {KILLS} in the middle of a pipeline")
            workers[killed] = grounds[killed].start("run", "--forever")
        until(lambda: not any(name.endswith(MOVES) for name in places(database)), within=240, every=0.1, said=logs)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(60) for worker in workers] == [143, 143], logs()
        assert places(database) == {
            "ingest: handed over": LEADS,
            "score: handed over": LEADS,
            "route: done": LEADS - hot,
            "route: with people": hot,
            "outreach: done": LEADS - hot,
        }, f"seed {SEED}"
        assert passed(database) == 3 * LEADS - hot
    first.well()
    report("pipeline killed", first.database_url, {"kills": KILLS, "cases": 4 * LEADS - hot, "twice": 0})

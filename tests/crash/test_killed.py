"""Processes that are killed at any moment: what they left is taken up, nothing is lost, nothing is done twice.

In the long form (`./dev crash`) a tenth as many are killed here as at exact points, and a desk that honours keys is tried
for all kinds of repeat, too.
"""

import os
import random
import signal
from contextlib import nullcontext

import pytest

from pilotage.cases.store import counting
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.machinery.storage.database import Database
from tests.acceptance.ground import Ground, until
from tests.crash.extent import CRASHES, SEED, report, tell, times

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(900 + 6 * CRASHES)]

KILLS = times(3, share=0.1)
DESKS = [pytest.param(True, id="forgets keys"), pytest.param(False, id="honours keys")][: 2 if CRASHES else 1]
SLOW = Fault(kind=FaultKind.SLOW, delay=0.8)
"""Acts at once and takes its time to say so: many an answer finds nobody who waits for it."""


@pytest.mark.parametrize("forgets", DESKS)
def test_workers_that_are_killed_lose_nothing_and_do_nothing_twice(ground: Ground, forgets: bool) -> None:  # noqa: FBT001
    """Two workers, one of which is killed at a random moment and started again, until nothing moves any more.

    A desk that forgets its keys acts on every request that reaches it, so only those acts go there that are never sent
    again without a question.
    """
    chance = random.Random(SEED)
    automations = dict.fromkeys(("safe", "ask", "never"), 30 + 25 * KILLS)
    honours, forgetful = (
        Setup(log=ground.root / f"{name}.jsonl", detect_duplicates=name == "honours", faults=[SLOW])
        for name in ("honours", "forgets")
    )
    with as_process(honours) as ground.desk, as_process(forgetful) if forgets else nullcontext() as ground.forgetful:
        ground.fill(automations)
        workers = [ground.start("run", "--forever") for _ in range(2)]
        for number in range(KILLS):
            goal = ground.acted() + chance.randint(5, 60)
            until(lambda goal=goal: ground.acted() >= goal, every=0.01, said=ground.logs)
            killed = chance.randrange(2)
            os.kill(workers[killed].pid, signal.SIGKILL)
            assert workers[killed].wait() == -signal.SIGKILL
            tell(ground.database_url, f"killed {number + 1} of {KILLS} at any moment")
            workers[killed] = ground.start("run", "--forever")
        ground.ok("run", within=240)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(60) for worker in workers] == [143, 143], ground.logs()
    states = ground.agrees(automations)
    assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
    places = ground.well()["sums"][1]["right"]
    assert {place: count for place, count in places.items() if count} == {
        place: count for place, count in (("done", states["confirmed"]), ("with people", states["unknown"])) if count
    }, f"seed {SEED}"
    figures = {"kills": KILLS, "cases": sum(automations.values()), "unknown": states["unknown"], "twice": 0}
    report("killed", ground.database_url, figures | {"confirmed": states["confirmed"], "desk_forgets_keys": forgets})


def test_a_submission_that_is_killed_goes_on_where_it_stopped(ground: Ground) -> None:
    """Each record of the file is taken in exactly once, however often the command is killed; it says where it went on."""
    chance = random.Random(SEED)
    rows = 6_000 + 4_000 * KILLS
    file = ground.file("large.csv", rows)
    with ground.database() as database:
        for crash in range(KILLS):
            goal = 4_000 * crash + chance.randint(1, 4_000)
            process = ground.start("submit", "ask", str(file))
            until(lambda goal=goal: arrived(database) >= goal, every=0.005, said=ground.logs)
            os.kill(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            tell(ground.database_url, f"killed {crash + 1} of {KILLS} submissions")
        before = arrived(database)
        assert goal <= before < rows
        last = ground.ok("submit", "ask", str(file))
        assert last["files"][0]["resumed_at_byte"] > 0
        assert (last["arrived"], last["duplicates"], last["quarantined"]) == (rows - before, 0, 0)
        assert arrived(database) == rows
    again = ground.ok("submit", "ask", str(file))
    assert (again["arrived"], again["duplicates"], again["accepted"]) == (rows, rows, 0)
    assert ground.well()["sums"][0]["left"] == {"arrived": 2 * rows}
    report("submission killed", ground.database_url, {"kills": KILLS, "cases": rows, "twice": 0})


def arrived(database: Database) -> int:
    """How many records have been taken in."""
    try:
        with database.snapshot() as tx:
            return sum(count for _, _, count, _ in counting.places(tx))
    except Exception:  # noqa: BLE001 - the tables are not there yet
        return 0

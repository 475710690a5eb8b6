"""Holds at random moments, with three processes of which one is stopped in the middle of its work and continues later.

In the long form (`./dev crash`) it holds for a twentieth as often as processes are killed.
"""

import datetime as dt
import random
import sqlite3
import threading
from pathlib import Path

import psutil
import psycopg
import pytest
import sqlalchemy as sa

from pilotage.cases.service import holding
from pilotage.cases.tables import effects
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.machinery.engine.lives import Lives
from tests.acceptance.ground import Ground, until
from tests.crash.extent import CRASHES, SEED, report, tell, times

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(900 + 6 * CRASHES)]

HOLDS = times(2, share=0.05)
TRIES = 10
"""How often a process is stopped for a moment until it has such permissions: under a hold it may get none any more."""
LATE = 1.5
"""Seconds that a process which continues gets to do what it must not."""


def test_once_hold_has_returned_nothing_acts_before_resume(ground: Ground) -> None:
    """Also not through a process that was stopped between its permission to send and the call: it comes too late."""
    chance = random.Random(SEED)
    ground.variables["TAKES_A_MOMENT"] = "1.0"
    each = dict.fromkeys(("safe", "ask", "never"), 120)
    held: list[tuple[dt.datetime, dt.datetime]] = []
    overtaken = 0
    slow = Fault(kind=FaultKind.SLOW, delay=0.4)
    honours = Setup(log=ground.root / "honours.jsonl", faults=[slow])
    forgets = Setup(log=ground.root / "forgets.jsonl", faults=[slow], detect_duplicates=False)
    with as_process(honours) as ground.desk, as_process(forgets) as ground.forgetful:
        workers = [ground.start("run", "--forever") for _ in range(3)]
        for number in range(HOLDS):
            ground.fill(each, mark=f"H{number}-")
            tell(ground.database_url, f"hold {number + 1} of {HOLDS}")
            goal = ground.acted() + chance.randint(5, 30)
            until(lambda goal=goal: ground.acted() >= goal, every=0.01, said=ground.logs)
            stopped = workers[chance.randrange(3)]
            by_command = number % 2 == 1
            command = ground.start("hold", "everything", "--wait", "--reason", "a try") if by_command else None
            threading.Event().wait(chance.random() * (2 if by_command else 0.5))
            left = stop(stopped, ground, tries=TRIES if by_command else 100)
            overtaken += len(left)
            if command is None:
                hold(ground)
            else:
                assert command.wait(120) == 0, ground.logs()
            returned = now()
            if not by_command:
                stopped.resume()
                threading.Event().wait(LATE)
                held.append((returned, now()))
                resume(ground)
            else:
                threading.Event().wait(chance.random())
                held.append((returned, now()))
                resume(ground)
                until(lambda left=left: not left & permitted(ground), every=0.2, said=ground.logs)
                stopped.resume()
        ground.ok("run", within=240)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(60) for worker in workers] == [143] * 3, ground.logs()
    acts = [(dt.datetime.fromisoformat(one["at"]), one["key"]) for one in ground.entries() if one["acted"]]
    for begin, end in held:
        assert [key for at, key in acts if begin < at < end] == [], f"acted under a hold; seed {SEED}"
    assert overtaken, f"no process was ever stopped with a permission in its hands, so nothing was shown; seed {SEED}"
    ground.agrees({name: count * HOLDS for name, count in each.items()})
    assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
    ground.well()
    figures = {"cases": sum(each.values()) * HOLDS, "twice": 0, "holds": HOLDS, "overtaken_with_permission": overtaken}
    report("held", ground.database_url, figures)


def now() -> dt.datetime:
    """The host's clock, which is the desk's, too."""
    return dt.datetime.now(dt.UTC)


def hold(ground: Ground) -> None:
    """What `hold everything --wait` does."""
    with ground.database() as database:
        holding.hold(database, scope="everything", name="", by="tester", known="test", reason="a try")
        until(lambda: not holding.on_their_way(database, scope="everything", name=""), said=ground.logs)


def resume(ground: Ground) -> None:
    """Let effects go out again."""
    with ground.database() as database:
        assert holding.resume(database, scope="everything", name="", by="tester", known="test") == 1


def permitted(ground: Ground) -> set[str]:
    """The keys of effects that somebody has permission to send, and of which no more is known."""
    return {
        key for name in ("safe", "ask", "never") for key, state in ground.states(name).items() if state == "sending"
    }


def stop(process: psutil.Popen, ground: Ground, *, tries: int) -> set[str]:
    """Stop the process with permissions in its hands, and not in a transaction that everybody else has to wait for.

    Gives the keys for which it has permission, and of which no desk knows anything.
    """
    for attempt in range(200):
        process.suspend()
        until(lambda: stands(process.pid), every=0.005)
        if nobody_waits(ground.database_url):
            left = unsent(process.pid, ground)
            if left or attempt > tries:
                return left
        process.resume()
        threading.Event().wait(0.05)
    raise AssertionError("the process is always in a transaction")


def stands(pid: int) -> bool:
    """Whether each thread has stopped: one that waits for the disk stops when the disk has answered."""
    stats = [(task / "stat").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)


def unsent(pid: int, ground: Ground) -> set[str]:
    """The keys of calls that the process has permission for, and of which no desk knows anything."""
    with ground.database() as database, database.snapshot() as tx:
        executors = {life.executor for life in Lives(database).living(60) if life.pid == pid}
        query = sa.select(effects.c.key).where(effects.c.state == "sending", effects.c.sender.in_(executors))
        keys = set(tx.execute(query).scalars())
    return keys - ground.acts().keys()


def nobody_waits(url: str) -> bool:
    """Whether the lock that a hold needs can be had."""
    try:
        if url.startswith("sqlite"):
            connection = sqlite3.connect(url.removeprefix("sqlite:///"), timeout=2, isolation_level=None)
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            finally:
                connection.close()
        else:
            with psycopg.connect(url) as there:
                there.execute("SET lock_timeout = '2s'")
                there.execute("SELECT id FROM send_gate FOR UPDATE")
                there.rollback()
    except (sqlite3.OperationalError, psycopg.errors.LockNotAvailable):
        return False
    return True

"""Processes that are killed or stopped at an exact point of a record's way, and what the others make of it.

In the long form (`./dev crash`) 200 are killed on each database, at points and after passes left to chance.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from pilotage.cases.tables import batches, effects
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.machinery.cli.exits import Exit
from pilotage.machinery.engine.lives import Lives
from tests.acceptance.ground import Ground, until
from tests.crash.doomed import POINTS
from tests.crash.extent import CRASHES, SEED, report, tell, times

KILLS = times(len(POINTS))
STOPS = ("before", "permitted", "answered")
"""Where a process is stopped: outside of a transaction, which would have everybody wait until the database ends it."""
SLOW = Fault(kind=FaultKind.SLOW, delay=0.6)
ROOT = Path(__file__).resolve().parents[2]
TAKING_OVER = "taking over"
AT_ONCE = 3
"""How many live at a time that will be killed; one that will not works beside them."""

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600 + 30 * CRASHES)]


def test_a_process_killed_at_any_point_loses_nothing_and_does_nothing_twice(ground: Ground) -> None:
    """At each point of the way, also the one that takes over, three that are about to die at a time: all goes on elsewhere."""
    chance = random.Random(SEED)
    points = [*POINTS, *(chance.choice(POINTS) for _ in range(KILLS - len(POINTS)))]
    chance.shuffle(points)
    left = list(points)
    with desks(ground) as filling:
        steady = ground.start("run", "--forever")
        alive: list[psutil.Popen] = []
        dead: list[Death] = []
        takers: list[psutil.Popen] = []
        refused = 0
        while left or alive or takers:
            while left and len(alive) + len(takers) < AT_ONCE:
                point = left.pop()
                if point == TAKING_OVER:
                    takers.append(doomed(ground, point, 1, "KILL"))
                else:
                    alive.append(doomed(ground, point, chance.randint(1, 4), "KILL"))
            if takers and not alive and all(beats(ground, one.pid) for one in takers):
                # nobody else is about to die, so the steady one does, and one of those that take over
                steady.kill()
                steady.wait()
                dead.append(Death.of(steady.pid, ground))
                until(lambda: any(one.poll() is not None for one in takers), said=ground.logs)
                steady = ground.start("run", "--forever")
            filling.feed()
            for one in [one for one in (*alive, *takers) if one.poll() is not None]:
                (alive if one in alive else takers).remove(one)
                if (
                    one.wait() == Exit.REFUSED
                ):  # SQLite was too busy for one more to begin: it says so, and begins again
                    assert "PLT-932" in ground.logs()
                    refused += 1
                    left.append(one.args[3])
                    continue
                assert one.wait() == -signal.SIGKILL, ground.logs()
                dead.append(Death.of(one.pid, ground))
                tell(ground.database_url, f"killed {len(dead)} of {KILLS}, this one at: {one.args[3]}")
            for death in dead:
                if death.taken_over is None and not held_batches(ground, death.pid):
                    death.taken_over = time.monotonic() - death.at
        until(lambda: not any(held_batches(ground, death.pid) for death in dead), said=ground.logs)
        ground.ok("run", within=300)
        end([steady], ground)
    states = ground.agrees(filling.filled)
    assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
    on_their_way = {name: len(ground.states(name).keys() & hands_of(dead)) for name in filling.filled}
    assert states["unknown"] <= sum(on_their_way.values()), f"more is unknown than was on its way; seed {SEED}"
    ground.well()
    report(
        "struck",
        ground.database_url,
        {
            "kills": len(dead),
            "cases": sum(filling.filled.values()),
            "on_their_way": sum(on_their_way.values()),
            "unknown": states["unknown"],
            "twice": 0,
            "confirmed": states["confirmed"],
            "sent_again_under_their_key": on_their_way["safe"],
            "asked_about": on_their_way["ask"],
            "left_to_a_person": states["unknown"],
            "starts_refused": refused,
            "slowest_takeover_s": round(max(death.taken_over or 0.0 for death in dead), 1),
        },
    )


def test_a_process_that_stood_still_and_comes_back_does_nothing_any_more(ground: Ground) -> None:
    """Its work goes on elsewhere; when it continues, its checkpoints are refused and its permissions to send are over."""
    with desks(ground) as filling:
        steady = ground.start("run", "--forever")
        stopped = [doomed(ground, point, 2, "STOP") for point in STOPS]
        while any(one.status() != psutil.STATUS_STOPPED for one in stopped):
            filling.feed()
        until(lambda: not any(held_batches(ground, one.pid) for one in stopped), said=ground.logs)
        until(lambda: not any(hands(ground, one.pid) for one in stopped), said=ground.logs)
        ground.ok("run", within=240)
        settled = ground.acts()
        (ground.root / "enough").touch()
        for one in stopped:
            one.resume()
        threading.Event().wait(3.0)
        assert ground.acts() == settled, "one that came back acted on what others had settled"
        end([steady, *stopped], ground)
    ground.agrees(filling.filled)
    assert set(ground.states("safe").values()) == set(ground.states("ask").values()) == {"confirmed"}
    ground.well()


# -- what happens ----------------------------------------------------------------------


@dataclass
class Death:
    """One that was killed: what it had permission for, and after how many seconds its batches went on."""

    pid: int
    hands: set[str]
    at: float
    taken_over: float | None = None

    @classmethod
    def of(cls, pid: int, ground: Ground) -> "Death":
        """Of a process that has just died."""
        return cls(pid=pid, hands=hands(ground, pid), at=time.monotonic())


@dataclass
class Filling:
    """Brings some more cases every second, for as long as somebody feeds."""

    ground: Ground
    filled: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("safe", "ask", "never"), 0))
    fed: float = 0.0
    times: int = 0

    def feed(self, some: int = 10) -> None:
        """Some more of each automation, if the last ones are a second old."""
        if time.monotonic() - self.fed < 1.0:
            threading.Event().wait(0.05)
            return
        self.fed, self.times = time.monotonic(), self.times + 1
        self.ground.fill(dict.fromkeys(self.filled, some), mark=f"N{self.times}-")
        for name in self.filled:
            self.filled[name] += some


@contextmanager
def desks(ground: Ground) -> Generator[Filling]:
    """Two desks: one honours its keys, one forgets them; each takes its time to answer."""
    honours = Setup(log=ground.root / "honours.jsonl", faults=[SLOW])
    forgets = Setup(log=ground.root / "forgets.jsonl", faults=[SLOW], detect_duplicates=False)
    with as_process(honours) as ground.desk, as_process(forgets) as ground.forgetful:
        try:
            yield Filling(ground)
        finally:
            ground.end()


def doomed(ground: Ground, point: str, passes: int, number: str) -> psutil.Popen:
    """A worker that will be struck at the point."""
    command = [sys.executable, "-m", "tests.crash.doomed", point, str(passes), number, "run", "--forever"]
    return started(ground, point.replace(" ", "-"), command)


def started(ground: Ground, name: str, command: list[str]) -> psutil.Popen:
    """A process that is `pilotage` with something changed, in the project; what it says is in a log of its own."""
    environment = ground.environment()
    environment["PYTHONPATH"] = os.pathsep.join([environment["PYTHONPATH"], str(ROOT)])
    with (ground.root / f"{name}-{len(ground.started)}.log").open("ab") as log:
        process = psutil.Popen(
            [*command, "--project", str(ground.root)],
            env=environment,
            cwd=ground.root,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    ground.started.append(process)
    return process


def end(workers: list[psutil.Popen], ground: Ground) -> None:
    """Stop them in order."""
    for worker in workers:
        worker.terminate()
    assert [worker.wait(60) for worker in workers] == [143] * len(workers), ground.logs()


def beats(ground: Ground, pid: int) -> bool:
    """Whether the process has begun to live, so that it may take over."""
    with ground.database() as database:
        return any(life.pid == pid for life in Lives(database).living())


def working(ground: Ground) -> int:
    """How many of the workers that were started by `run` have said that they work: until then they may still be refused."""
    return sum("Working." in log.read_text() for log in ground.root.glob("run-*.log"))


def hands(ground: Ground, pid: int) -> set[str]:
    """The keys of the effects that the process has permission for."""
    with ground.database() as database, database.snapshot() as tx:
        lives = {life.executor for life in Lives(database).living(86_400) if life.pid == pid}
        query = sa.select(effects.c.key).where(effects.c.state == "sending", effects.c.sender.in_(lives))
        return set(tx.execute(query).scalars())


def held_batches(ground: Ground, pid: int) -> bool:
    """Whether a batch of the process stands still because nobody has taken it over."""
    with ground.database() as database, database.snapshot() as tx:
        lives = {life.executor for life in Lives(database).living(86_400) if life.pid == pid}
        held = (batches.c.executor.in_(lives), ~batches.c.ended, batches.c.takeovers == 0)
        return bool(tx.execute(sa.select(batches.c.id).where(*held)).all())


def hands_of(dead: list[Death]) -> set[str]:
    """The keys of all effects that one of them had permission for when it died."""
    return {key for death in dead for key in death.hands}

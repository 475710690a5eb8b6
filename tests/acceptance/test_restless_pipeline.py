"""Random lives of cases that are handed over: an engine that makes trouble, takers that come, go, are full and are held.

After every step both sums hold, no row contradicts another, and nobody is handed over twice.
"""

# A test may look inside.
# pyright: reportPrivateUsage=false

import os
from contextlib import suppress
from typing import Any, cast

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pilotage.cases.errors import IntakeHeld, IntakePaused
from pilotage.cases.service import correcting, ending, holding
from pilotage.cases.service.proving import prove
from pilotage.cases.store import looking
from pilotage.cases.tables import cases, hand_overs
from pilotage.cases.values import ENDED_PLACES, Place
from pilotage.inbox import store as inbox_store
from pilotage.machinery.storage.database import Database
from pilotage.testing.engines import ChaosEngine
from tests.acceptance.test_restless import Restless, empty, said
from tests.cases import pipeline

BOUND = 4
LEADS = {"score": pipeline.scoring(open_at_most=BOUND), "route": pipeline.route, "outreach": pipeline.outreach}
NAMES = ("ingest", *LEADS)


class Pipeline(RuleBasedStateMachine):
    """One platform through random days; which automations its process works on changes with every start."""

    url = ""

    @initialize(seed=st.integers(0, 2**31))
    def open(self, seed: int) -> None:
        """An empty database, and a process that works on everything."""
        empty(self.url)
        self.seed, self.life = seed, 0
        self.now = "2026-03-02T09:00+00:00"
        self.platform: Restless
        self.begin(list(LEADS))

    def begin(self, names: list[str]) -> None:
        """A new process, which works on ingest and on these."""
        self.life += 1
        chosen = [pipeline.ingest, *(LEADS[name] for name in names)]
        self.platform = Restless(*chosen, now=self.now, seed=self.seed, database_url=self.url)
        self.platform.chaos_seed = self.seed + self.life
        self.platform.__enter__()

    @property
    def engine(self) -> ChaosEngine:
        """The engine that makes trouble."""
        return cast("ChaosEngine", self.platform._engine)

    @property
    def database(self) -> Database:
        """The database of the process that lives now."""
        return self.platform.inner.database

    # -- records and machines --------------------------------------------------------

    @rule(
        number=st.integers(1, 30),
        email=st.sampled_from(["a@x.org", "b@y.org", "no address"]),
        balance=st.sampled_from([-5000, 0, 50, 50, 50, 500]),
        at=st.sampled_from(["ingest", "ingest", "ingest", "score"]),
    )
    def submit(self, number: int, email: str, balance: int, at: str) -> None:
        """A lead, now and then past ingest: new, known, contradictory, or one that scoring does not take."""
        automation = self.platform.inner.automations.get(at)
        if automation is None:
            return
        with suppress(IntakeHeld, IntakePaused):
            self.platform.submit(automation, {"id": f"L{number}", "email": email, "balance": balance})

    @rule(steps=st.integers(1, 12), takes=st.booleans())
    def move(self, steps: int, takes: bool) -> None:  # noqa: FBT001
        """Some is taken, some batches are formed, and the engine does some of its steps."""
        mover = self.platform._mover
        mover.wake()
        self.platform.inner.inbox.escalate()
        if takes:
            self.platform.inner.taking.take()
        for batch in mover.form(most=3):
            self.engine.start(batch)
        for _ in range(steps):
            self.engine.step()
        self.look_at_engine()

    def look_at_engine(self) -> None:
        """What the dead left is put back, what was never started is started; a run that raised is a failure."""
        for _, error in self.engine.raised:
            raise error
        served = self.platform.inner.served.automations
        mine = {
            batch: f"{automation}@{release}"
            for batch, automation, release, _ in self.platform._mover.open_batches(0)
            if (automation, release) in served
        }
        for life in list(self.engine.dead):
            self.engine.take_over(life, mine.get)
        for batch in mine:
            self.engine.start(batch)

    @rule(span=st.sampled_from(["1m", "2h", "30d", "90d"]))
    def wait(self, span: str) -> None:
        """Time passes."""
        self.platform.clock.forward(span)

    @rule(names=st.sets(st.sampled_from(sorted(LEADS))))
    def restart(self, names: set[str]) -> None:
        """The process ends in the middle of everything, and another one begins that works on other automations."""
        self.end()
        self.begin(sorted(names))
        self.look_at_engine()

    def end(self) -> None:
        """The process ends."""
        self.now = self.platform.clock.now().isoformat()
        self.platform.__exit__(None, None, None)

    # -- people ----------------------------------------------------------------------

    @rule(pick=st.integers(0, 50), yes=st.booleans())
    def decide(self, pick: int, yes: bool) -> None:  # noqa: FBT001
        """Somebody calls a lead, or lets it go."""
        waiting = [
            one
            for one in self.platform.inner.inbox.waiting(most=100)
            if one.automation in self.platform.inner.automations
        ]
        if waiting:
            answer = said("value", {"reached": True}) if yes else said("withdraw")
            self.platform.inner.inbox.settle(waiting[pick % len(waiting)].id, answer)

    @rule(pick=st.integers(0, 50))
    def withdraw(self, pick: int) -> None:
        """Somebody ends a case, wherever it is."""
        with self.database.snapshot() as tx:
            ended = [place.value for place in ENDED_PLACES]
            found = tx.execute(sa.select(cases.c.id).where(cases.c.place.not_in(ended)).order_by(cases.c.id)).scalars()
            ids = list(found)
        if ids:
            ending.withdraw(
                self.database, self.platform.inner.inbox, [ids[pick % len(ids)]], by="tester", reason="because"
            )

    @rule(good=st.booleans())
    def settle_quarantine(self, good: bool) -> None:  # noqa: FBT001
        """Somebody lets a record of scoring in, corrected, or says that it is nothing."""
        inner = self.platform.inner
        with self.database.snapshot() as tx:
            kept = looking.quarantined_of(tx, automation="score", most=1)
        if not kept or "score" not in inner.automations:
            return
        if good:
            corrected: dict[str, object] = {"id": f"Q{kept[0].id}", "email": "q@x.org", "balance": 50}
            score = inner.automation("score")
            correcting.release(self.database, inner.intake, score, kept[0].id, corrected, by="me", reason="mended")
        else:
            correcting.discard(self.database, [kept[0].id], by="me", reason="nothing")

    @rule(scope=st.sampled_from([("everything", ""), ("automation", "score"), ("automation", "outreach")]))
    def hold(self, scope: tuple[str, str]) -> None:
        """Somebody holds, and intake too."""
        holding.hold(
            self.database, scope=scope[0], name=scope[1], by="tester", known="test", reason="because", intake=True
        )

    @rule()
    def resume(self) -> None:
        """Somebody lifts every hold."""
        for one in holding.standing(self.database):
            holding.resume(self.database, scope=one.scope, name=one.name, by="tester", known="test")

    # -- what must always be true ----------------------------------------------------

    @invariant()
    @precondition(lambda self: hasattr(self, "platform"))
    def nothing_is_lost(self) -> None:
        """Both sums hold, no row contradicts another, and everything that came in is counted."""
        proof = prove(self.database, [inbox_store.doubles])
        assert proof.holds, proof

    @invariant()
    @precondition(lambda self: hasattr(self, "platform"))
    def no_taker_has_more_than_it_may(self) -> None:
        """What is handed over keeps to the bound; nothing else comes to outreach."""
        with self.database.snapshot() as tx:
            sent = tx.execute(sa.select(sa.func.count()).where(hand_overs.c.taker == "outreach")).scalar_one()
            made = tx.execute(sa.select(sa.func.count()).where(cases.c.automation == "outreach")).scalar_one()
        assert made <= sent

    def teardown(self) -> None:
        """When everybody works and lets go, every case comes to an end or to a person."""
        if not hasattr(self, "platform"):
            return
        try:
            self.resume()
            self.end()
            self.begin(list(LEADS))
            for _ in range(80):
                self.look_at_engine()
                self.move(60, takes=True)
                self.platform.clock.forward("10d")
                if not self.on_the_way():
                    break
                for decision in self.platform.inner.inbox.waiting(most=100):
                    self.platform.inner.inbox.settle(decision.id, said("value", {"reached": True}))
            assert not self.on_the_way()
            self.nothing_is_lost()
        finally:
            self.platform.__exit__(None, None, None)

    def on_the_way(self) -> list[Any]:
        """Cases that should still move by themselves."""
        moves = [Place.READY.value, Place.MOVING.value, Place.WAITING.value]
        with self.database.snapshot() as tx:
            return list(tx.execute(sa.select(cases.c.id, cases.c.automation).where(cases.c.place.in_(moves))).all())


def live(url: str, examples: int, steps: int) -> None:
    """Run the machine."""
    run_state_machine_as_test(
        type("Machine", (Pipeline,), {"url": url}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
            phases=[Phase.explicit, Phase.generate],  # a life is too long to be shrunk within a test's time
            print_blob=True,
        ),
    )


def test_restless_days_of_a_pipeline(database_url: str) -> None:
    """A few random lives of leads that go through four automations."""
    live(database_url, examples=int(os.environ.get("RESTLESS", "4")), steps=30)

"""Random lives of cases, with an engine that doubles, delays and abandons, senders that die, and people who decide.

After every step each case is in exactly one place, both sums hold, nothing becomes `sending` under a hold, and no effect
key was acted on twice.
"""

# A test may look inside.
# pyright: reportPrivateUsage=false

import os
from collections import Counter
from typing import Any, cast

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

from pilotage.cases.service import ending, holding, replaying
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.proving import prove
from pilotage.cases.store import looking, moving
from pilotage.cases.store.holding import make_gate
from pilotage.cases.values import Place
from pilotage.inbox.values import Answer, Decision
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.tables import metadata
from pilotage.migrations import prepare
from pilotage.testing import Fault, Platform
from pilotage.testing.engines import ChaosEngine
from tests.cases import parcels
from tests.cases.parcels import Carrier


def said(word: str, value: object = None) -> Answer:
    """What a tester answers."""
    return Answer(by="tester", known="test", reason="because", word=word, value=value)


class Restless(Platform):
    """The platform on the engine that makes trouble."""

    chaos_seed = 0

    def _make_engine(self) -> Any:
        return ChaosEngine(self.inner.database, seed=self.chaos_seed, executor="test")


class Lives(RuleBasedStateMachine):
    """One platform and its carrier through random days."""

    url = ""
    repeat = "ask"

    @initialize(seed=st.integers(0, 2**31))
    def open(self, seed: int) -> None:
        """An empty database, a carrier that never honours a key twice, and a platform."""
        empty(self.url)
        self.carrier = Carrier(honours_keys=self.repeat == "safe")
        self.automation = parcels.automation(self.repeat)
        self.seed = seed
        self.made = 0
        self.arrived = 0
        self.said_not_done: Counter[str] = Counter()
        self.life = 0
        self.now = "2026-03-02T09:00+00:00"
        self.platform: Restless
        self.begin()

    def begin(self) -> None:
        """A new process on the same database."""
        self.life += 1
        self.platform = Restless(
            self.automation, services=[self.carrier.service], now=self.now, seed=self.seed, database_url=self.url
        )
        self.platform.chaos_seed = self.seed + self.life
        self.platform.__enter__()
        self.platform._sending.sender = f"life-{self.life}"

    @property
    def engine(self) -> ChaosEngine:
        """The engine that makes trouble."""
        return cast("ChaosEngine", self.platform._engine)

    # -- records -------------------------------------------------------------------

    @rule(
        kind=st.sampled_from(["letter", "letter", "box", "pallet", "drone"]),
        country=st.sampled_from(["DE", "DE", "FR", "XX"]),
        text=st.sampled_from(["send it", "send it", "perhaps", "is it glass?", "a lie"]),
        value=st.sampled_from([5, 5, 5, 3000, 20_000, -1]),
        items=st.integers(0, 2),
    )
    def submit(self, kind: str, country: str, text: str, value: int, items: int) -> None:
        """A new parcel, good or strange."""
        self.made += 1
        self.arrived += 1
        self.platform.submit(
            self.automation,
            {
                "id": f"P{self.made}",
                "kind": kind,
                "country": country,
                "text": text,
                "value": value,
                "items": [{"name": "thing", "grams": 5}] * items,
            },
        )

    @rule(number=st.integers(1, 30), broken=st.booleans())
    def submit_again(self, number: int, broken: bool) -> None:  # noqa: FBT001
        """A duplicate, a conflict, or a record that breaks its contract."""
        self.arrived += 1
        self.platform.submit(self.automation, {"id": "" if broken else f"P{number}", "kind": "letter", "value": number})

    # -- the machine ---------------------------------------------------------------

    @rule(steps=st.integers(1, 12))
    def move(self, steps: int) -> None:
        """Some batches are formed, and the engine does some of its steps."""
        mover, engine = self.platform._mover, self.engine
        mover.wake()
        self.platform.inner.inbox.escalate()
        for batch in mover.form(most=3):
            engine.start(batch)
        for _ in range(steps):
            engine.step()
        self.look_at_engine()

    def look_at_engine(self) -> None:
        """What the dead left is put back, what was never started is started; a run that raised is a failure."""
        engine = self.engine
        for _, error in engine.raised:
            raise error
        for life in list(engine.dead):
            engine.take_over(life, lambda batch: "parcels@dev")
        known = {batch for batch, *_ in self.platform._mover.open_batches(0)}
        for batch in known:
            engine.start(batch)

    @rule(answered=st.integers(0, 16), faults=st.lists(st.sampled_from(list(Fault)), max_size=2))
    def send(self, answered: int, faults: list[Fault]) -> None:
        """Senders get permission and call; the process may die before it knows all the answers."""
        for fault in faults:
            self.carrier.service.fault(fault)
        sending = self.platform._sending
        jobs = sending.turn([], {})
        held = [hold for hold in holding.standing(self.database) if hold.scope == "everything"]
        assert not held or all(job.asking for job in jobs), "an effect became `sending` under a hold of everything"
        finished = [self.perform(job) for job in jobs[:answered]]
        if len(jobs) > answered:
            self.perform_some(jobs[answered:])
            sending.sender = f"{sending.sender}+"  # a new life: answers to the old one come too late
        sending.turn(finished, {}, taking=False)

    def perform(self, job: Job) -> Finished:
        """One call, to its end."""
        return self.platform.inner.loop.run(self.platform.inner.performer.perform(job))

    def perform_some(self, jobs: list[Job]) -> None:
        """Calls that a process made before it died: half of them went out, none of the answers came back."""
        for job in jobs[::2]:
            self.perform(job)

    @rule()
    def lose(self) -> None:
        """Somebody finds the effects of senders that are gone."""
        mine = self.platform._sending.sender
        self.platform._sending.lose(lambda senders: {sender for sender in senders if sender != mine})

    @rule(span=st.sampled_from(["1s", "5s", "1m", "2h", "1d"]))
    def wait(self, span: str) -> None:
        """Time passes."""
        self.platform.clock.forward(span)

    @rule()
    def restart(self) -> None:
        """The process ends in the middle of everything, and another one begins."""
        self.now = self.platform.clock.now().isoformat()
        self.platform.__exit__(None, None, None)
        self.begin()
        self.look_at_engine()

    # -- people --------------------------------------------------------------------

    @rule(pick=st.integers(0, 50), yes=st.booleans())
    def decide(self, pick: int, yes: bool) -> None:  # noqa: FBT001
        """Somebody settles a decision; about an unknown effect they tell the truth."""
        waiting = self.platform.inner.inbox.waiting(most=100)
        if waiting:
            decision = waiting[pick % len(waiting)]
            self.platform.inner.inbox.settle(decision.id, self.answer(decision, yes=yes))

    def answer(self, decision: Decision, *, yes: bool) -> Answer:
        """An answer that fits the kind."""
        match decision.kind.value:
            case "judgement" | "abstained":
                return said("value", "no")
            case "unknown variant":
                return said("value", "letter") if yes else said("withdraw")
            case "approval":
                return said("approve" if yes else "refuse")
            case "exception":
                return said("go on" if yes else "finish")
            case "unknown effect":
                key = self.key_of(decision)
                if key in self.carrier.journeys:
                    return said("done", {"number": self.carrier.journeys[key]})
                return said("not done")
            case "inputs changed":
                return said("keep")
            case _:
                return said("withdraw")

    def key_of(self, decision: Decision) -> str:
        """The key of the effect that a decision is about."""
        with self.database.snapshot() as tx:
            return next(row.key for row in looking.effects_of(tx, decision.case) if row.id == decision.effect)

    @rule(
        scope=st.sampled_from(
            [("everything", ""), ("automation", "parcels"), ("segment", "country=FR"), ("connection", "carrier")]
        )
    )
    def hold(self, scope: tuple[str, str]) -> None:
        """Somebody holds."""
        holding.hold(self.database, scope=scope[0], name=scope[1], by="tester", known="test", reason="because")

    @rule()
    def resume(self) -> None:
        """Somebody lifts every hold."""
        for one in holding.standing(self.database):
            holding.resume(self.database, scope=one.scope, name=one.name, by="tester", known="test")

    @rule(from_start=st.booleans())
    def replay(self, from_start: bool) -> None:  # noqa: FBT001
        """Somebody replays all dead letters."""
        with self.database.snapshot() as tx:
            dead = [row.id for row in looking.dead_letters(tx, "parcels")]
            parents = {row.id for row in dead_rows(tx, dead) if row.parent is None}
        dead = [case for case in dead if case in parents or not from_start]
        if dead:
            first = self.platform.inner.automation("parcels").plan.first
            replaying.replay(self.database, dead, first=first, from_start=from_start, by="tester", reason="fixed")

    @rule(pick=st.integers(0, 50))
    def withdraw(self, pick: int) -> None:
        """Somebody ends a case, wherever it is."""
        with self.database.snapshot() as tx:
            rows = [row for row in looking.cases_by_key(tx, f"P{pick}") if row.place not in {"done", "withdrawn"}]
        if rows:
            ending.withdraw(self.database, self.platform.inner.inbox, [rows[0].id], by="tester", reason="because")

    # -- what must always be true --------------------------------------------------

    @property
    def database(self) -> Database:
        """The database of the process that lives now."""
        return self.platform.inner.database

    @invariant()
    @precondition(lambda self: hasattr(self, "platform"))
    def nothing_is_lost(self) -> None:
        """Both sums hold, no row contradicts another, and everything that came in is counted."""
        proof = prove(self.database)
        assert proof.holds, proof
        with self.database.snapshot() as tx:
            assert looking.tally(tx).arrived == self.arrived

    @invariant()
    @precondition(lambda self: hasattr(self, "platform"))
    def nothing_is_done_twice(self) -> None:
        """The carrier acted at most once on each key."""
        twice = {key: times for key, times in Counter(self.carrier.acted).items() if times > 1}
        assert not twice

    def teardown(self) -> None:
        """When everybody lets go and time passes, every case comes to an end or to a person."""
        if not hasattr(self, "platform"):
            return
        try:
            self.resume()
            for _ in range(60):
                self.lose()
                self.move(60)
                for _ in range(3):
                    self.send(16, [])
                self.platform.clock.forward("10m")
                if not self.on_the_way():
                    break
            assert not self.on_the_way()
            self.nothing_is_lost()
            self.nothing_is_done_twice()
            with self.database.snapshot() as tx:
                states = {row.key: row.state for row in looking.effects_at(tx, "parcels", "travel")}
            confirmed = {key for key, state in states.items() if state == "confirmed"}
            assert confirmed <= set(self.carrier.acted)
            assert {key for key in self.carrier.acted if states[key] not in {"confirmed", "unknown"}} == set()
        finally:
            self.platform.__exit__(None, None, None)

    def on_the_way(self) -> list[tuple[int, str, str | None]]:
        """Cases that should still move by themselves: not those that wait for items which people must settle."""
        with self.database.snapshot() as tx:
            rows = tx.execute(
                moving.cases.select().where(
                    moving.cases.c.place.in_([Place.READY.value, Place.MOVING.value, Place.WAITING.value])
                )
            ).all()
        return [(row.id, row.place, row.waits_for) for row in rows if row.waits_for != "its items"]


def dead_rows(tx: Any, ids: list[int]) -> list[Any]:
    """The rows of dead letters."""
    return [row for case in ids if (row := looking.case_by_id(tx, case)) is not None]


def empty(url: str) -> None:
    """Remove every row that an example before left, but for the audit trail, which is only added to."""
    database = Database(url)
    prepare(database)
    with database.transaction() as tx:
        for table in reversed(metadata.sorted_tables):
            if table.name not in {"trail", "trail_heads"}:
                tx.execute(table.delete())
        make_gate(tx)
    database.close()


def live(url: str, repeat: str, examples: int, steps: int) -> None:
    """Run the machine."""
    machine = type("Machine", (Lives,), {"url": url, "repeat": repeat})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
            phases=[Phase.explicit, Phase.generate],  # a life is too long to be shrunk within a test's time
            print_blob=True,
        ),
    )


def test_restless_days(database_url: str) -> None:
    """A few random lives for an effect that asks before it is sent again."""
    live(database_url, "ask", examples=int(os.environ.get("RESTLESS", "4")), steps=30)


def test_restless_days_of_safe_and_never(database_url: str) -> None:
    """The same for an effect that is safe to repeat, and for one that is never sent again."""
    for repeat in ("safe", "never"):
        live(database_url, repeat, examples=int(os.environ.get("RESTLESS", "4")) // 2, steps=30)

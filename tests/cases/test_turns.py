"""Shares as they are claimed and permitted, on both databases."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from pilotage.cases.service import holding
from pilotage.cases.service.moving import Mover
from pilotage.cases.service.permits import Permits
from pilotage.cases.service.working import Worker
from pilotage.cases.shares import Group
from pilotage.cases.store.moving import something_to_do
from pilotage.cases.tables import cases, effects
from pilotage.cases.values import EffectState
from pilotage.kernel.ids import ids
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.port import Runner
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.pulse import Pulse
from pilotage.testing import Platform
from tests.cases import parcels


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """A platform with two automations that send through one carrier."""
    carrier = parcels.Carrier()
    many, few = parcels.automation("ask"), parcels.automation("ask")
    few.name = "few"
    with Platform(many, few, services=[carrier.service], database_url=database_url) as opened:
        yield opened


def add(platform: Platform, automation: str, segment: str | None, count: int, *, node: str | None = None) -> None:
    """Ready cases of a segment, written as a flood would be."""
    node = node or platform.inner.automation(automation).plan.first
    text = None if segment is None else f"|country={segment}|"
    rows = [
        {
            "id": number,
            "automation": automation,
            "key": f"{segment}-{number}",
            "digest": "",
            "release": "dev",
            "place": "ready",
            "node": node,
            "segments": text,
            "attempts": 0,
            "deaths": 0,
            "accepted_at": number,
            "changed_at": 0,
        }
        for number in ids.make(count)
    ]
    with platform.inner.database.transaction() as tx:
        tx.execute(cases.insert(), rows)


def segments_in(database: Database, batch: int) -> Counter[str | None]:
    """How many cases of each segment a batch has."""
    with database.snapshot() as tx:
        return Counter(row.segments for row in tx.execute(cases.select().where(cases.c.batch == batch)))


def only(mover: Mover) -> Group:
    """The one group that is ready."""
    (group,) = mover.ready()
    return group


def test_ten_cases_are_not_behind_a_flood(platform: Platform) -> None:
    """A segment's few cases, which came after a flood of another one, are all in the next batch, and the batch is full."""
    add(platform, "parcels", "FR", 700)
    add(platform, "parcels", "DE", 10)
    add(platform, "parcels", None, 3)
    mover = platform.inner.mover("test")
    batch, size = mover.claim(only(mover), 100)
    assert size == 100
    assert segments_in(platform.inner.database, batch) == {"|country=FR|": 87, "|country=DE|": 10, None: 3}


def test_each_segment_has_its_turn(platform: Platform) -> None:
    """With batches of two and forty segments, twenty batches have served every segment once."""
    for number in range(39):
        add(platform, "parcels", f"C{number:02}", 5)
    add(platform, "parcels", None, 5)
    mover = platform.inner.mover("test")
    group = only(mover)
    served: Counter[str | None] = Counter()
    for _ in range(20):
        batch, size = mover.claim(group, 2)
        assert size == 2
        served += segments_in(platform.inner.database, batch)
    assert len(served) == 40


def test_cases_of_a_segment_go_in_the_order_of_their_arrival(platform: Platform) -> None:
    """Within a segment the oldest go first."""
    add(platform, "parcels", "FR", 30)
    mover = platform.inner.mover("test")
    batch, _ = mover.claim(only(mover), 10)
    with platform.inner.database.snapshot() as tx:
        rows = tx.execute(cases.select().order_by(cases.c.id)).all()
    assert [row.batch for row in rows] == [batch] * 10 + [None] * 20


def test_a_case_without_a_step_is_found(platform: Platform) -> None:
    """Ready cases that stand at no step are a group as well."""
    add(platform, "parcels", "FR", 2)
    with platform.inner.database.transaction() as tx:
        tx.execute(cases.update().values(node=None))
    mover = platform.inner.mover("test")
    assert mover.claim(only(mover), 10)[1] == 2


class Standing:
    """An engine whose batches never end."""

    executor = "test"

    def __init__(self) -> None:
        self.begun: list[int] = []

    def launch(self, runner: Runner, queues: Sequence[str]) -> None:
        """Nothing runs."""

    def start(self, batch: int) -> bool:
        """It stands."""
        self.begun.append(batch)
        return True

    def holds(self, batch: int) -> bool:
        """It stands."""
        return batch in self.begun

    def enqueue(self, batch: int, queue: str) -> None:
        """Nothing is queued."""

    def take_over(self, executor: str, queue_of: Callable[[int], str | None]) -> list[int]:
        """Nobody is gone."""
        return []

    def forget(self, batches: Sequence[int]) -> None:
        """Nothing is known."""

    def close(self, *, within: float) -> None:
        """Nothing is open."""


def test_a_slow_automation_leaves_a_place(platform: Platform) -> None:
    """While batches of a flood stand for ever, cases of another automation are moved by the same worker."""
    inner, engine = platform.inner, Standing()
    worker = Worker(
        mover=inner.mover("test"),
        taking=inner.taking,
        sending=inner.sending("test"),
        performer=inner.performer,
        engine=engine,
        lives=Lives(inner.database),
        loop=inner.loop,
        pulse=Pulse(inner.database, something_to_do(["parcels"])),
    )
    add(platform, "parcels", None, 50)
    assert worker.form() == 2
    assert worker.form() == 0
    add(platform, "few", None, 5)
    assert worker.form() == 1
    batch = inner.mover("test").batch(engine.begun[-1])
    assert batch is not None
    assert batch.automation == "few"


def plan(platform: Platform, automation: str, segment: str | None, count: int, *, priority: int = 0) -> None:
    """Planned effects, due at once."""
    rows = [
        {
            "id": number,
            "key": f"{automation}-{number}",
            "automation": automation,
            "release": "dev",
            "case_id": number,
            "node": "travel",
            "step": "travel",
            "connection": "carrier",
            "segments": None if segment is None else f"|country={segment}|",
            "generation": 0,
            "inputs": "",
            "repeat": "ask",
            "state": "planned",
            "priority": priority,
            "planned_at": 0,
            "changed_at": 0,
        }
        for number in ids.make(count)
    ]
    with platform.inner.database.transaction() as tx:
        tx.execute(effects.insert(), rows)


def permitted(platform: Platform, permits: Permits, room: int) -> Counter[tuple[str, str | None]]:
    """What gets the next permits: (automation, segment)."""
    database = platform.inner.database
    with database.transaction() as tx:
        now = database.now(tx)
        taken: list[int] = []
        for due in permits.look(tx, now, lambda _: True, most=32):
            taken += [
                effect
                for effect, _ in permits.take(tx, due, room=room, sending=room, sender="test", now=now, send_by=now + 5)
            ]
        rows = tx.execute(effects.select().where(effects.c.id.in_(taken))).all()
    assert all(row.state == EffectState.SENDING.value and row.sender == "test" for row in rows)
    return Counter((row.automation, row.segments) for row in rows)


def test_an_automations_few_effects_are_not_behind_a_flood(platform: Platform) -> None:
    """The ten effects of one automation are permitted with the first room, whatever another one planned before."""
    plan(platform, "parcels", None, 500)
    plan(platform, "few", None, 10)
    assert permitted(platform, Permits(served=platform.inner.served), 32) == {("parcels", None): 22, ("few", None): 10}


def test_a_segments_few_effects_are_not_behind_a_flood(platform: Platform) -> None:
    """The same for segments of one automation; and where room is for one alone, they take turns."""
    plan(platform, "parcels", "FR", 500)
    plan(platform, "parcels", "DE", 10)
    plan(platform, "parcels", None, 10)
    permits = Permits(served=platform.inner.served)
    assert sorted(permitted(platform, permits, 16).values()) == [5, 5, 6]
    turns = sum((permitted(platform, permits, 1) for _ in range(6)), Counter[tuple[str, str | None]]())
    assert sorted(turns.values()) == [2, 2, 2]


def test_priority_comes_before_turns(platform: Platform) -> None:
    """What is urgent goes first, and what is not fills the room that is left."""
    plan(platform, "parcels", None, 500, priority=1)
    plan(platform, "few", None, 10)
    assert permitted(platform, Permits(served=platform.inner.served), 32) == {("parcels", None): 22, ("few", None): 10}
    plan(platform, "few", None, 40)
    assert permitted(platform, Permits(served=platform.inner.served), 32) == {("few", None): 32}


def test_what_is_on_hold_takes_no_share(platform: Platform) -> None:
    """A held automation gets nothing and has no work; a held segment's flood leaves its room to the others."""
    inner = platform.inner
    plan(platform, "parcels", "FR", 500)
    plan(platform, "parcels", "DE", 40)
    permits = Permits(served=inner.served)
    holding.hold(inner.database, scope="segment", name="country=FR", by="tester", known="test", reason="because")
    assert permitted(platform, permits, 32) == {("parcels", "|country=DE|"): 32}
    holding.hold(inner.database, scope="automation", name="parcels", by="tester", known="test", reason="because")
    assert not inner.sending("test").has_work()
    assert permitted(platform, permits, 32) == {}


def test_what_is_due_later_is_no_work(platform: Platform) -> None:
    """An effect that waits for another attempt is not permitted before its time."""
    plan(platform, "parcels", None, 3)
    inner = platform.inner
    with inner.database.transaction() as tx:
        tx.execute(effects.update().values(due_at=inner.database.now(tx) + 1_000_000))
    assert not inner.sending("test").has_work()
    platform.clock.forward("2s")
    assert inner.sending("test").has_work()

"""The other side is away for a while, on both databases: everybody waits, one call asks, nobody is given up."""

from datetime import timedelta
from itertools import cycle, pairwise

import pytest

from pilotage.cases.service import holding
from pilotage.cases.service.settling import on_its_own
from pilotage.connections import limiting
from pilotage.connections.breaker import Breaker
from pilotage.testing import CaseView, Fault, Place, Platform
from tests.cases.conftest import Opened

PARCELS = 40


def submitted(platform: Platform) -> list[CaseView]:
    """Parcels that want to travel."""
    return [
        platform.submit(platform.parcels, {"id": f"P{number}", "kind": "letter"})  # type: ignore[attr-defined]
        for number in range(PARCELS)
    ]


def lasts(platform: Platform, minutes: int, step: str = "20s") -> None:
    """Time passes while the platform works."""
    until = platform.clock.now() + timedelta(minutes=minutes)
    while platform.clock.now() < until:
        platform.settle()
        platform.clock.forward(step)
    platform.settle()


def breaker(platform: Platform) -> Breaker:
    """How the carrier's breaker stands."""
    with platform.inner.database.snapshot() as tx:
        now = platform.inner.database.now(tx)
        return limiting.read(tx, now)["carrier"].stored.breaker


@pytest.mark.slow
@pytest.mark.parametrize("repeat", ["safe", "ask"])
@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.DONE_THEN_500, Fault.SLOW, Fault.CHANGED_BODY])
def test_an_outage_of_20_minutes_makes_no_dead_letters(opened: Opened, repeat: str, fault: Fault) -> None:
    """Dead, failing, silent or answering something else: 40 parcels wait, some twenty calls probe, then each acts once."""
    platform, carrier = opened(repeat)
    cases = submitted(platform)
    carrier.service.fault(fault, times=10_000)
    lasts(platform, 20)
    assert not breaker(platform).closed
    assert {case.place for case in cases} == {Place.WAITING}
    assert carrier.service.tried <= PARCELS + 40
    carrier.service.mend()
    lasts(platform, 5)
    assert breaker(platform).closed
    assert {case.place for case in cases} == {Place.DONE}
    assert sorted(carrier.acted) == sorted(set(carrier.acted))
    assert len(carrier.journeys) == PARCELS


def test_a_lone_case_waits_an_outage_out(opened: Opened) -> None:
    """One parcel alone, whose attempts would be used up within two minutes, is not given up while nobody answers."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DOWN, times=10_000)
    case = platform.submit(platform.parcels, {"id": "P1", "kind": "letter"})  # type: ignore[attr-defined]
    lasts(platform, 20)
    assert case.place is Place.WAITING
    carrier.service.mend()
    lasts(platform, 3)
    assert case.place is Place.DONE


def test_what_waited_goes_in_order_of_age(opened: Opened) -> None:
    """Effects that were never tried go out oldest first when the other side is back."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DOWN, times=10_000)
    early = [platform.submit(platform.parcels, {"id": f"E{n}", "kind": "letter"}) for n in range(6)]  # type: ignore[attr-defined]
    lasts(platform, 2)
    assert not breaker(platform).closed
    late = [platform.submit(platform.parcels, {"id": f"L{n}", "kind": "letter"}) for n in range(30)]  # type: ignore[attr-defined]
    lasts(platform, 2)
    carrier.service.mend()
    lasts(platform, 5, step="1s")
    assert all(case.place is Place.DONE for case in (*early, *late))
    keys = [effect.key for effect in platform.effects("travel")]
    ranks = [keys.index(key) for key in carrier.acted if key in keys[6:]]
    # a few of them probed in vain and have a time of their own; all others go in order
    assert sum(later < earlier for earlier, later in pairwise(ranks)) <= 6


def test_a_service_that_is_back_is_not_met_by_everything_at_once(opened: Opened) -> None:
    """Behind the probe go two, then more: the drain begins gently."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DOWN, times=10_000)
    submitted(platform)
    lasts(platform, 3)
    carrier.service.mend()
    sending, loop = platform._sending, platform.inner.loop
    sizes = list[int]()
    platform.clock.forward("2m")
    for _ in range(40):
        platform._mover.wake()
        jobs = sending.turn([], {})
        if not jobs:
            platform.clock.forward("2s")
            continue
        sizes.append(len(jobs))
        sending.turn([loop.run(platform.inner.performer.perform(job)) for job in jobs], {}, taking=False)
        if sum(sizes) >= PARCELS:
            break
    assert sizes[:3] == [1, 2, 6]


def test_a_connection_that_works_costs_no_writing(opened: Opened) -> None:
    """Answers are gathered: a turn that has only good news to write does not write the connection's row."""
    platform, carrier = opened("safe")
    platform.submit(platform.parcels, {"id": "P1", "kind": "letter"})  # type: ignore[attr-defined]
    platform.settle()
    assert len(carrier.acted) == 1
    with platform.inner.database.snapshot() as tx:
        stored = limiting.read(tx, platform.inner.database.now(tx))["carrier"].stored
    assert stored.heard == {}
    platform.clock.forward("10s")
    platform.inner.watch.write()
    with platform.inner.database.snapshot() as tx:
        stored = limiting.read(tx, platform.inner.database.now(tx))["carrier"].stored
    assert list(stored.heard.values()) == [{"answered": 1}]


def test_what_waits_for_a_connection_does_not_move_by_itself(opened: Opened) -> None:
    """Whoever works until nothing moves any more does not wait for a dead server: its effects need time."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DOWN, times=10_000)
    submitted(platform)
    lasts(platform, 2)
    served = platform.inner.served.pairs
    assert on_its_own(platform.inner.database, served, soon=1.0).count == 0
    assert on_its_own(platform.inner.database, served, soon=120.0).count == PARCELS


def test_half_broken_for_ten_minutes_makes_no_dead_letters(opened: Opened) -> None:
    """Down for 20 minutes, then every other call fails in one way or another, then well: all done, each once, in two sums."""
    platform, carrier = opened("safe")
    carrier.service.fault(Fault.DOWN, times=10_000)
    cases = submitted(platform)
    lasts(platform, 20)
    carrier.service.mend()
    faults = cycle([Fault.DONE_THEN_500, Fault.CHANGED_BODY, Fault.SLOW])
    for _ in range(30):
        carrier.service.fault(next(faults))
        platform.settle()
        platform.clock.forward("20s")
    carrier.service.mend()
    lasts(platform, 10)
    assert {case.place for case in cases} == {Place.DONE}
    assert sorted(carrier.acted) == sorted(set(carrier.acted))
    assert len(carrier.journeys) == PARCELS


def test_a_failure_behind_a_long_wait_is_a_first_one(opened: Opened) -> None:
    """What waited longer than failures are tried again has all its attempts: two that fail at first end nothing."""
    platform, carrier = opened("safe")
    database = platform.inner.database
    holding.hold(database, scope="connection", name="carrier", by="tester", known="test", reason="because")
    cases = submitted(platform)
    lasts(platform, 121, step="40m")
    assert carrier.service.tried == 0
    holding.resume(database, scope="connection", name="carrier", by="tester", known="test")
    carrier.service.fault(Fault.DONE_THEN_500, times=2)
    lasts(platform, 5)
    assert {case.place for case in cases} == {Place.DONE}
    assert sorted(carrier.acted) == sorted(set(carrier.acted))

"""A service of which a part fails is not asked again by everybody, on both databases: repeats wait, and lose nothing."""

from collections import Counter

import pytest

from pilotage.connections.breaker import LEAST_REPEATS
from pilotage.testing import Fault, Place
from tests.cases.conftest import Opened
from tests.cases.test_outage import breaker, lasts

CALLS = 60
FAILING = 20
ALLOWED = max(LEAST_REPEATS, CALLS // 5)


@pytest.mark.parametrize("repeat", ["safe", "ask"])
def test_repeats_beyond_their_share_wait_and_lose_nothing(opened: Opened, repeat: str) -> None:
    """A third of the calls fails: a fifth may be repeats, the others wait with no attempt used up; all are done, once each."""
    platform, carrier = opened(repeat)
    cases = [platform.submit(platform.parcels, {"id": f"A{n}", "kind": "letter"}) for n in range(CALLS // 2)]  # type: ignore[attr-defined]
    platform.settle()
    carrier.service.fault(Fault.DOWN, times=FAILING)
    cases += [platform.submit(platform.parcels, {"id": f"B{n}", "kind": "letter"}) for n in range(CALLS // 2)]  # type: ignore[attr-defined]
    platform.settle()
    assert carrier.service.tried == CALLS
    assert breaker(platform).closed
    platform.clock.forward("2s")
    platform.settle()
    assert carrier.service.tried == CALLS + ALLOWED
    held = [effect for effect in platform.effects("travel") if effect.state == "planned"]
    assert len(held) == FAILING - ALLOWED
    assert {effect.attempt for effect in held} == {1}
    assert all(effect.words for effect in held), "what was said last is still known"
    lasts(platform, 5)
    assert Counter(case.place for case in cases) == {Place.DONE: CALLS}
    assert max(effect.attempt for effect in platform.effects("travel")) == 2
    assert sorted(carrier.acted) == sorted(set(carrier.acted))


def test_a_first_attempt_is_not_held_back(opened: Opened) -> None:
    """While repeats wait, whoever comes new is sent at once."""
    platform, carrier = opened("safe")
    for number in range(CALLS // 2):
        platform.submit(platform.parcels, {"id": f"A{number}", "kind": "letter"})  # type: ignore[attr-defined]
    platform.settle()
    carrier.service.fault(Fault.DOWN, times=FAILING)
    for number in range(CALLS // 2):
        platform.submit(platform.parcels, {"id": f"B{number}", "kind": "letter"})  # type: ignore[attr-defined]
    platform.settle()
    platform.clock.forward("2s")
    new = platform.submit(platform.parcels, {"id": "new", "kind": "letter"})  # type: ignore[attr-defined]
    platform.settle()
    assert new.place is Place.DONE

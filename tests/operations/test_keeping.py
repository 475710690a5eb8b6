"""Which worker processes are started and stopped."""

import pytest

from pilotage.operations.keeping import LONGEST_PAUSE, STEADY, Acts, Kept, decide, died, started


def test_what_is_wanted_is_started_once() -> None:
    """A release that is wanted and not kept is started; one that runs is left alone."""
    running = {"R-1": Kept(running=True, since=0.0)}
    assert decide(["R-1", "R-2"], running, 5.0) == Acts(start=("R-2",))


def test_what_is_not_wanted_any_more_is_stopped_or_forgotten() -> None:
    """A process whose release is not wanted is stopped; one that died and is not wanted is forgotten."""
    kept = {"R-1": Kept(running=True, since=0.0), "R-2": Kept(running=False, since=0.0, again_at=99.0)}
    assert decide([], kept, 5.0) == Acts(stop=("R-1",), forget=("R-2",))


def test_the_first_death_costs_no_pause() -> None:
    """A process that was killed after a long life comes back at once."""
    dead = died(started(None, 0.0), -9, STEADY + 1)
    assert decide(["R-1"], {"R-1": dead}, STEADY + 1).start == ("R-1",)


def test_pauses_double_up_to_the_longest() -> None:
    """A process that dies at every start is tried more and more rarely, and never given up."""
    kept, now, pauses = started(None, 0.0), 0.0, []
    for _ in range(10):
        kept = died(kept, 2, now)
        pauses.append(kept.again_at - now)
        assert decide(["R-1"], {"R-1": kept}, kept.again_at).start == ("R-1",)
        if pauses[-1]:
            assert decide(["R-1"], {"R-1": kept}, kept.again_at - 0.01).start == ()
        now = kept.again_at
        kept = started(kept, now)
    assert pauses == [0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_PAUSE, LONGEST_PAUSE, LONGEST_PAUSE]


@pytest.mark.parametrize(("lived", "failures"), [(STEADY - 1, 4), (STEADY, 1)])
def test_a_long_life_is_a_clean_slate(lived: float, failures: int) -> None:
    """Who has lived for a while is not punished for deaths before."""
    kept = Kept(running=True, since=100.0, failures=3)
    assert died(kept, 1, 100.0 + lived).failures == failures

"""When a failure is tried again, and when it is given up."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pilotage.cases.retry import LONGEST, SECOND, Budget, next_attempt, throttled_until

NOW = 1_700_000_000 * SECOND
chances = st.integers(0, 2**32).map(Random)


@given(chances)
def test_five_attempts_outlast_a_restart(chance: Random) -> None:
    """With the budget that nobody changed, what fails at once each time is tried over 40 to 85 seconds, then given up."""
    now, attempts = NOW, 1
    while (due := next_attempt(failures=attempts, since=NOW, now=now, budget=Budget(), chance=chance)) is not None:
        assert due > now
        now, attempts = due, attempts + 1
    assert attempts == 5
    assert 40 * SECOND <= now - NOW <= 85 * SECOND


@given(st.integers(1, 10_000), chances)
def test_pauses_grow_to_five_minutes_and_differ(failures: int, chance: Random) -> None:
    """However often something failed, the next attempt is within five minutes; half of the pause is left to chance."""
    budget = Budget(attempts=20_000)
    due = next_attempt(failures=failures, since=NOW, now=NOW, budget=budget, chance=chance)
    assert due is not None
    whole = min(LONGEST, SECOND * 4 ** (failures - 1))
    assert whole // 2 <= due - NOW <= whole


@given(st.integers(0, 100), st.integers(0, 10_000 * SECOND), chances)
def test_the_budget_ends_by_number_or_by_time(failures: int, age: int, chance: Random) -> None:
    """Whichever is used up first ends it; the time counts only as far as it was spent on failures."""
    budget = Budget(attempts=12, within=600 * SECOND)
    due = next_attempt(failures=failures, since=NOW - age, now=NOW, budget=budget, chance=chance)
    spent = sum(min(LONGEST, SECOND * 4**one) for one in range(failures - 1))
    assert (due is None) == (failures >= 12 or (age >= 600 * SECOND and spent >= 600 * SECOND))


@given(st.integers(1, 4), chances)
def test_what_waited_for_days_has_all_its_attempts(failures: int, chance: Random) -> None:
    """A quota that was used up, or a connection that was left alone: its first failures end nothing."""
    since = NOW - 3 * 86_400 * SECOND
    assert next_attempt(failures=failures, since=since, now=NOW, budget=Budget(), chance=chance) is not None
    assert next_attempt(failures=5, since=since, now=NOW, budget=Budget(), chance=chance) is None


@given(st.integers(0, 10_000 * SECOND), chances)
def test_nobody_comes_before_the_other_side_wants_it(after: int, chance: Random) -> None:
    """What the other side asked for is kept, by a failure and by one that was throttled; those come a little apart."""
    due = next_attempt(failures=1, since=NOW, now=NOW, budget=Budget(), chance=chance, after=after)
    assert due is not None
    assert due >= NOW + after
    assert NOW + after <= throttled_until(now=NOW, after=after, chance=chance) <= NOW + after + SECOND

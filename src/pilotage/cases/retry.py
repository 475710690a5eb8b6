"""When something that failed is tried again, and when it is given up. Pure."""

from dataclasses import dataclass
from random import Random
from typing import Final

SECOND: Final = 1_000_000
FIRST: Final = 1 * SECOND
GROWTH: Final = 4
"""Five attempts stretch over a minute, in which a service that is being restarted has come back."""
LONGEST: Final = 300 * SECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """How often and how long a failure is tried again; times in microseconds."""

    attempts: int = 5
    within: int = 3600 * SECOND


def next_attempt(
    *, failures: int, since: int, now: int, budget: Budget, chance: Random, after: int | None = None
) -> int | None:
    """When to try again after `failures` failures since `since`, or None when the budget is used up.

    Exponential backoff with half of it left to chance, so that those who failed together do not come back together
    (Brooker, "Exponential Backoff And Jitter", 2015: equal jitter). `after` is what the other side asked for. Time in which
    it was not its turn (no room within a quota, a connection that was left alone) is not held against it.
    """
    late = now - since >= budget.within and _spent(failures) >= budget.within
    if failures >= budget.attempts or late:
        return None
    pause = _pause(failures)
    pause = pause // 2 + int(chance.random() * (pause // 2))
    return now + max(pause, after or 0)


def _pause(failures: int) -> int:
    return min(LONGEST, FIRST * GROWTH ** min(8, max(0, failures - 1)))


def _spent(failures: int) -> int:
    """How long failures have been tried again, at most: what waited for room or for an outage's end was not tried meanwhile."""
    short = min(failures, 10)
    return sum(_pause(one) for one in range(1, short)) + (failures - short) * LONGEST


def throttled_until(*, now: int, after: int | None, chance: Random) -> int:
    """When to try again after "too many": as the other side says, a little later each, and no failure of ours."""
    wait = after if after is not None else SECOND
    return now + wait + int(chance.random() * min(wait, SECOND))

"""Limits are counted as the server counts them, whatever the delays on the way."""

from collections import deque
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import pyrate_limiter
from hypothesis import given, settings
from hypothesis import strategies as st
from limited_account import refused
from pyrate_limiter.abstracts.algorithm import GCRA

from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.counting import SECOND, Count, Flight, Form, form_of, strictest

LIMITS = st.one_of(
    st.builds(lambda calls, burst: Rate(calls, per="second", burst=burst), st.integers(1, 50), st.integers(1, 60)),
    st.builds(lambda calls: Quota(calls, per="minute"), st.integers(1, 200)),
    st.builds(lambda calls, seconds: Window(calls, seconds=seconds), st.integers(1, 100), st.sampled_from([0.5, 1, 7])),
)
CALLS = st.lists(
    st.tuples(
        st.integers(0, 2 * SECOND),  # the pause before it is asked for
        st.integers(1, 12),  # how many at once
        st.floats(0, 1),  # when it arrives, within its flight
        st.floats(0, 1),  # when its answer is here, after its arrival
        st.booleans(),  # whether the answer is ever seen
    ),
    max_size=60,
)


def _over(form: Form, limit: Rate | Quota | Window, arrivals: list[tuple[int, int]]) -> bool:
    """Whether a server that counts in this form saw more than it allows."""
    match limit:
        case Rate():
            level, last = 0.0, 0
            for at, count in arrivals:
                level = max(0.0, level - (at - last) * limit.calls / (limit.seconds * SECOND)) + count
                last = at
                if level > limit.burst + 1e-6:
                    return True
            return False
        case Quota():
            seen: dict[int, int] = {}
            for at, count in arrivals:
                seen[at // (60 * SECOND)] = seen.get(at // (60 * SECOND), 0) + count
            return any(count > limit.calls for count in seen.values())
        case Window():
            held: deque[tuple[int, int]] = deque()
            for at, count in arrivals:
                held.append((at, count))
                while held[0][0] <= at - int(limit.seconds * SECOND):
                    held.popleft()
                if sum(one for _, one in held) > limit.calls:
                    return True
            return False


@settings(max_examples=300, deadline=None)
@given(limit=LIMITS, calls=CALLS, length=st.integers(1, 20 * SECOND))
def test_the_server_never_counts_more_than_it_allows(
    limit: Rate | Quota | Window, calls: list[tuple[int, int, float, float, bool]], length: int
) -> None:
    """Calls arrive at any moment of their flight, answers come at any later one or never: the server is never asked too often."""
    form, count, now = form_of(limit), Count(), 1_000 * 60 * SECOND
    pending: list[tuple[int, int, Flight]] = []
    arrivals: list[tuple[int, int]] = []
    for pause, wanted, arrives, answered, seen in calls:
        now += pause
        for at, amount, flight in sorted(one for one in pending if one[0] <= now):
            form.forget(count, at)
            form.settle(count, amount, amount, flight, at)
        pending = [one for one in pending if one[0] > now]
        form.forget(count, now)
        flight = Flight(permitted=now, until=now + length)
        taken = min(wanted, form.room(count, flight))
        if taken:
            form.take(count, taken, flight)
            arrival = now + int(arrives * (length - 1))
            arrivals.append((arrival, taken))
            if seen:
                pending.append((arrival + int(answered * (flight.until - arrival - 1)), taken, flight))
    assert not _over(form, limit, sorted(arrivals))


@settings(max_examples=200, deadline=None)
@given(
    calls=st.integers(1, 20),
    per=st.sampled_from(["hour", "day"]),
    begin=st.sampled_from(
        ["2026-10-24T23:40", "2026-03-28T23:40", "2026-10-25T23:40", "2026-10-25T01:40", "2026-03-29T01:40"]
    ),
    made=CALLS,
    length=st.integers(600 * SECOND, 5_400 * SECOND),
)
def test_a_quota_is_never_over_on_days_on_which_the_clocks_change(
    calls: int,
    per: Literal["hour", "day"],
    begin: str,
    made: list[tuple[int, int, float, float, bool]],
    length: int,
) -> None:
    """Days of 23 and 25 hours, an hour that comes twice and one that is missing: as a server in Berlin counts."""
    limit = Quota(calls, per=per, zone="Europe/Berlin")
    form, count = form_of(limit), Count()
    now = int(datetime.fromisoformat(begin).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * SECOND
    pending: list[tuple[int, int, Flight]] = []
    arrived: list[float] = []
    for pause, wanted, arrives, answered, seen in made:
        now += pause * 1_800  # up to an hour
        for at, amount, flight in sorted(one for one in pending if one[0] <= now):
            form.forget(count, at)
            form.settle(count, amount, amount, flight, at)
        pending = [one for one in pending if one[0] > now]
        form.forget(count, now)
        flight = Flight(permitted=now, until=now + length)
        if taken := min(wanted, form.room(count, flight)):
            form.take(count, taken, flight)
            arrival = now + int(arrives * (length - 1))
            arrived += [arrival / SECOND] * taken
            if seen:
                pending.append((arrival + int(answered * (flight.until - arrival - 1)), taken, flight))
    assert refused(limit, arrived) == 0


@given(
    st.integers(1, 100),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, SECOND), st.integers(1, 50)), max_size=200),
)
def test_a_rate_is_the_generic_cell_rate_algorithm(interval: int, burst: int, asked: list[tuple[int, int]]) -> None:
    """With answers at once, it lets through what the textbook's algorithm lets through."""
    calls = 60 * SECOND // (interval * 1_000)
    if 60 * SECOND % calls:
        return
    step = 60 * SECOND // calls
    form, count = form_of(Rate(calls, per="minute", burst=burst)), Count()
    now, theirs = SECOND, 0
    for pause, weight in asked:
        now += pause
        flight = Flight(permitted=now, until=now + SECOND)
        lets = max(theirs, now) + weight * step - now <= burst * step
        assert (form.room(count, flight) >= weight) == lets
        if lets:
            theirs = max(theirs, now) + weight * step
            form.take(count, weight, flight)
            form.settle(count, weight, weight, flight, now)


@given(
    st.integers(1, 500),
    st.integers(1, 50),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 55)), max_size=200),
)
def test_a_rate_lets_through_what_a_well_known_library_lets_through(
    calls: int, burst: int, asked: list[tuple[int, int]]
) -> None:
    """With answers at once: the same decisions as pyrate-limiter's generic cell rate algorithm, in its milliseconds."""
    if 60 * SECOND % calls:  # it rounds what does not divide evenly
        return
    oracle, theirs = GCRA(), [pyrate_limiter.Rate(calls, 60_000, burst=burst)]
    form, count = form_of(Rate(calls, per="minute", burst=burst)), Count()
    state, now = oracle.initial(theirs), 1_700_000_000_000
    for pause, weight in asked:
        now += pause
        state, decision = oracle.step(theirs, state, now, weight)
        flight = Flight(permitted=now * 1_000, until=now * 1_000 + SECOND)
        form.forget(count, flight.permitted)
        lets = form.room(count, flight) >= weight
        assert lets == decision.allowed
        if lets:
            form.take(count, weight, flight)
            form.settle(count, weight, weight, flight, flight.permitted)


def test_a_day_has_twenty_five_hours_where_the_clocks_change() -> None:
    """A daily quota of Berlin begins anew at Berlin's midnight, also on the days of 23 and 25 hours."""
    form = form_of(Quota(10, per="day", zone="Europe/Berlin"))
    berlin = ZoneInfo("Europe/Berlin")
    for month, day, hours in ((10, 25, 25), (3, 29, 23), (6, 1, 24)):
        begin = int(datetime(2026, month, day, tzinfo=berlin).timestamp()) * SECOND
        end = form.end(begin)  # type: ignore[attr-defined]
        assert end - begin == hours * 3600 * SECOND
        assert form.end(end - 1) == end  # type: ignore[attr-defined]


def test_a_call_that_may_arrive_after_midnight_counts_in_both_days() -> None:
    """Until its answer says in which day it arrived at the latest."""
    form, count = form_of(Quota(10, per="day")), Count()
    midnight = 86_400 * SECOND * 20_000
    flight = Flight(permitted=midnight - SECOND, until=midnight + SECOND)
    form.take(count, 10, flight)
    after = Flight(permitted=midnight, until=midnight + SECOND)
    assert form.room(count, after) == 0
    form.settle(count, 10, 10, flight, midnight - 1)
    assert form.room(count, after) == 10


def test_the_strictest_of_two_declarations_counts() -> None:
    """Where two releases declare different numbers, the smaller ones hold."""
    forms = strictest(
        form_of(one)
        for one in (
            Rate(5, per="second", burst=20),
            Rate(9, per="second", burst=3),
            Quota(100, per="day"),
            Quota(80, per="day"),
            Quota(90, per="day", zone="Europe/Berlin"),
        )
    )
    assert sorted((form.key, form.most) for form in forms) == [
        ("quota/day/Europe/Berlin/calls", 90),
        ("quota/day/UTC/calls", 80),
        ("rate/second/calls", 3),
    ]


def test_money_is_counted_in_millionths() -> None:
    """Five dollars a day are five million millionths."""
    assert form_of(Quota(5, per="day", of="USD")).most == 5_000_000

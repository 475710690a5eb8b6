"""What the other side says about its limits is learned: tighter at once, never looser."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.authoring.limits import Quota, Rate
from pilotage.connections.counting import SECOND
from pilotage.connections.hearing import Notice, Told, read_notice
from pilotage.connections.limiting import Limiter
from pilotage.connections.standing import CALLS, Standing
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

NOW = datetime(2026, 10, 5, 9, tzinfo=UTC)
AT = int(NOW.timestamp()) * SECOND


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"ratelimit": '"default";r=50;t=30'}, Told(remaining=50, reset=30)),
        (
            {
                "ratelimit": '"burst";r=2;t=1, "day";r=900;t=4000',
                "ratelimit-policy": '"burst";q=5;w=1, "day";q=1000;w=86400',
            },
            Told(remaining=2, reset=1, limit=5, window=1),
        ),
        ({"ratelimit": "limit=100, remaining=7, reset=12"}, Told(remaining=7, reset=12, limit=100)),
        (
            {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "0", "ratelimit-reset": "21"},
            Told(remaining=0, reset=21, limit=100, window=60),
        ),
        (
            {
                "x-ratelimit-limit": "5000",
                "x-ratelimit-remaining": "4",
                "x-ratelimit-reset": str(int(NOW.timestamp()) + 90),
            },
            Told(remaining=4, reset=90, limit=5000),
        ),
        ({"x-ratelimit-remaining": "3"}, None),
        ({"x-ratelimit-remaining": "many", "x-ratelimit-reset": "soon"}, None),
        ({"ratelimit": ";;==\x00,,r="}, None),
        ({}, None),
    ],
)
def test_headers_are_read_in_their_several_forms(headers: dict[str, str], told: Told | None) -> None:
    """The draft's fields, its earlier ones, and the older ones with a moment; what cannot be read says nothing."""
    heard = read_notice(headers, throttled=False, wait=None, now=NOW)
    assert (heard.told if heard else None) == told


def standing(*limits: Rate | Quota) -> Standing:
    """A connection at nine o'clock."""
    return Standing.read("{}", AT, own=limits)


def later(before: Standing, seconds: float, *limits: Rate | Quota) -> Standing:
    """The same, written and read again."""
    return Standing.read(before.text(), before.now + int(seconds * SECOND), own=limits)


def room(at: Standing) -> int:
    """How many calls it lets through now."""
    return at.room(at.flight(SECOND), wanted=1_000)


def test_nothing_left_closes_the_connection_until_it_counts_anew() -> None:
    """Without a 429, and without any limit that is declared."""
    now = standing()
    now.learn(Notice(told=Told(remaining=0, reset=30)))
    assert (room(now), now.closed, now.free_at(now.flight(SECOND), {CALLS: 1})) == (0, True, AT + 30 * SECOND)
    assert room(later(now, 29)) == 0
    assert room(later(now, 30)) == 1_000


def test_fewer_left_than_counted_is_believed_and_more_is_not() -> None:
    """Another program uses the account: the count is tighter until the reset. More than is declared is never taken."""
    limit = Quota(100, per="day")
    now = standing(limit)
    now.learn(Notice(told=Told(remaining=5_000, reset=60, limit=6_000)))
    assert room(now) == 100
    now.learn(Notice(told=Told(remaining=10, reset=60)))
    assert room(now) == 10
    flight = now.flight(SECOND)
    now.take(flight, {CALLS: 4})
    now.learn(Notice(told=Told(remaining=9, reset=60)))  # it was on its way before the four were permitted
    assert room(now) == 6
    assert room(later(now, 60, limit)) == 96


def test_a_refusal_with_much_left_is_remembered() -> None:
    """It is the sign of a limit that is declared wrongly; one at the limit's end is not."""
    now = standing(Quota(100, per="day"))
    now.learn(Notice(throttled=True, wait=7.0))
    assert (now.stored.throttled.early, now.stored.throttled.early_left) == (1, 1.0)
    assert now.stored.closed_until == AT + 7 * SECOND
    full = standing(Quota(100, per="day"))
    full.take(full.flight(SECOND), {CALLS: 95})
    full.learn(Notice(throttled=True))
    assert (full.stored.throttled.times, full.stored.throttled.early) == (1, 0)


@given(st.floats(0, 600), st.one_of(st.none(), st.floats(0, 900)), st.integers(0, 5), st.floats(0, 900))
def test_a_notice_that_is_written_late_ends_when_it_would_have(
    late: float, wait: float | None, remaining: int, reset: float
) -> None:
    """What it asks is counted from when it was heard: whoever writes it later opens at the same moment, or at once."""
    notice = Notice(throttled=True, wait=wait, told=Told(remaining=remaining, reset=reset))
    at_once, later_on = standing(), Standing.read("{}", AT + int(late * SECOND))
    at_once.learn(notice)
    later_on.learn(notice.aged(late))
    assert abs(max(later_on.opens(), later_on.now) - max(at_once.opens(), later_on.now)) <= 2


def test_what_was_heard_is_counted_from_then(database_url: str) -> None:
    """Nothing called the connection for a while after "wait 30 s": when the next one looks, that time is over."""
    clock = ManualClock(datetime(2026, 10, 5, 9, tzinfo=UTC))
    with closing(Database(database_url, clock=clock)) as database:
        prepare(database)
        limiter = Limiter(database=database, declared={}, clock=clock)
        limiter.learn("desk", Notice(throttled=True, wait=30.0))
        clock.forward(timedelta(seconds=20))
        limiter.learn(
            "desk", Notice(told=Told(remaining=3, reset=5))
        )  # an answer to a call before; it takes nothing back

        def closed() -> bool:
            with database.transaction() as tx:
                return limiter.lock(tx, ["desk"], database.now(tx))["desk"].closed

        with database.transaction() as tx:
            found = limiter.lock(tx, ["desk"], database.now(tx))
            assert found["desk"].opens() - found["desk"].now == pytest.approx(10 * SECOND, abs=2)
            limiter.write(tx, found)
        assert closed()
        clock.forward(timedelta(seconds=11))
        assert not closed()
        limiter.learn("desk", Notice(throttled=True, wait=30.0))
        clock.forward(timedelta(seconds=31))
        assert not closed()

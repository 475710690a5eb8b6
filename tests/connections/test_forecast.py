"""What is said of the time to come, from the pace, what is left and what waits."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.counting import SECOND
from pilotage.connections.forecast import Forecast, forecast, in_words
from pilotage.connections.standing import CALLS, Standing

BERLIN = ZoneInfo("Europe/Berlin")
LIMITS = (Rate(5, per="second", burst=5), Quota(10_000, per="day", zone="Europe/Berlin"))


def at(hour: int, minute: int = 0, day: int = 5) -> int:
    """A moment of October 2026 in Berlin."""
    return int(datetime(2026, 10, day, hour, minute, tzinfo=BERLIN).timestamp()) * SECOND


def used(moment: int, calls: int, a_minute: int, limits: tuple[Rate | Quota | Window, ...] = LIMITS) -> Standing:
    """A connection of which so much of the day is used, at so many a minute."""
    standing = Standing.read("{}", moment, own=limits)
    flight = standing.flight(SECOND)
    standing.take(flight, {CALLS: calls})
    standing.settle(flight, {CALLS: calls}, {CALLS: 0}) if not calls else None
    minute = moment // (60 * SECOND)
    standing.stored.answered = {minute - back: a_minute for back in range(1, 4)}
    return standing


def test_a_quota_that_will_be_gone_is_told_with_the_hour() -> None:
    """It goes on at the pace of the last minutes; what is beyond waits for the zone's midnight."""
    standing = used(at(14, 50), 9_100, 30)  # 900 left, one in two seconds: half an hour
    told = forecast(standing, 5_000)
    assert told.gone_at == at(15, 20)
    assert (told.will_wait, told.back_at) == (4_100, at(0, day=6))
    words = in_words(told, standing.now)
    assert words == (
        "At this pace the daily quota is gone at 15:20; 4,100 cases will wait until midnight, and all are done "
        "tomorrow at 02:16."
    )


def test_a_quota_that_suffices_is_not_gone() -> None:
    """All that waits is done before."""
    standing = used(at(14, 50), 4_000, 300)
    told = forecast(standing, 900)
    assert told.gone_at is None
    assert in_words(told, standing.now) == "At this pace all 900 are done at 14:53."


def test_a_quota_that_is_gone_says_how_many_wait() -> None:
    """And what is waiting is done over the days that it needs."""
    standing = used(at(14, 50), 10_000, 300)
    told = forecast(standing, 15_000)
    assert told.gone_at == standing.now
    assert in_words(told, standing.now) == (
        "The daily quota is gone; 15,000 cases wait until midnight, and all are done on 7 October at 00:16."
    )


@pytest.mark.parametrize(
    ("limits", "pace"),
    [((Rate(5, per="second", burst=5),), 5.0), ((Window(60, seconds=30),), 2.0), ((Quota(60, per="minute"),), 1.0)],
)
def test_without_a_measured_pace_the_limits_say_how_fast(
    limits: tuple[Rate | Quota | Window, ...], pace: float
) -> None:
    """Before the first answer."""
    told = forecast(Standing.read("{}", at(9), own=limits), 100)
    assert (told.pace, told.measured) == (pace, False)
    assert told.done_at == at(9) + int(100 / pace * SECOND)


def test_a_long_quota_alone_says_nothing_of_the_pace() -> None:
    """Where no call was seen yet, and where the quota is used up by calls that nobody answered: no error, and days are told."""
    quota = (Quota(12, per="day", zone="Europe/Berlin"),)
    fresh = forecast(Standing.read("{}", at(9), own=quota), 38)
    assert (fresh.will_wait, fresh.measured) == (26, False)
    gone = forecast(used(at(9), 12, 0, quota), 30)
    assert (gone.gone_at, gone.will_wait) == (at(9), 30)
    assert in_words(gone, at(9)).startswith(
        "The daily quota is gone; 30 cases wait until midnight, and all are done on 8"
    )


def test_nothing_is_said_of_nothing() -> None:
    """No limits, nothing waiting."""
    told = forecast(Standing.read("{}", at(9)), 0)
    assert told == Forecast(pace=0.0, measured=False, waiting=0)
    assert in_words(told, at(9)) == ""

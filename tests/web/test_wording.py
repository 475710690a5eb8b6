"""Numbers, times and pictures of numbers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.machinery.web import wording
from pilotage.machinery.web.charts import HALF, Pair, mirrored, round_above, shares

NUMBERS = st.integers(0, 10**12)


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=0), "under a minute"),
        (timedelta(seconds=59), "under a minute"),
        (timedelta(seconds=60), "1 minute"),
        (timedelta(minutes=22, seconds=59), "22 minutes"),
        (timedelta(minutes=60), "1 hour"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=400), "400 days"),
        (timedelta(seconds=-5), "under a minute"),
    ],
)
def test_ages_have_one_unit(length: timedelta, said: str) -> None:
    """An age is said in the one unit that matters, never rounded up."""
    assert wording.age(length) == said


def test_numbers_and_nouns() -> None:
    """Thousands stand apart and one is singular."""
    assert wording.count(1_234_567) == "1,234,567"
    assert [wording.counted(number, "case") for number in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]
    assert wording.counted(2, "entry", "entries") == "2 entries"


def test_lists_are_sentences() -> None:
    """The last two are joined by a word."""
    assert [wording.listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


def test_times_are_in_utc_and_say_so() -> None:
    """A time in another zone is shown in UTC."""
    from zoneinfo import ZoneInfo

    moment = datetime(2026, 11, 3, 1, 2, 3, tzinfo=ZoneInfo("Europe/Berlin"))
    assert wording.clock(moment) == "00:02:03 UTC"
    assert wording.day(moment) == "Tuesday 3 November 2026"
    assert wording.iso(moment.astimezone(UTC)) == "2026-11-03T00:02:03Z"


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=70))
def test_bars_stay_in_their_picture(numbers: list[tuple[int, int]]) -> None:
    """Every bar lies inside the picture, nothing is invisible, and nothing is drawn for nothing."""
    chart = mirrored([Pair(label="", up=up, down=down) for up, down in numbers])
    for bar in chart.bars:
        assert bar.x >= 0
        assert bar.x + bar.width <= 100.01
        for height, number in ((bar.up, bar.pair.up), (bar.down, bar.pair.down)):
            assert height <= HALF
            assert (height > 0) == (number > 0)


@given(NUMBERS.filter(bool))
def test_a_scale_ends_above_the_highest_and_not_far_above(number: int) -> None:
    """The scale's end is 1, 2 or 5 times a power of ten, and at most two and a half times the number."""
    top = round_above(number)
    assert top >= number
    assert top <= max(2.5 * number, 1)
    assert str(top).rstrip("0") in {"1", "2", "5"}


@given(st.lists(NUMBERS, min_size=1, max_size=8))
def test_shares_fill_the_bar(numbers: list[int]) -> None:
    """The stretches of what is there fill the whole bar side by side, and each can be seen."""
    found = shares([(str(index), number) for index, number in enumerate(numbers)])
    assert len(found) == sum(1 for number in numbers if number)
    if found:
        assert sum(each.width for each in found) == pytest.approx(100, abs=0.1)
        assert min(each.width for each in found) > 0.4

"""Time as authors write it: durations, working days, seasons, and the moment at which a wait is over."""

from calendar import isleap
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotage as pl
from pilotage.authoring.spans import span
from tests.authoring.programs import Order

BERLIN = ZoneInfo("Europe/Berlin")
LIFETIME = (datetime(1990, 1, 1), datetime(2090, 1, 1))  # noqa: DTZ001  # hypothesis adds the zone itself
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))
moments = st.datetimes(*LIFETIME).map(lambda moment: moment.replace(tzinfo=UTC))


def length(value: timedelta | str) -> timedelta:
    """A duration in seconds."""
    return timedelta(seconds=span(value, place="test", line="").seconds)


# -- durations ---------------------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.sampled_from(sorted(UNITS)))
def test_a_text_is_so_many_seconds(count: int, unit: str) -> None:
    """Spaces and capitals do not matter."""
    expected = timedelta(seconds=count * UNITS[unit])
    assert length(f"{count}{unit}") == length(f" {count} {unit.upper()} ") == expected


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(9999)))
def test_a_timedelta_is_itself(value: timedelta) -> None:
    """Also to the microsecond."""
    assert abs(length(value) - value) < timedelta(microseconds=2)


@given(moments, st.integers(1, 60))
def test_working_days_skip_the_weekend(moment: datetime, count: int) -> None:
    """So many days that are neither Saturday nor Sunday lie between, at the same hour of the zone's wall."""
    after = span(f"{count} working days", place="test", line="").after(moment, "Europe/Berlin")
    begin, end = moment.astimezone(BERLIN), after.astimezone(BERLIN)
    passed = [begin.date() + timedelta(days=each + 1) for each in range((end.date() - begin.date()).days)]
    assert sum(day.weekday() < 5 for day in passed) == count
    assert end.weekday() < 5


def test_a_working_day_keeps_its_hour_when_the_clock_changes() -> None:
    """Friday 9:00 before the clocks go forward, and one working day on it is Monday 9:00."""
    friday = datetime(2026, 3, 27, 9, tzinfo=BERLIN)
    assert span("1 working day", place="test", line="").after(friday, "Europe/Berlin") == datetime(
        2026, 3, 30, 9, tzinfo=BERLIN
    )


# -- waiting -----------------------------------------------------------------------------------------------------------


@given(moments)
def test_a_wait_is_over_after_its_time(now: datetime) -> None:
    """A time is counted in seconds, so a change of the clock does not change it."""
    assert pl.Wait("36h").until_for(None, now, "Europe/Berlin") == now + timedelta(hours=36)


def test_a_moment_without_a_zone_is_the_automations() -> None:
    """A value may name a moment as it stands on a wall."""
    wall = pl.Wait[Order](until=lambda order: datetime(2026, 7, 1, 9))  # noqa: DTZ001  # as on a wall
    exact = pl.Wait[Order](until=lambda order: datetime(2026, 7, 1, 9, tzinfo=UTC))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert wall.until_for(Order(id="1"), now, "Europe/Berlin") == datetime(2026, 7, 1, 7, tzinfo=UTC)
    assert exact.until_for(Order(id="1"), now, "Europe/Berlin") == datetime(2026, 7, 1, 9, tzinfo=UTC)
    with pytest.raises(TypeError):
        pl.Wait()  # type: ignore[call-overload]


# -- seasons -----------------------------------------------------------------------------------------------------------


@given(days)
def test_every_day_is_in_one_quarter(day: date) -> None:
    """The quarters of a calendar year are those of the months."""
    awake = [number for number in (1, 2, 3, 4) if pl.Season.quarter(number).awake(day)]  # type: ignore[arg-type]
    assert awake == [(day.month - 1) // 3 + 1]


starts = st.dates(date(2023, 1, 1), date(2023, 12, 31)).map(lambda day: f"{day:%m-%d}") | st.integers(1, 12).map(
    lambda month: f"{month:02}-end"
)


@given(days, starts)
def test_every_day_is_in_one_quarter_of_any_year(day: date, start: str) -> None:
    """Wherever a year starts, also on the last of a month, its quarters have no gap and no overlap."""
    awake = [number for number in (1, 2, 3, 4) if pl.Season.quarter(number, year_starts=start).awake(day)]  # type: ignore[arg-type]
    assert len(awake) == 1


@pytest.mark.parametrize(
    ("number", "first", "last"),
    [(1, "2026-04-06", "2026-07-05"), (3, "2026-10-06", "2027-01-05"), (4, "2027-01-06", "2027-04-05")],
)
def test_the_quarters_of_a_tax_year(number: int, first: str, last: str) -> None:
    """A year that starts on 6 April: the first and the last day of a quarter are in it, those around are not."""
    season = pl.Season.quarter(number, year_starts="04-06")  # type: ignore[arg-type]
    begin, end, one = date.fromisoformat(first), date.fromisoformat(last), timedelta(days=1)
    assert [season.awake(day) for day in (begin - one, begin, end, end + one)] == [False, True, True, False]


@given(days, starts, starts)
def test_a_yearly_season_and_the_rest_of_the_year(day: date, first: str, last: str) -> None:
    """A season each year holds its first and last day, also over the turn of the year."""
    season = pl.Season.yearly(first, last)
    begin, end = of(first, day.year), of(last, day.year)
    assert season.awake(begin)
    assert season.awake(end)
    expected = begin <= day <= end if begin <= end else not end < day < begin
    assert season.awake(day) == expected


def of(text: str, year: int) -> date:
    """A day of a year by a second way: the end of a month is the day before the next."""
    month, _, day = text.partition("-")
    if day != "end":
        return date(year, int(month), int(day))
    return date(year + int(month) // 12, int(month) % 12 + 1, 1) - timedelta(days=1)


@given(st.integers(1990, 2090))
def test_the_end_of_february(year: int) -> None:
    """The day "02-end" is the 29th in a leap year, and the 28th else."""
    winter = pl.Season.yearly("12-01", "02-end")
    assert winter.awake(date(year, 2, 29 if isleap(year) else 28))
    assert not winter.awake(date(year, 3, 1))
    assert not winter.awake(date(year, 11, 30))


def test_a_season_once() -> None:
    """Both days belong to it."""
    season = pl.Season.between("2026-07-01", date(2026, 7, 2))
    assert [season.awake(date(2026, 7, day)) for day in (1, 2, 3)] == [True, True, False]
    assert season == pl.Season.between("2026-07-01", "2026-07-02")
    assert len({season, pl.Season.between("2026-07-01", "2026-07-02")}) == 1
    assert repr(season) == "Season(2026-07-01 to 2026-07-02)"

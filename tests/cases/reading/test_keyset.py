"""How far a query was read, and where the next look begins."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.cases.reading.keyset import (
    NoOrder,
    Plain,
    Position,
    begun,
    behind,
    leads,
    met_before,
    page_of,
    read_position,
)

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("top", "overlap", "floor"),
    [
        ("2026-01-05T08:00:00Z", None, "2026-01-05T07:50:00Z"),
        ("2026-01-05 08:00:00", None, "2026-01-05 07:50:00"),
        ("2026-01-05 08:00:00.250000", timedelta(minutes=1), "2026-01-05 07:59:00.250000"),
        ("2026-01-05T08:00:00+02:00", timedelta(hours=1), "2026-01-05T07:00:00+02:00"),
        ("2099-01-05T08:00:00Z", None, "2026-01-05T08:50:00Z"),
        ("2026-01-05 22:00:00", None, "2026-01-05 21:50:00"),  # its zone is not said: it may be Auckland's
        ("2026-01-06 22:00:00", None, "2026-01-04 20:50:00"),
        ("2026-01-05", None, "2026-01-04"),
        ("2099-01-05", None, "2026-01-03"),
        ("2026-01-05T08:00:00Z", 0, "2026-01-05T08:00:00Z"),
        (500, 100, 400),
        (500, 0, 500),
        ("500.50", 100, "400.50"),
        ("01J-abc", 0, "01J-abc"),
    ],
)
def test_the_next_look_begins_behind(top: Plain, overlap: int | timedelta | None, floor: Plain) -> None:
    """As far behind as is said, in the form in which the database writes it; a time in the future counts as now."""
    assert behind("at", top, overlap, NOW) == floor


@pytest.mark.parametrize(
    ("top", "overlap"), [(500, None), ("500", None), (500, timedelta(minutes=1)), ("01J-abc", None), ("01J-abc", 5)]
)
def test_what_nobody_said_is_asked(top: Plain, overlap: int | timedelta | None) -> None:
    """How far behind a number or a text may be written is nothing that can be guessed."""
    with pytest.raises(NoOrder):
        behind("at", top, overlap, NOW)


@pytest.mark.parametrize(
    ("top", "was", "floor"),
    [
        ("infinity", None, "2026-01-04"),
        ("20000-01-01 00:00:00+00", None, "2026-01-04"),
        ("infinity", "2026-01-05T08:50:00Z", "2026-01-05T08:50:00Z"),  # where the present look begins is no worse
        ("infinity", "2026-01-01T08:50:00Z", "2026-01-04"),
        ("-infinity", None, None),
        ("0044-03-15 00:00:00+00 BC", "2026-01-05T08:50:00Z", "2026-01-05T08:50:00Z"),
        ("20000-01-01 BC", None, None),
        ("NaN", "400", "400"),
        (float("inf"), 400.0, 400.0),
    ],
)
def test_nothing_follows_from_what_is_no_time_and_no_number(top: Plain, was: Plain | None, floor: Plain | None) -> None:
    """The next look begins no further than the present one, or yesterday where that is later."""
    assert begun(Position(by=("at",), floor=was), top, None, NOW).next_floor == floor


def test_what_an_earlier_look_reached_may_have_been_met() -> None:
    """A row as far as the last one of an earlier look, or one that cannot be compared with it; before the first look, none."""
    assert not met_before(Position(by=("at",)), {"at": "2026-01-05T08:00:00Z"})
    _, reached = _look({(3, 1)}, Position(by=("at", "id")), 2)
    assert reached.reached == 3
    assert [met_before(reached, {"at": at, "id": 1}) for at in (2, 3, 4, "infinity")] == [True, True, False, True]
    _, reached = _look(set(), reached, 2)
    assert reached.reached == 3


def test_a_position_is_what_was_written() -> None:
    """It is read as it was written; another order begins anew."""
    position = Position(by=("at", "id"), floor="a", after=("b", 3), next_floor="c", seen=(("c", "00"),), reached="b")
    assert read_position(position.written(), ("at", "id")) == position
    assert read_position(position.written(), ("id",)) == Position(by=("id",))
    assert read_position(None, ("id",)) == Position(by=("id",))


def test_columns_are_found_whatever_their_case() -> None:
    """A database may write names in its own way; what stands nowhere in an order is said."""
    assert leads(("At",), {"AT": 1}) == (1,)
    for row in ({"id": 1}, {"at": None}, {"at": True}, {"at": [1]}):
        with pytest.raises(NoOrder):
            leads(("at",), row)


ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 9)), max_size=40, unique=True)


def _look(stored: set[tuple[int, int]], position: Position, size: int) -> tuple[list[Mapping[str, object]], Position]:
    """One look to its end, as a database would answer it."""
    if position.after is None:
        position = begun(position, max((at for at, _ in stored), default=None), 2, NOW)
    taken = list[Mapping[str, object]]()
    floor = position.floor if isinstance(position.floor, int) else 0
    while True:
        rows = [
            {"at": at, "id": number}
            for at, number in sorted(stored)
            if ((at, number) > position.after if position.after is not None else at >= floor)
        ]
        page = page_of(position, rows[: size + 1], size)
        taken += page.rows
        position = read_position(page.position.written(), position.by)
        if page.ends:
            return taken, position


@given(ROWS, ROWS, st.integers(1, 7))
def test_every_row_is_taken_once(first: list[tuple[int, int]], later: list[tuple[int, int]], size: int) -> None:
    """Whatever the pages and the ties: each row once; and of those that are written late, all within the overlap."""
    position = Position(by=("at", "id"))
    taken, position = _look(set(first), position, size)
    assert sorted((row["at"], row["id"]) for row in taken) == sorted(first)  # type: ignore[type-var]
    floor = position.floor if isinstance(position.floor, int) else 0
    new = set(later) - set(first)
    again, _ = _look({*first, *later}, position, size)
    assert {(row["at"], row["id"]) for row in again} == {one for one in new if one[0] >= floor}

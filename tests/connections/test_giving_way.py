"""Who goes first where an account is short."""

from hypothesis import given
from hypothesis import strategies as st

from pilotage.connections.giving_way import HIGH, LOW, READS, USUAL, Line, acts

NOW = 1_000_000


def waiting(**kinds: int) -> Line:
    """A line in which these kinds found no room."""
    line = Line()
    for kind, free_at in kinds.items():
        line.noted(
            {"reads": READS, "high": acts(HIGH), "usual": acts(USUAL), "low": acts(LOW)}[kind],
            wanted=10,
            got=0,
            now=NOW,
            free_at=free_at,
        )
    return line


def test_who_waits_alone_takes_all() -> None:
    """Nobody is held back for those who do not wait."""
    assert waiting(low=NOW).allowed(acts(LOW), 9, NOW) == 9
    assert Line().allowed(READS, 9, NOW) == 9


def test_a_higher_priority_goes_first() -> None:
    """As long as it waits, and a moment beyond the time at which there is room for it."""
    line = waiting(high=NOW + 50, low=NOW)
    assert line.allowed(acts(HIGH), 9, NOW) == 9
    assert [line.allowed(kind, 9, NOW) for kind in (acts(USUAL), READS, acts(LOW))] == [0, 0, 0]
    later = NOW + 50 + 1_000_000
    assert line.allowed(acts(LOW), 9, later) == 9


def test_who_has_all_it_wants_waits_no_longer() -> None:
    """The others go on at once."""
    line = waiting(high=NOW)
    line.noted(acts(HIGH), wanted=3, got=3, now=NOW, free_at=None)
    assert line.allowed(acts(LOW), 9, NOW) == 9


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), min_size=200, max_size=300))
def test_acts_and_reading_calls_take_halves(turns: list[tuple[bool, int]]) -> None:
    """Whoever comes more often, and however little room there is each time: none gets much more than the other."""
    line = waiting(reads=NOW, usual=NOW)
    taken = {READS: 0, acts(USUAL): 0}
    room = 0
    for reads, more in turns:
        room += more
        kind = READS if reads else acts(USUAL)
        got = line.allowed(kind, room, NOW)
        room -= got
        taken[kind] += got
        line.noted(kind, wanted=1_000, got=got, now=NOW, free_at=NOW)
        assert abs(taken[READS] - taken[acts(USUAL)]) <= room + 8

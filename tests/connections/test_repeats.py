"""How many second and later attempts may go while a part of the calls fails, as a function of what was heard and the time."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from pilotage.connections.breaker import LEAST, LEAST_REPEATS, SECOND, SLOT, WINDOW, Breaker, Slot, delayed
from pilotage.connections.standing import Standing
from pilotage.connections.stored import Stored
from pilotage.connections.values import Heard

START = 1_767_603_600 * SECOND
CHANCE = Random(1)


def after(*, answered: int = 0, down: int = 0) -> Breaker:
    """A breaker after calls."""
    return Breaker().noted({Heard.ANSWERED: answered, Heard.DOWN: down}, START, CHANCE)


def test_nothing_is_held_back_where_hardly_anything_fails() -> None:
    """A service that works, one that failed a few times, and one that fails once in a while: all repeats go."""
    assert after(answered=100).repeats(START) is None
    assert after(answered=10, down=LEAST - 1).repeats(START) is None
    assert after(answered=100, down=9).repeats(START) is None


def test_a_half_broken_service_gets_a_share_of_repeats() -> None:
    """A fifth of the last minutes' calls, and a few where there were few calls."""
    assert after(answered=160, down=40).repeats(START) == 40
    assert after(answered=10, down=6).repeats(START) == LEAST_REPEATS


def test_what_was_permitted_is_counted_until_it_lies_back() -> None:
    """Each repeat takes room; it comes back with time, and answers do not take the count away."""
    breaker = after(answered=160, down=40).repeated(30, START)
    assert breaker.repeats(START) == 10
    breaker = breaker.noted({Heard.ANSWERED: 50}, START, CHANCE)
    assert breaker.repeats(START) == 20
    assert breaker.repeated(25, START).repeats(START) == 0
    assert breaker.repeats(START + WINDOW + SLOT) is None


def test_an_open_breaker_has_its_own_rule() -> None:
    """While it is open the one call goes, be it a first one or a repeat; and behind the outage all repeats go."""
    breaker = after(down=LEAST)
    assert not breaker.closed
    assert breaker.repeats(START) is None
    assert breaker.noted({}, START, CHANCE, probe=Heard.ANSWERED).repeats(START) is None


def test_the_count_is_kept_in_the_row_and_a_row_without_it_is_read() -> None:
    """It survives being written and read, and a row of an earlier version counts none."""
    standing = Standing(stored=Stored(breaker=after(answered=160, down=40)), now=START)
    standing.repeated(12)
    assert standing.changed
    assert Standing.read(standing.text(), START).repeats() == 28
    assert Slot.model_validate({"answered": 3}).repeats == 0


@given(st.integers(0, 500), st.integers(0, 2**31))
def test_those_held_back_come_later_and_not_at_once(number: int, seed: int) -> None:
    """Each waits at least a slot and little longer than the window."""
    due = delayed(number, START, Random(seed))
    assert len(due) == number
    assert all(START + SLOT <= at <= START + WINDOW + SLOT for at in due)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 30)), max_size=40))
def test_repeats_are_never_more_than_their_share_of_a_window(story: list[tuple[int, int, int, int]]) -> None:
    """Whatever is heard and wanted: what is permitted while they are held back stays within share and floor."""
    breaker, now = Breaker(), START
    for answered, down, wanted, seconds in story:
        now += seconds * SECOND
        breaker = breaker.noted({Heard.ANSWERED: answered, Heard.DOWN: down}, now, CHANCE)
        room = breaker.repeats(now)
        if room is None:
            continue
        permitted = min(room, wanted)
        breaker = breaker.repeated(permitted, now)
        recent = [slot for at, slot in breaker.slots.items() if at > (now - WINDOW) // SLOT]
        calls = sum(slot.answered + slot.failed for slot in recent)
        if permitted:
            assert sum(slot.repeats for slot in recent) <= max(LEAST_REPEATS, calls // 5)


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.lists(st.integers(0, 30), max_size=4)), max_size=40)
)
def test_repeats_of_all_kinds_together_keep_to_the_share(story: list[tuple[int, int, list[int]]]) -> None:
    """Whoever asks, for whatever: together they get no more than there is, and every one held back is counted."""
    standing, wanted, granted = Standing(stored=Stored(), now=START), 0, 0
    for answered, down, kinds in story:
        standing.note({Heard.ANSWERED: answered, Heard.DOWN: down}, CHANCE)
        for wants in kinds:
            room = standing.repeats()
            got = standing.permit_repeats(wants)
            assert got == (wants if room is None else min(wants, room))
            wanted, granted = wanted + wants, granted + got
        share = standing.stored.breaker.share_of_repeats(standing.now)
        if share is not None:
            counted = sum(slot.repeats for slot in standing.stored.breaker.slots.values())
            assert counted <= max(share, LEAST_REPEATS)
    assert sum(standing.stored.held_back.values()) == wanted - granted

"""Who gets a place, how large a batch may be, and how room is divided: rules without a database."""

import hypothesis.strategies as st
from hypothesis import given

from pilotage.cases.shares import LASTS, MOST, Group, Shares, next_most, split

flood = Group(automation="flood", release="dev", node="first")
small = Group(automation="small", release="dev", node="first")
third = Group(automation="third", release="dev", node="first")


def test_the_small_get_all_and_the_large_the_rest() -> None:
    """Ten cases beside a hundred thousand are all in the next batch, and no room is left empty."""
    assert split({"large": 100_000, "small": 10}, 1000) == {"large": 990, "small": 10}


def test_where_room_is_short_the_first_in_turn_come_first() -> None:
    """With room for two, the first two of the turn get one each, however few the third one wants."""
    assert split({"a": 50, "b": 50, "c": 1}, 2) == {"a": 1, "b": 1}


@given(st.dictionaries(st.integers(), st.integers(1, 50), max_size=12), st.integers(-1, 200))
def test_room_is_divided_fully_and_fairly(wanted: dict[int, int], room: int) -> None:
    """Nobody gets more than they want, nothing is left over, and who wants more has at most one more than who wants."""
    given_ = split(wanted, room)
    assert sum(given_.values()) == min(max(room, 0), sum(wanted.values()))
    assert all(given_[key] <= wanted[key] for key in given_)
    short = [given_.get(key, 0) for key in wanted if given_.get(key, 0) < wanted[key]]
    assert not short or max(given_.values(), default=0) <= min(short) + 1


def test_a_batch_grows_to_what_a_second_holds() -> None:
    """Quick steps reach the largest batch within three batches; a lone case that took long by itself shrinks nothing."""
    most, batches = 1, 0
    while most < MOST:
        most = next_most(most, size=most, seconds=0.01 + most * 0.0002)
        batches += 1
    assert batches <= 3
    assert next_most(MOST, size=1, seconds=0.03) == MOST


def test_a_slow_step_gets_small_batches() -> None:
    """With a tenth of a second for each case a batch comes down to ten, and with ten seconds to one."""
    assert next_most(MOST, size=500, seconds=50.0) == int(10 * LASTS)
    assert next_most(8, size=8, seconds=80.0) == 1


def begin(shares: Shares, batch: int, group: Group) -> None:
    """A batch of this group takes a place."""
    assert shares.take(batch, group, 1)


def test_one_automation_never_holds_every_place() -> None:
    """Two long batches of one automation fill its places; another that comes then has the spare one at once."""
    shares = Shares(at_once=2)
    for batch in (1, 2):
        assert shares.next([flood]) == flood
        begin(shares, batch, flood)
    assert shares.next([flood]) is None
    assert shares.next([flood, small]) == small
    begin(shares, 3, small)
    assert shares.next([flood, small, third]) is None
    shares.end(1)
    assert shares.next([flood, small, third]) == third


def test_who_is_alone_has_all_places() -> None:
    """Nothing is kept empty for nobody: an automation alone has as many places as there were before."""
    shares = Shares(at_once=2)
    begin(shares, 1, flood)
    assert shares.next([flood]) == flood


def test_steps_of_an_automation_take_turns() -> None:
    """A step behind the first gets its turn although fresh cases never end."""
    shares = Shares(at_once=1)
    later = Group(automation="flood", release="dev", node="later")
    taken: list[Group] = []
    for batch in range(6):
        group = shares.next([flood, later])
        assert group is not None
        begin(shares, batch, group)
        shares.end(batch)
        taken.append(group)
    assert taken.count(later) == 3


def test_fresh_cases_do_not_pass_those_of_others() -> None:
    """What was just taken in moves at once only while nobody else waits, and beside its own ready cases every other time."""
    shares = Shares(at_once=2)
    assert shares.jumps(flood, 1)
    assert not shares.jumps(flood, 500)  # it is not known how long that takes
    shares.see([small])
    assert not shares.jumps(flood, 1)
    shares.see([flood])
    assert shares.jumps(flood, 1)
    shares.expect(1, flood, 1)
    shares.take(1)
    assert not shares.jumps(flood, 1)
    begin(shares, 2, flood)
    shares.end(2)
    assert shares.jumps(flood, 1)


def test_what_a_batch_took_is_learnt() -> None:
    """After a quick batch the next may be larger; one that failed to start teaches nothing."""
    shares = Shares(at_once=2)
    begin(shares, 1, flood)
    shares.begin(1, 10.0)
    shares.end(1, 10.01)
    assert shares.most(flood) == 100
    begin(shares, 2, flood)
    shares.end(2)
    assert shares.most(flood) == 100

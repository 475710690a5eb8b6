"""The panels of the cases on the Today page."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from pilotage.cases import panels
from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import Counted, Minute, Places, Sum, Term

NOW = datetime(2026, 11, 23, 14, 24, 11, tzinfo=UTC)


def test_every_place_and_state_has_words() -> None:
    """A place or state that is added must be explained to people before it is shown."""
    shown = panels.places_context(Places(as_of=NOW))
    names = [row.name for group in shown.groups for row in group.rows]
    assert sorted(names) == sorted([*(place.value for place in Place), "quarantine"])
    assert all(row.meaning for group in shown.groups for row in group.rows)
    all_states = Places(as_of=NOW, effects={state: Counted(count=1) for state in EffectState})
    assert [row.name for row in panels.effects_context(all_states).rows] == [state.value for state in EffectState]
    assert all(row.meaning for row in panels.effects_context(all_states).rows)


def test_the_groups_hold_every_case_and_the_quarantine() -> None:
    """The three groups together are everything that is here."""
    here = {place: Counted(count=10**index) for index, place in enumerate(Place)}
    shown = panels.places_context(Places(as_of=NOW, places=here, quarantine=Counted(count=5)))
    assert sum(group.count for group in shown.groups) == sum(each.count for each in here.values()) + 5


def test_a_sum_that_breaks_is_counted_in_both_directions() -> None:
    """One missing here and one too many there do not make nothing."""
    one = (Term(name="arrived", count=1),)
    two = (Term(name="accepted", count=2),)
    shown = panels.places_context(Places(as_of=NOW, sums=(Sum(left=one, right=two), Sum(left=two, right=one))))
    assert shown.missing == 2


def test_an_hour_has_sixty_minutes_whatever_the_query_gives() -> None:
    """Minutes without anything are filled in, older ones left out, and the running one is the last."""
    minutes = panels.whole_hour(
        [
            Minute(start=datetime(2026, 11, 23, 14, 24, tzinfo=UTC), arrived=3),
            Minute(start=datetime(2026, 11, 23, 13, 25, tzinfo=UTC), done=1),
            Minute(start=datetime(2026, 11, 23, 13, 24, tzinfo=UTC), done=99),
        ],
        NOW,
    )
    assert len(minutes) == 60
    assert (minutes[0].done, minutes[-1].arrived) == (1, 3)
    assert sum(each.done for each in minutes) == 1
    assert {later.start - earlier.start for earlier, later in pairwise(minutes)} == {timedelta(minutes=1)}


def test_the_hour_is_a_sentence() -> None:
    """What came in, what was done, and when it was busiest."""
    start = datetime(2026, 11, 23, 14, 2, tzinfo=UTC)
    assert panels.flow_sentence([Minute(start=start, arrived=1_204, done=1)]) == (
        "1,204 records came in and 1 case was done. The busiest minute was 14:02, with 1,204 in and 1 done."
    )
    assert panels.flow_sentence([Minute(start=start)]) == "Nothing came in during the last hour, and nothing was done."


def test_undoing_is_shown_when_there_is_some() -> None:
    """The states of undoing are seldom, so they take no room on an ordinary day."""
    names = [row.name for row in panels.effects_context(Places(as_of=NOW)).rows]
    assert names == ["planned", "sending", "confirmed", "refused", "unknown"]

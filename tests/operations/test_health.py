"""Whether all is well: the sentence at the top of the first page."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import Counted, HoldOn, Minute, Places, Sum, Term
from pilotage.operations.health import assess, needs
from pilotage.operations.values import Condition, Need, Urgency

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=UTC)
HOURS = timedelta(hours=3)


def places(
    where: dict[Place, Counted] | None = None,
    *,
    arrived: int = 2_000,
    effects: dict[EffectState, Counted] | None = None,
    quarantine: Counted = Counted(),  # noqa: B008 - a frozen value
    holds: tuple[HoldOn, ...] = (),
    sums: tuple[Sum, ...] = (),
) -> Places:
    """Places of a platform that works."""
    return Places(
        as_of=NOW,
        arrived=arrived,
        places=where or {Place.DONE: Counted(count=arrived)},
        effects=effects or {},
        quarantine=quarantine,
        holds=holds,
        sums=sums,
    )


def hold(**changes: object) -> HoldOn:
    """A hold on everything."""
    return HoldOn(
        **{
            "scope": "everything",
            "reason": "The help desk is broken.",
            "by": "maria",
            "lasts": timedelta(minutes=22),
            "everything": True,
            **changes,
        }
    )


def test_all_is_well_with_the_numbers() -> None:
    """A platform that works says so in a sentence with what came in, what is done and what waits for people."""
    health = assess(places({Place.DONE: Counted(count=1_650), Place.WITH_PEOPLE: Counted(count=312, oldest=HOURS)}))
    assert health.condition is Condition.WELL
    assert health.title == "All is well"
    assert health.sentence == "2,000 records came in, 1,650 are done, 312 wait for people, the oldest for 3 hours."


def test_one_is_singular() -> None:
    """One record is not "1 records are"."""
    health = assess(
        places(
            {Place.DONE: Counted(count=1), Place.READY: Counted(count=1), Place.WITH_PEOPLE: Counted(count=1)},
            arrived=1,
        )
    )
    assert health.sentence == "1 record came in, 1 is done, 1 is on the way, 1 waits for people."


def test_a_queue_says_how_long_it_still_needs() -> None:
    """At the pace of the last ten minutes; older minutes say nothing, and a queue that is soon through needs no word."""
    flow = (
        Minute(start=NOW - timedelta(minutes=50), done=100_000),
        Minute(start=NOW - timedelta(minutes=5), done=500),
        Minute(start=NOW - timedelta(minutes=1), done=500),
    )
    long = Places(as_of=NOW, arrived=13_000, flow=flow, places={Place.READY: Counted(count=12_000)})
    assert long.drains_in == timedelta(hours=1)
    assert "12,000 are on the way (at the pace of the last minutes for 1 hour)" in assess(long).sentence
    soon = Places(as_of=NOW, arrived=13_000, flow=flow, places={Place.READY: Counted(count=10)})
    assert "10 are on the way." in assess(soon).sentence
    assert Places(as_of=NOW, flow=flow[:1], places={Place.READY: Counted(count=10)}).drains_in is None


def test_much_in_quarantine_is_more_than_work() -> None:
    """One in five, and no less than five, is a change at whoever sends them; a few are corrected as they come."""
    few = Places(as_of=NOW, arrived=100, quarantine=Counted(count=4))
    much = Places(as_of=NOW, arrived=100, quarantine=Counted(count=20))
    small = Places(as_of=NOW, arrived=4, quarantine=Counted(count=4))
    assert [assess(one).condition for one in (few, much, small)] == [
        Condition.WELL,
        Condition.ATTENTION,
        Condition.WELL,
    ]


def test_an_empty_platform_says_how_to_begin() -> None:
    """Nothing is neither well nor bad."""
    health = assess(Places(as_of=NOW))
    assert health.condition is Condition.EMPTY
    assert "Submit" in health.sentence


def test_a_hold_on_everything_is_the_title() -> None:
    """What is held, for how long, why and by whom stands on the page."""
    held = places(holds=(hold(on_the_way=2),), effects={EffectState.PLANNED: Counted(count=318)})
    assert assess(held).title == "Held: nothing new goes out"
    (need,) = needs(held)
    assert need.title == "Everything has been held for 22 minutes"
    assert need.why == (
        "Put on by maria: The help desk is broken. 2 calls had started before and may still arrive. "
        "318 effects planned and not sent. Records are still taken in."
    )


def test_a_hold_on_a_part_names_the_part() -> None:
    """A hold on one connection does not say that nothing goes out."""
    held = places(holds=(hold(scope="the connection helpdesk", everything=False, intake=True),))
    assert assess(held).title == "Held: the connection helpdesk"
    assert needs(held)[0].why.endswith("Nothing is taken in either.")


def test_records_that_are_missing_are_graver_than_a_hold() -> None:
    """A sum that breaks comes first, whatever else there is."""
    broken = Sum(left=(Term(name="arrived", count=100),), right=(Term(name="accepted", count=97),))
    health = assess(places(sums=(broken,), holds=(hold(),)))
    assert health.condition is Condition.BROKEN
    assert health.sentence.startswith("3 records are not accounted for. Everything has been held for 22 minutes.")


def test_too_many_are_as_bad_as_too_few() -> None:
    """A record that is counted twice breaks the sum too."""
    broken = Sum(left=(Term(name="arrived", count=100),), right=(Term(name="accepted", count=101),))
    assert assess(places(sums=(broken,))).condition is Condition.BROKEN


def test_dead_letters_and_unknown_effects_need_attention() -> None:
    """The sentence names both, and the gravest first."""
    health = assess(
        places(
            {Place.DONE: Counted(count=9), Place.DEAD_LETTER: Counted(count=1)},
            effects={EffectState.UNKNOWN: Counted(count=14)},
        )
    )
    assert health.condition is Condition.ATTENTION
    assert health.sentence.startswith("Look at 1 dead letter and 14 effects with an unknown outcome.")


def test_ready_cases_that_nobody_takes_are_noticed() -> None:
    """A page that says that all is well while no worker runs would be quietly wrong."""
    stuck = {Place.READY: Counted(count=1_204, oldest=timedelta(minutes=12))}
    assert assess(places(stuck)).sentence.startswith("Look at 1,204 ready cases that nobody takes.")
    busy = stuck | {Place.MOVING: Counted(count=500, oldest=timedelta(seconds=3))}
    assert assess(places(busy)).condition is Condition.WELL


def test_a_batch_that_hangs_is_noticed() -> None:
    """Moving for very long is not moving."""
    hanging = {Place.MOVING: Counted(count=64, oldest=timedelta(minutes=41))}
    assert "a batch that has been moving for 41 minutes" in assess(places(hanging)).sentence


def test_quarantine_is_work_and_no_trouble() -> None:
    """Records that wait to be corrected are there for people, and the platform is well."""
    found = needs(places(quarantine=Counted(count=28, oldest=HOURS)))
    assert [need.urgency for need in found] == [Urgency.WORK]
    assert assess(places(quarantine=Counted(count=28))).condition is Condition.WELL


def test_many_troubles_are_counted() -> None:
    """The sentence names three of a kind and counts the rest; the page lists them all."""
    held = places(holds=tuple(hold(scope=f"the automation a{number}", everything=False) for number in range(5)))
    assert len(needs(held)) == 5
    assert assess(held).sentence.count("has been held") == 3


COUNTED = st.builds(
    Counted,
    count=st.integers(0, 10**9),
    oldest=st.none() | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4_000)),
)
ANY_PLACES = st.builds(
    Places,
    as_of=st.just(NOW),
    arrived=st.integers(0, 10**9),
    quarantine=COUNTED,
    places=st.dictionaries(st.sampled_from(Place), COUNTED),
    effects=st.dictionaries(st.sampled_from(EffectState), COUNTED),
)


@given(ANY_PLACES)
def test_well_is_never_said_of_a_platform_in_trouble(some: Places) -> None:
    """Whatever the numbers are, "All is well" stands only where nothing is dead, unknown or stuck."""
    health = assess(some)
    assert health.title
    assert health.sentence.endswith(".")
    if health.condition in {Condition.WELL, Condition.EMPTY}:
        assert not some.at(Place.DEAD_LETTER).count
        assert not some.effects_in(EffectState.UNKNOWN).count
        assert all(need.urgency is Urgency.WORK for need in needs(some))


@pytest.mark.parametrize("place", [Place.WITH_PEOPLE, Place.DEAD_LETTER])
def test_everything_that_waits_for_people_is_listed(place: Place) -> None:
    """What needs somebody is never only in a table."""
    assert needs(places({place: Counted(count=1, oldest=HOURS)}))[0].oldest == HOURS


def outage() -> Need:
    """A connection that has just gone down."""
    return Need(
        condition=Condition.PASSING,
        urgency=Urgency.PASSING,
        title="CRM is down since 14:02, 12 cases wait",
        why="It is called again by itself; what waits goes out when it answers.",
        command="pilotage connections CRM",
    )


def test_all_is_not_well_while_a_connection_is_down() -> None:
    """Nobody is needed yet, and the title says both; where people have work it does not say that nothing needs them."""
    quiet = assess(places(), [outage()])
    assert quiet.condition is Condition.PASSING
    assert quiet.title == "Nothing needs you; CRM is down since 14:02, 12 cases wait"
    assert quiet.sentence.startswith("It is called again by itself")
    busy = assess(places({Place.DONE: Counted(count=9), Place.WITH_PEOPLE: Counted(count=1, oldest=HOURS)}), [outage()])
    assert busy.title == "CRM is down since 14:02, 12 cases wait"
    dead = assess(places({Place.DEAD_LETTER: Counted(count=1, oldest=HOURS)}), [outage()])
    assert dead.condition is Condition.ATTENTION, "what needs somebody comes first"

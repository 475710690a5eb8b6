"""When a breaker opens, probes and closes, as a function of what was heard and the time."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pilotage as pl
from pilotage.connections.breaker import LEAST, LONGEST, SECOND, SLOT, USUAL, WARM, WINDOW, Breaker, Stage, Terms
from pilotage.connections.sorting import Answered, Cut, NeverSent, Seen, heard
from pilotage.connections.standing import HEARD, Standing
from pilotage.connections.stored import Stored, spelled_terms, terms_of
from pilotage.connections.values import Heard

START = 1_767_603_600 * SECOND
CHANCE = Random(1)


def noted(
    breaker: Breaker,
    now: int,
    *,
    probe: Heard | None = None,
    answered: int = 0,
    down: int = 0,
    differs: int = 0,
) -> Breaker:
    """A breaker after calls, by what was heard."""
    heard = {Heard.ANSWERED: answered, Heard.DOWN: down, Heard.DIFFERS: differs}
    return breaker.noted(heard, now, CHANCE, probe=probe)


def opened(why: Heard = Heard.DOWN) -> Breaker:
    """A breaker that has just opened."""
    return Breaker().noted({why: LEAST}, START, CHANCE)


def test_it_opens_at_a_share_of_failures_with_enough_of_them() -> None:
    """Fewer failures than the least say nothing, and neither do many among more answers."""
    assert noted(Breaker(), START, down=LEAST - 1).closed
    assert noted(Breaker(), START, answered=LEAST + 1, down=LEAST).closed
    assert noted(Breaker(), START, answered=LEAST, down=LEAST).stage is Stage.OPEN


def test_old_calls_are_forgotten() -> None:
    """Failures that lie further back than the window do not count with those of now."""
    early = noted(Breaker(), START, down=LEAST - 1)
    assert noted(early, START + WINDOW + 10 * SECOND, down=1).closed
    assert noted(early, START + WINDOW // 2, down=1).stage is Stage.OPEN


def test_refusals_and_throttling_are_answers() -> None:
    """Whoever refuses or says "too many" works: no number of them opens it, and as a probe's answer they close it."""
    assert Breaker().noted({Heard.REFUSED: 1000, Heard.THROTTLED: 1000}, START, CHANCE).closed
    for answer in (Heard.REFUSED, Heard.THROTTLED, Heard.ANSWERED):
        assert noted(opened(), START + SECOND, probe=answer).closed


def test_it_says_why_and_since_when() -> None:
    """Down and answering differently are two words, and the time is that of the first failure since an answer."""
    first = noted(Breaker(), START, down=1)
    later = noted(first, START + 30 * SECOND, down=LEAST)
    assert (later.why, later.since) == (Heard.DOWN, START)
    assert opened(Heard.DIFFERS).why is Heard.DIFFERS


def test_one_call_probes_for_everybody() -> None:
    """Nothing goes until its time; then one, and no other one until that one is back or lost."""
    breaker = opened()
    assert breaker.room(breaker.until - 1, 100) == 0
    assert breaker.room(breaker.until, 100) == 1
    probing = breaker.probing(breaker.until + 15 * SECOND)
    assert probing.room(breaker.until + SECOND, 100) == 0
    assert probing.room(breaker.until + 15 * SECOND, 100) == 1


def test_it_stays_open_for_longer_each_time_up_to_a_minute() -> None:
    """Each probe in vain doubles the pause, with some of it left to chance."""
    breaker, pauses, now = opened(), list[int](), START
    pauses.append(breaker.until - now)
    for _ in range(8):
        now = breaker.until
        breaker = noted(breaker.probing(now + SECOND), now, probe=Heard.DOWN, down=1)
        pauses.append(breaker.until - now)
    assert all(one <= LONGEST * 1.25 for one in pauses)
    assert pauses[0] <= 2.5 * SECOND
    assert pauses[-1] >= LONGEST * 0.75
    assert breaker.since == START


def test_what_went_before_it_opened_tells_nothing() -> None:
    """Late answers and failures of earlier calls neither close it nor make it stay open for longer."""
    breaker = opened()
    assert noted(breaker, START + SECOND, answered=10, down=10) == breaker


def test_room_grows_with_each_answer_after_it_closed() -> None:
    """A service that has just come back is not met by everything at once."""
    breaker = noted(opened(), START + SECOND, probe=Heard.ANSWERED, answered=1)
    rooms = list[int]()
    while not breaker.at_ease:
        rooms.append(breaker.room(START + SECOND, 1000))
        breaker = noted(breaker, START + SECOND, answered=rooms[-1])
    assert rooms == [2, 6, 18]
    assert breaker.room(START + SECOND, 1000) == 1000
    assert breaker.warm == WARM


def test_calm_makes_the_next_pause_a_short_one_again() -> None:
    """A breaker that opens again at once goes on where it was; one that was closed for a while begins anew."""
    breaker = opened()
    for _ in range(5):
        breaker = noted(breaker, breaker.until, probe=Heard.DOWN)
    closed = noted(breaker, breaker.until, probe=Heard.ANSWERED)
    at_once = noted(closed, closed.closed_at + SECOND, down=LEAST)
    later = noted(closed, closed.closed_at + WINDOW, down=LEAST)
    assert at_once.until - closed.closed_at - SECOND > 20 * SECOND
    assert later.until - closed.closed_at - WINDOW < 3 * SECOND


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        (NeverSent(), Heard.DOWN),
        (Cut(), Heard.DOWN),
        (Answered(status=500), Heard.DOWN),
        (Answered(status=503, retry_after=True), Heard.DOWN),
        (Answered(status=408), Heard.DOWN),
        (Answered(status=200), Heard.ANSWERED),
        (Answered(status=200, holds=False), Heard.DIFFERS),
        (Answered(status=304), Heard.DIFFERS),
        (Answered(status=429), Heard.THROTTLED),
        (Answered(status=401), Heard.REFUSED),
        (Answered(status=422), Heard.REFUSED),
        (Answered(status=302), Heard.REFUSED),
    ],
)
def test_each_answer_has_its_word(seen: Seen, word: Heard) -> None:
    """Down, answers differently, refused us and throttled are told apart whatever was called."""
    assert heard(seen) is word


def test_a_404_that_means_absent_is_an_answer() -> None:
    """Looking for what is not there finds out that it is not there."""
    assert heard(Answered(status=404), absent_is_none=True) is Heard.ANSWERED
    assert heard(Answered(status=404)) is Heard.REFUSED


@given(st.lists(st.tuples(st.sampled_from(["call", "lost", "wait"]), st.booleans(), st.integers(1, 90)), max_size=60))
def test_however_it_goes_at_most_one_call_is_out_while_it_is_open(story: list[tuple[str, bool, int]]) -> None:
    """Whatever is heard and however long it takes: not closed, at most one call for each pause; a good probe closes it."""
    breaker, now = opened(), START
    for what, good, seconds in story:
        now += seconds * SECOND
        room = breaker.room(now, 50)
        assert breaker.closed or room <= 1
        if what == "wait" or not room:
            continue
        if breaker.closed:
            breaker = noted(breaker, now, answered=room if good else 0, down=0 if good else room)
        else:
            breaker = breaker.probing(now + 15 * SECOND)
            assert breaker.room(now, 50) == 0
            if what == "call":
                breaker = noted(breaker, now + SECOND, probe=Heard.ANSWERED if good else Heard.DOWN)
                assert breaker.closed == good


def test_it_is_kept_in_the_connections_row() -> None:
    """What was heard, the words and the breaker survive being written and read, and an older row has a closed one."""
    standing = Standing(stored=Stored(), now=START)
    standing.note({Heard.DOWN: LEAST}, CHANCE, words={Heard.DOWN: "It answered 500."})
    again = Standing.read(standing.text(), START)
    assert again.stored.breaker == standing.stored.breaker
    assert again.let_through(10) == 0
    assert again.stored.said["down"].words == "It answered 500."
    assert Standing.read("{}", START).let_through(10) == 10


# -- declared ----------------------------------------------------------------------------------

moments = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 90)), min_size=1, max_size=30
)
declared_terms = st.builds(
    Terms,
    rate=st.floats(0.01, 1.0),
    at_least=st.integers(1, 40),
    within=st.integers(10, 3600).map(lambda seconds: seconds * SECOND),
    probe_after=st.integers(1, 3600).map(lambda seconds: seconds * SECOND),
)


@given(moments, declared_terms)
def test_it_opens_exactly_where_its_terms_say(story: list[tuple[int, int, int, int]], terms: Terms) -> None:
    """Counted anew from the whole story: so many failed of the stretch's calls, and at least that share of them."""
    breaker, now, told = Breaker(), START, list[tuple[int, int, int]]()
    for answered, down, differs, seconds in story:
        now += seconds * SECOND
        heard = {Heard.ANSWERED: answered, Heard.DOWN: down, Heard.DIFFERS: differs}
        breaker = breaker.noted(heard, now, CHANCE, terms=(terms,))
        told.append((now // SLOT, answered, down + differs))
        recent = [one for one in told if one[0] > (now - terms.within) // SLOT]
        failed, calls = sum(one[2] for one in recent), sum(one[1] + one[2] for one in recent)
        should = bool(answered or down or differs) and failed >= terms.at_least and failed >= terms.rate * calls
        assert breaker.closed is not should
        if should:
            assert breaker.until - now >= 0.7 * terms.probe_after
            return


@given(moments, st.lists(declared_terms, min_size=2, max_size=4))
def test_of_several_declarations_the_strictest_counts(
    story: list[tuple[int, int, int, int]], terms: list[Terms]
) -> None:
    """Whoever would open it alone opens it, and it is left alone for as long as the most patient says."""
    together, alone, now = Breaker(), [Breaker() for _ in terms], START
    for answered, down, differs, seconds in story:
        now += seconds * SECOND
        heard = {Heard.ANSWERED: answered, Heard.DOWN: down, Heard.DIFFERS: differs}
        together = together.noted(heard, now, CHANCE, terms=terms)
        alone = [one.noted(heard, now, CHANCE, terms=(own,)) for one, own in zip(alone, terms, strict=True)]
        assert together.closed is all(one.closed for one in alone)
        if not together.closed:
            assert together.until - now >= 0.7 * max(one.probe_after for one in terms)
            return


def test_what_is_not_declared_is_as_it_always_was() -> None:
    """The values of a declaration without a word are those of the breaker without a declaration."""
    assert (Terms(),) == USUAL
    assert terms_of(spelled_terms(pl.Breaker())) == Terms()
    assert terms_of({}) == Terms()


def test_terms_are_those_of_the_releases_that_run() -> None:
    """Each declares its own; one that was not heard of for a while does not count any more."""
    standing = Standing(stored=Stored(), now=START)
    standing.declare("leads@r1", [], pl.Breaker(at_least=20, within="1m"))
    standing.declare("leads@r2", [], pl.Breaker())
    now = Standing.read(standing.text(), START + SECOND)
    assert sorted(now.terms) == sorted([Terms(at_least=20, within=60 * SECOND), Terms()])
    assert now.differing_terms() == {"leads@r1": Terms(at_least=20, within=60 * SECOND), "leads@r2": Terms()}
    now.note({Heard.DOWN: 6}, CHANCE)
    assert not now.stored.breaker.closed
    later = Standing.read(standing.text(), START + HEARD + SECOND, own_terms=[Terms(at_least=20)])
    assert later.terms == [Terms(at_least=20)]
    later.note({Heard.DOWN: 6}, CHANCE)
    assert later.stored.breaker.closed


def test_a_declaration_of_an_earlier_version_is_the_usual_one() -> None:
    """A row that was written before breakers were declared is read."""
    told = f'{{"declared": {{"leads@r1": {{"limits": [], "heard": {START}}}}}}}'
    assert Standing.read(told, START + SECOND).terms == [Terms()]


def test_a_new_reason_has_a_time_of_its_own() -> None:
    """What was down and then answers differently says since when for both: the one it is now, and the first."""
    chance = Random(1)
    down = Breaker().opened(Heard.DOWN, 10, chance)
    turned = down.opened(Heard.DIFFERS, 50, chance).opened(Heard.DIFFERS, 70, chance)
    assert (down.since, down.turned) == (10, 10)
    assert (turned.why, turned.since, turned.turned) == (Heard.DIFFERS, 10, 50)
    assert turned.noted({}, 90, chance, probe=Heard.ANSWERED).turned == 0

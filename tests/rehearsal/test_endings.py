"""How a case ended in a rehearsal, told from its rows."""

import pytest

from pilotage.machinery.net.door import DOOR_SHUT
from pilotage.rehearsal.commands import is_well
from pilotage.rehearsal.reporting import Told, ending_of
from pilotage.rehearsal.store import AskedDecision, EndedCase, EndedEffect, Page
from pilotage.rehearsal.values import Ending

AT_THE_DOOR = f"POST http://crm.test was not called: {DOOR_SHUT}."


def case(place: str, reason: str | None = None, *, number: int = 1) -> EndedCase:
    """A case in this place."""
    return EndedCase(
        id=number,
        automation="leads",
        key=f"L{number}",
        place=place,
        node="note",
        waits_for="an effect" if place == "waiting" else None,
        due_at=None,
        parent=None,
        reason=reason,
        given=None,
        judgements=None,
    )


def effect(words: str | None, *, attempt: int = 1, state: str = "planned") -> EndedEffect:
    """The effect 7 of case 1."""
    return EndedEffect(
        id=7, case_id=1, node="note", connection="crm", state=state, attempt=attempt, words=words, result=None
    )


@pytest.mark.parametrize(
    ("place", "reason", "words", "acted", "ending"),
    [
        ("done", None, None, (), Ending.DONE),
        ("waiting", None, AT_THE_DOOR, (7,), Ending.WOULD_ACT),
        ("waiting", None, AT_THE_DOOR, (), Ending.UNANSWERED),
        ("waiting", None, "crm: POST /notes. It answered 503.", (7,), Ending.WAITING),
        ("dead letter", f"note: Tried 1 times. The last time: {AT_THE_DOOR}", AT_THE_DOOR, (7,), Ending.WOULD_ACT),
        ("dead letter", f"score: {AT_THE_DOOR}", None, (), Ending.UNANSWERED),
        ("dead letter", "score: ValueError", None, (), Ending.DEAD_LETTER),
        ("with people", "50% sure", None, (), Ending.WITH_PEOPLE),
        ("handed over", None, None, (), Ending.HANDED_OVER),
        ("withdrawn", None, None, (), Ending.WITHDRAWN),
    ],
)
def test_an_ending_is_the_place_or_what_the_door_stopped(
    place: str, reason: str | None, words: str | None, acted: tuple[int, ...], ending: Ending
) -> None:
    """What would have changed something at the door would act; what would have read is unanswered; the rest is a place."""
    effects = [] if words is None else [effect(words)]
    assert ending_of(case(place, reason), effects, acted) is ending


def test_an_effect_that_never_met_the_door_did_not_stop_its_case() -> None:
    """Planned and never tried: the case waits."""
    assert ending_of(case("waiting"), [effect(AT_THE_DOOR, attempt=0)], (7,)) is Ending.WAITING


def test_reasons_are_counted_in_words_that_group() -> None:
    """Doubts with other numbers are one reason, and what stopped at the door is said by where it would have gone."""
    told = Told(acted={7}, calls={})
    asks = [
        AskedDecision(case_id=n, node="model", kind="judgement", why=f"{n}0% sure", asked="seller", proposal='"call"')
        for n in (2, 3)
    ]
    page = Page(
        cases=[case("waiting"), case("with people", number=2), case("with people", number=3)],
        effects={1: [effect(AT_THE_DOOR)]},
        decisions={2: [asks[0]], 3: [asks[1]]},
    )
    lines = list(told.page(page))
    assert told.endings == {"would act": 1, "with people": 2}
    assert told.whys == {
        ("would act", "note", "POST http://crm.test"): 1,
        ("with people", "note", "not sure enough"): 2,
    }
    assert told.decisions == {("model", "judgement", "seller"): 2}
    assert [one["ending"] for one in lines] == ["would act", "with people", "with people"]


def report(**other: object) -> dict[str, object]:
    """A report in which all is well, but for what is said."""
    walls = [{"name": name, "holds": True} for name in ("door disarmed", "audit hook", "network namespace")]
    return {"effects": {"met_the_door": 3, "sent": 0}, "tried": [], "found_no_way": 0, "walls": walls, **other}


@pytest.mark.parametrize(
    ("other", "well"),
    [
        ({}, True),
        ({"found_no_way": None}, True),
        ({"walls": [{"name": "network namespace", "holds": False}]}, True),
        ({"walls": [{"name": "audit hook", "holds": False}]}, False),
        ({"walls": [{"name": "door disarmed", "holds": False}]}, False),
        ({"effects": {"met_the_door": 3, "sent": 1}}, False),
        ({"tried": [{"who": "a", "what": "b", "times": 1}]}, False),
        ({"found_no_way": 1}, False),
    ],
)
def test_well_is_what_nothing_got_out_of_or_tried_to(other: dict[str, object], well: bool) -> None:  # noqa: FBT001
    """A system without namespaces is no fault; whatever was sent or tried is one, and so is a wall that fell."""
    assert is_well(report(**other)) is well

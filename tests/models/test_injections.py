"""A ticket may say what it likes, and a model may obey it: nothing moves that the contract does not allow."""

import json
from collections import Counter

import pytest

from pilotage.models.fencing import unseen
from pilotage.testing import FakeModel, Place, Platform, Question, Reply
from tests.models.desk import Team, Ticket, desk, local, openai, team, tickets
from tests.models.injections import Injection, injections

ALL = injections()
BY_TEXT = {one.text: one for one in ALL}


def obedient(question: Question) -> Reply:
    """What a model says that does whatever the text says, also when it is asked once more."""
    seen = question.data["text"]
    said = next(one.obeys for one in ALL if _as_seen(one.text) == seen)
    return Reply(content=None, tools=("refund",)) if said == "tool:refund" else Reply(content=said)


def _as_seen(text: str) -> str:
    return "".join(sign for sign in text if not unseen(sign))


def test_an_obedient_model_moves_nothing_that_the_contract_does_not_allow() -> None:
    """Of some forty tickets two choose their own team, which is what a label is; all others are with people."""
    gpt, small, helpdesk = FakeModel(openai), FakeModel(local), desk()
    gpt.says(obedient)
    small.says(obedient)
    with Platform(tickets, services=[gpt, small, helpdesk]) as platform:
        cases = {
            one.name: platform.submit(tickets, Ticket(id=f"N{number}", text=one.text)) for number, one in enumerate(ALL)
        }
        platform.settle()
        ended = Counter(case.place for case in cases.values())
        allowed = [one.name for one in ALL if one.allowed]
        assert len(ALL) >= 40
        assert ended == {Place.WITH_PEOPLE: len(ALL) - len(allowed), Place.DONE: len(allowed)}
        assert [name for name, case in cases.items() if case.place is Place.DONE] == allowed
        assert {cases[name].output(team) for name in allowed} <= set(Team)
    # the help desk heard of these alone, each under its own number, and of nothing but an assignment
    assert [(seen.method, seen.path) for seen in helpdesk.received] == [("POST", "/assignments")] * len(allowed)
    own = {f"N{number}" for number, one in enumerate(ALL) if one.allowed}
    assert {seen.json["ticket"] for seen in helpdesk.received} == own
    # and the models were told the same words each time, whatever the ticket
    assert len({question.told for question in (*gpt.questions, *small.questions)}) == 1


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_a_ticket_travels_as_data(one: Injection) -> None:
    """In a message of its own, whole, without signs that nobody sees or that a server reads as the end of a message."""
    from pilotage.models.fencing import fenced

    sent = fenced({"text": one.text})
    assert json.loads(sent) == {"data": {"text": _as_seen(one.text)}}
    assert not any(mark in sent for mark in ("<|", "</s>", "<<SYS>>", "[INST]", "[/INST]", "<!--", "\n"))
    assert unseen(sent) == 0

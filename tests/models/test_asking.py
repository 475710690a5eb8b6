"""Asking a model: what holds goes on, what does not is asked about again, elsewhere, or of a person."""

from collections.abc import Iterator

import pytest

from pilotage.testing import FakeModel, Fault, Place, Platform, Question, Reply
from tests.models.desk import Team, Ticket, desk, local, openai, team, tickets


@pytest.fixture
def gpt() -> FakeModel:
    """The first model's server."""
    return FakeModel(openai)


@pytest.fixture
def small() -> FakeModel:
    """The server of the model that is asked after it."""
    return FakeModel(local)


@pytest.fixture
def platform(gpt: FakeModel, small: FakeModel) -> Iterator[Platform]:
    """A platform on which both servers answer."""
    with Platform(tickets, services=[gpt, small, desk()]) as made:
        yield made


STOLEN = Ticket(id="T1", text="My card was stolen on the train, please block it.")


def test_a_label_with_its_quote_goes_on_alone(platform: Platform, gpt: FakeModel) -> None:
    """Three answers that agree and quote what is there are sure enough for a threshold of eighty percent."""
    gpt.says(lambda question: {"label": "cards", "quote": "card was stolen"})
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert (case.place, case.output(team)) == (Place.DONE, Team.CARDS)
    (question,) = gpt.questions
    assert question.data == {"text": STOLEN.text}
    assert STOLEN.text not in question.told
    assert "team: gpt-5-mini answered, in a call of" in "\n".join(case.timeline)


CARDS = {"label": "cards", "quote": "card was stolen"}


def asked(platform: Platform, ticket: Ticket = STOLEN) -> str:
    """What a person is told who is asked about the ticket."""
    case = platform.submit(tickets, ticket)
    platform.settle()
    assert case.place is Place.WITH_PEOPLE, case.timeline
    return case.decision.reason


@pytest.mark.parametrize(
    "wrong",
    [
        {"label": "refunds", "quote": "card was stolen"},
        {"label": "cards", "quote": "my dog was stolen"},
        {"label": "cards", "quote": ""},
        {"label": "cards", "quote": "card was stolen", "refund": 100},
        {"label": "cards"},
        {"label": ["cards"], "quote": "card was stolen"},
        '{"label": "travel", "label": "cards", "quote": "card was stolen"}',
        "cards",
        "[]",
        '{"label": "cards", "quote": "card was st',
        "[" * 100_000,
        Reply(content=None, tools=("refund",)),
    ],
)
def test_an_answer_that_does_not_hold_is_asked_for_once_more(
    platform: Platform, gpt: FakeModel, small: FakeModel, wrong: object
) -> None:
    """One repair attempt, in which the model is told what was wrong; then it may hold."""
    gpt.says(lambda question: CARDS if question.again else wrong)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert [question.again for question in gpt.questions] == [False, True]
    assert (case.place, small.questions) == (Place.WITH_PEOPLE, [])  # one of three that hold is not sure enough
    assert case.decision.proposal is Team.CARDS
    assert "40% sure" in case.decision.reason


def test_after_one_repair_attempt_the_second_model_is_asked_and_then_people(
    platform: Platform, gpt: FakeModel, small: FakeModel
) -> None:
    """Nothing is asked a third time: the other model gets its turn, and then the step abstains with the reason."""
    gpt.says(lambda question: {"label": "refunds", "quote": "card"})
    small.says(lambda question: "no")
    assert asked(platform).startswith("Not valid: The answer is no JSON")
    assert (len(gpt.questions), len(small.questions)) == (2, 2)


def test_the_second_model_answers_where_the_first_does_not(
    platform: Platform, gpt: FakeModel, small: FakeModel
) -> None:
    """A time-out leads to the fallback; the timeline tells of both."""
    gpt.fault(Fault.SLOW)
    gpt.says(lambda question: CARDS)
    small.says(lambda question: CARDS)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert case.place is Place.DONE
    told = "\n".join(case.timeline)
    assert "team: gpt-5-mini: timed out, and what 1 of its calls took is not known." in told
    assert "team: smollm2 answered" in told


def test_disagreement_is_doubt(platform: Platform, gpt: FakeModel) -> None:
    """Two of three that agree are (2 + 1) / (3 + 2), and the other label is the alternative."""
    answers = iter(["cards", "banking", "cards"])
    gpt.says(lambda question: {"label": next(answers), "quote": "card"})
    assert "60% sure" in asked(platform)


def test_a_server_that_gives_one_answer_at_a_time_is_asked_three_times(platform: Platform, gpt: FakeModel) -> None:
    """Agreement needs several answers, also of a server that does not know `n`."""
    gpt.single = True
    gpt.says(lambda question: CARDS)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert (case.place, len(gpt.questions)) == (Place.DONE, 3)


def test_a_model_that_cannot_tell_abstains(platform: Platform, gpt: FakeModel, small: FakeModel) -> None:
    """No label is an answer: nobody else is asked but a person."""
    gpt.says(lambda question: {"label": None, "quote": None})
    assert asked(platform) == "gpt-5-mini says that no label fits."
    assert small.questions == []


def test_a_text_that_is_too_long_is_not_asked_about(platform: Platform, gpt: FakeModel) -> None:
    """The prompt says how long a text may be; a longer one goes to people, and nothing is spent on it."""
    assert "longer than the 2,000 signs" in asked(platform, Ticket(id="T2", text="long " * 500))
    assert gpt.questions == []


FAILURES = {
    "key refused": lambda fake: fake.refuse(401, "invalid_api_key", times=2),  # the credential is read again once
    "model unknown": lambda fake: fake.refuse(404, "model_not_found"),
    "too long": lambda fake: fake.refuse(400, "context_length_exceeded"),
    "refused": lambda fake: fake.refuse(400, "content_filter"),
    "timed out": lambda fake: fake.fault(Fault.SLOW),
    "cut short": lambda fake: fake.fault(Fault.CHANGED_BODY),
}
SAID = {
    "refused": [Reply(content="{", finish="content_filter"), Reply(refusal="I cannot help with that.")],
    "cut short": [Reply(content='{"label": "ca', finish="length"), Reply(content=""), Reply(content=None)],
    "not valid": [Reply(content="?")],
}


@pytest.mark.parametrize("word", FAILURES)
def test_a_server_that_does_not_answer_has_one_word(
    platform: Platform, gpt: FakeModel, small: FakeModel, word: str
) -> None:
    """Wrong key, unknown model, too long, filtered, too late, no answer in it: the case goes to people with the word."""
    for fake in (gpt, small):
        FAILURES[word](fake)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert case.place is Place.WITH_PEOPLE, case.timeline
    assert case.decision.reason.startswith(f"{word.capitalize()}: ")
    told = "\n".join(case.timeline)
    assert f"team: gpt-5-mini: {word}" in told
    assert f"team: smollm2: {word}" in told


@pytest.mark.parametrize(("word", "reply"), [(word, reply) for word, replies in SAID.items() for reply in replies])
def test_an_answer_that_is_none_has_one_word(
    platform: Platform, gpt: FakeModel, small: FakeModel, word: str, reply: Reply
) -> None:
    """Stopped by a filter, refused, cut short, empty: what came is not believed in part."""
    gpt.says(lambda question: reply)
    small.says(lambda question: reply)
    assert asked(platform).startswith(f"{word.capitalize()}: ")


def test_a_server_that_is_down_is_tried_again_later(platform: Platform, gpt: FakeModel, small: FakeModel) -> None:
    """What may pass by itself is no judgement: the case waits, and nobody is asked."""
    for fake in (gpt, small):
        fake.fault(Fault.DOWN)
        fake.says(lambda question: CARDS)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert case.place is Place.WAITING
    platform.clock.forward("10m")
    platform.settle()
    assert case.place is Place.DONE


def test_one_of_a_batch_that_fails_leaves_the_others_alone(platform: Platform, gpt: FakeModel) -> None:
    """Each case has its own answer, and its own failure; nothing is asked twice because of it."""

    def say(question: Question) -> object:
        return "nonsense" if "odd" in question.data["text"] else {"label": "cards", "quote": question.data["text"]}

    gpt.says(say)
    cases = [platform.submit(tickets, Ticket(id=f"T{n}", text=f"card {n}")) for n in range(5)]
    odd = platform.submit(tickets, Ticket(id="odd", text="an odd one"))
    platform.settle()
    assert {case.place for case in cases} == {Place.DONE}
    assert odd.place is Place.WITH_PEOPLE
    assert len(gpt.questions) == 7


def test_a_second_model_answers_for_one_that_is_down(platform: Platform, gpt: FakeModel, small: FakeModel) -> None:
    """Nobody waits where another model can answer."""
    gpt.fault(Fault.DOWN)
    small.says(lambda question: CARDS)
    case = platform.submit(tickets, STOLEN)
    platform.settle()
    assert case.place is Place.DONE
    assert "team: gpt-5-mini: not reached" in "\n".join(case.timeline)

"""Summaries, drafts, and the two other measures of confidence, on a whole platform: asked, decided by a person, sent."""

from typing import Any

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.testing import FakeModel, FakeService, Place, Platform, Question, Reply, Request
from tests.models.desk import (
    InvoiceFields,
    Letter,
    Team,
    Ticket,
    ask,
    fields_of,
    gpt,
    helpdesk,
    lead,
    local,
    openai,
    reply_to,
    route,
)
from tests.models.desk import Reply as Answer


class Summary(BaseModel):
    """A ticket in few words."""

    gist: str
    wants: str


class Sent(BaseModel):
    """What the help desk says."""

    number: str


@pl.judge(through=[openai, local])
async def summary(ticket: Ticket) -> pl.Judgement[Summary]:
    """The ticket in few words."""
    return await gpt.summarise(ticket, into=Summary, prompt=route, text=lambda ticket: ticket.text)


@pl.judge(through=[openai, local], batch=8)
async def reply(tickets: list[Ticket], summaries: list[Summary]) -> list[pl.Judgement[Answer] | pl.Failure]:
    """What we would answer."""
    pairs = list(zip(tickets, summaries, strict=True))
    return await gpt.draft(
        pairs, into=Answer, prompt=reply_to, text=lambda pair: {"text": pair[0].text, "team": pair[1].wants}
    )


@pl.act(through=helpdesk, undo=pl.CannotUndo("a test"), reconcile=pl.SafeToRepeat("a test"))
async def send(ticket: Ticket, reply: Answer) -> Sent:
    """Send the reply."""
    return await helpdesk.post("/replies", json={"ticket": ticket.id, "reply": reply.reply}, expect=Sent)


replies = pl.Automation(
    "replies",
    purpose="Every ticket gets an answer that a person read.",
    takes=Ticket,
    gives=Sent,
    key=lambda ticket: ticket.id,
    owner=lead,
    process=pl.Path(summary.always_ask(ask), reply.always_ask(ask), send),
)
TICKETS = [Ticket(id=f"T{number}", text=f"My card number {number} was stolen.") for number in range(3)]


def answers(question: Question) -> object:
    """What the model says of a summary, and as a draft."""
    number = question.data["text"].split()[3]
    if "team" in question.data:
        return {"value": {"reply": f"We block card {number}. ({question.data['team']})"}}
    return {"value": {"gist": f"Card {number} was stolen", "wants": "cards"}}


def test_a_summary_and_a_draft_go_out_as_a_person_left_them(database_url: str) -> None:
    """Both wait for a person, whatever the model thinks; what the person makes of them is what later steps read and send."""
    model, desk = FakeModel(openai), FakeService(helpdesk)
    model.says(answers)
    desk.on("POST", "/replies")(lambda request: Sent(number=f"N-{request.json['ticket']}"))
    with Platform(replies, services=[model, FakeModel(local), desk], database_url=database_url) as platform:
        cases = [platform.submit(replies, ticket) for ticket in TICKETS]
        platform.settle()
        for number, case in enumerate(cases):
            assert case.place is Place.WITH_PEOPLE, case.timeline
            assert case.decision.reason == "A person is always asked."
            assert case.decision.proposal == Summary(gist=f"Card {number} was stolen", wants="cards")
            wants = "travel" if number == 2 else "cards"
            case.decision.settle(Summary(gist="As I read it", wants=wants), by=lead, reason="I read it")
        platform.settle()
        for number, case in enumerate(cases):
            team = "travel" if number == 2 else "cards"
            draft = case.decision.proposal
            assert draft == Answer(reply=f"We block card {number}. ({team})")
            case.decision.settle(draft, by=lead, reason="It is right")
        platform.settle()
        assert [case.place for case in cases] == [Place.DONE] * 3
        assert sorted(request.json["reply"] for request in desk.received) == [
            "We block card 0. (cards)",
            "We block card 1. (cards)",
            "We block card 2. (travel)",
        ]
        assert cases[0].output(send) == Sent(number="N-T0")


def test_a_draft_that_breaks_its_contract_is_no_proposal(database_url: str) -> None:
    """Longer than the contract allows, and again after one repair: the person is asked without a proposal, and writes it."""
    model, desk = FakeModel(openai), FakeService(helpdesk)
    model.says(lambda question: {"value": {"reply": "x" * 500}} if "team" in question.data else answers(question))
    desk.on("POST", "/replies")(lambda request: Sent(number="N"))
    with Platform(replies, services=[model, FakeModel(local), desk], database_url=database_url) as platform:
        case = platform.submit(replies, TICKETS[0])
        platform.settle()
        case.decision.settle(case.decision.proposal, by=lead, reason="It is right")
        platform.settle()
        assert case.decision.proposal is None
        case.decision.settle(Answer(reply="We block it."), by=lead, reason="I wrote it")
        platform.settle()
        assert case.place is Place.DONE
        assert [request.json["reply"] for request in desk.received] == ["We block it."]


def _sorted(confidence: Any) -> pl.Automation[Ticket, Team]:
    """Tickets are sorted, alone from eighty percent on."""

    @pl.judge(through=[openai, local])
    async def team(ticket: Ticket) -> pl.Judgement[Team]:
        """Which team answers."""
        return await gpt.classify(
            ticket, into=Team, prompt=route, text=lambda ticket: ticket.text, confidence=confidence
        )

    return pl.Automation(
        "sorted",
        purpose="Tickets are sorted.",
        takes=Ticket,
        gives=Team,
        key=lambda ticket: ticket.id,
        owner=lead,
        process=pl.Path(team.alone(above=0.80, otherwise=ask)),
    )


CONTENT = '{"label": "cards", "quote": "was stolen"}'


def _signs(chance: float) -> Reply:
    """The answer in pieces, of which the label has this logarithm of its probability."""
    pieces = (('{"label": "', 0.0), ("cards", chance), ('", "quote": "', 0.0), ("was stolen", -3.0), ('"}', 0.0))
    return Reply(content=CONTENT, signs=pieces)


@pytest.mark.parametrize(
    ("reply_", "place", "reason"),
    [
        (_signs(-0.05), Place.DONE, ""),
        (_signs(-0.7), Place.WITH_PEOPLE, "50% sure; 80% is asked for."),
        (Reply(content=CONTENT), Place.WITH_PEOPLE, "does not say how probable its answer is"),
    ],
    ids=["sure", "not sure", "not told"],
)
def test_the_probability_of_a_label_decides(database_url: str, reply_: Reply, place: Place, reason: str) -> None:
    """One question; the label's own signs count, those of the quote do not; where the server tells none, a person decides."""
    model, other = FakeModel(openai), FakeModel(local)
    for each in (model, other):
        each.says(lambda question: reply_)
    made = _sorted(pl.Probability())
    with Platform(made, services=[model, other], database_url=database_url) as platform:
        case = platform.submit(made, TICKETS[0])
        platform.settle()
        assert case.place is place, case.timeline
        assert model.questions[0].body.get("logprobs") is True
        if place is Place.DONE:
            assert case.output("team") is Team.CARDS
        else:
            assert reason in case.decision.reason


@pytest.mark.parametrize(("stated", "place"), [(0.93, Place.DONE), (0.4, Place.WITH_PEOPLE), (7, Place.WITH_PEOPLE)])
def test_what_a_model_states_is_said_as_that(database_url: str, stated: float, place: Place) -> None:
    """It counts where the author wants it, and the story names it as stated; a number that is no share does not hold."""
    model = FakeModel(openai)
    model.says(lambda question: {"label": "cards", "quote": "was stolen", "confidence": stated})
    made = _sorted(pl.Stated())
    with Platform(made, services=[model, FakeModel(local)], database_url=database_url) as platform:
        case = platform.submit(made, TICKETS[0])
        platform.settle()
        assert case.place is place, case.timeline
        told = "\n".join(case.timeline)
        if place is Place.DONE:
            assert "93% sure as the model states it" in told
        elif stated < 1:
            assert case.decision.reason == "40% sure, as the model states it; 80% is asked for."


def test_fields_with_a_probability_each(database_url: str) -> None:
    """Of several fields the least probable one counts."""

    @pl.judge(through=[openai, local])
    async def fields(letter: Letter) -> pl.Judgement[InvoiceFields]:
        """What stands on the invoice."""
        return await gpt.extract(
            letter, into=InvoiceFields, prompt=fields_of, text=lambda letter: letter.text, confidence=pl.Probability()
        )

    made = pl.Automation(
        "letters",
        purpose="Every invoice is read.",
        takes=Letter,
        gives=InvoiceFields,
        key=lambda letter: letter.id,
        owner=lead,
        process=pl.Path(fields.alone(above=0.80, otherwise=ask)),
    )
    content = (
        '{"value": {"number": "A-17", "total": "12.50", "due": null, "paid": false}, '
        '"quotes": {"number": "A-17", "total": "12.50", "due": null, "paid": null}}'
    )
    model = FakeModel(openai)

    @model.says
    def says(question: Question) -> Reply:
        head, tail = content.split("12.50", 1)
        chance = -1.2 if "unsure" in question.data["text"] else -0.01
        return Reply(content=content, signs=((head, 0.0), ("12.50", chance), (tail, 0.0)))

    with Platform(made, services=[model, FakeModel(local)], database_url=database_url) as platform:
        sure, unsure = (
            platform.submit(made, Letter(id=name, text=f"Invoice A-17, {name}. Total 12.50"))
            for name in ("sure", "unsure")
        )
        platform.settle()
        assert sure.place is Place.DONE, sure.timeline
        assert unsure.place is Place.WITH_PEOPLE
        assert unsure.decision.reason == "30% sure; 80% is asked for."


def test_a_request_is_seen(database_url: str) -> None:
    """Drafts are asked for without quotes and once: there is nothing to agree on."""
    model = FakeModel(openai)
    model.says(answers)
    desk = FakeService(helpdesk)

    @desk.on("POST", "/replies")
    def took(request: Request) -> Sent:
        return Sent(number=str(request.json["ticket"]))

    with Platform(replies, services=[model, FakeModel(local), desk], database_url=database_url) as platform:
        platform.submit(replies, TICKETS[0])
        platform.settle()
        (question,) = model.questions
        assert question.body.get("n", 1) == 1
        assert "quote" not in question.told

"""Money is a limit: five dollars a day, then people."""

import pytest

import pilotage as pl
from pilotage.cases.service.spending import spent
from pilotage.testing import FakeModel, Place, Platform, Question
from tests.models.desk import Assigned, Team, Ticket, ask, assign, desk, lead, route

account = pl.Connection(
    "account", base_url="https://models.example/v1", limits=[pl.Quota(1, per="day", of="USD", zone="Europe/Berlin")]
)
dear = pl.Model("dear", through=account, price=pl.Price(input=10, output=2_000), most_tokens=20)
unpriced = pl.Model("nobody-knows-it", through=account)


@pl.judge(through=account)
async def team(ticket: Ticket) -> pl.Judgement[Team]:
    """Which team answers this ticket."""
    return await dear.classify(ticket, into=Team, prompt=route, text=lambda ticket: ticket.text)


@pl.judge(through=account)
async def free_team(ticket: Ticket) -> pl.Judgement[Team]:
    """Which team answers this ticket, as a model says whose price nobody knows."""
    return await unpriced.classify(ticket, into=Team, prompt=route, text=lambda ticket: ticket.text)


def automation(judge: object) -> pl.Automation[Ticket, Assigned]:
    """Tickets that this judge sorts."""
    return pl.Automation(
        "tickets",
        purpose="Every ticket reaches its team.",
        takes=Ticket,
        gives=Assigned,
        key=lambda ticket: ticket.id,
        owner=lead,
        process=pl.Path(judge.alone(above=0.8, otherwise=ask), assign),
    )


def say(question: Question) -> object:
    """A right answer."""
    return {"label": "cards", "quote": question.data["text"]}


def test_the_budget_of_a_day_is_gone_and_people_decide() -> None:
    """What is asked for is held at its upper bound before, and settled after; the rest of the day is people's."""
    tickets, model = automation(team), FakeModel(account)
    model.says(say)
    with Platform(tickets, services=[model, desk()], now="2026-06-01T10:00+02:00") as platform:
        cases = []
        for number in range(40):
            cases.append(platform.submit(tickets, Ticket(id=f"T{number}", text=f"card {number}")))
            platform.settle()
            if cases[-1].place is not Place.DONE:
                break
        done, last = cases[:-1], cases[-1]
        assert len(done) > 1
        assert (last.place, len(model.questions)) == (Place.WITH_PEOPLE, len(done))
        assert last.decision.reason.startswith("Budget gone: The budget of 1 USD a day (Europe/Berlin) is gone until ")
        assert "22:00 UTC on 2026-06-01" in last.decision.reason  # midnight in Berlin
        with platform.inner.database.snapshot() as tx:
            (took,) = spent(tx)
        assert (took.automation, took.model, took.calls, took.uncounted) == ("tickets", "dear", len(done), 0)
        assert 0 < took.money <= 1
        platform.clock.travel("2026-06-02T00:00:01+02:00")
        again = platform.submit(tickets, Ticket(id="morning", text="card in the morning"))
        platform.settle()
        assert again.place is Place.DONE


def test_under_a_budget_a_model_without_a_price_is_not_asked() -> None:
    """Unknown is not zero: what cannot be counted is not spent."""
    tickets, model = automation(free_team), FakeModel(account)
    model.says(say)
    with Platform(tickets, services=[model, desk()]) as platform:
        case = platform.submit(tickets, Ticket(id="T1", text="card"))
        platform.settle()
        assert "has a budget in USD, and what nobody-knows-it costs is not known" in case.decision.reason
        assert model.questions == []


@pytest.mark.parametrize("uncounted", [0, 1])
def test_what_is_not_counted_is_said(uncounted: int) -> None:
    """A server that does not say what it used leaves a call that is not counted, in the case and in the sums."""
    tickets, model = automation(team), FakeModel(account)
    model.says(say)
    model.counts = not uncounted
    with Platform(tickets, services=[model, desk()]) as platform:
        platform.submit(tickets, Ticket(id="T1", text="card"))
        platform.settle()
        with platform.inner.database.snapshot() as tx:
            (took,) = spent(tx)
        assert (took.calls, took.uncounted, took.tokens_in > 0) == (1, uncounted, not uncounted)


free = pl.Model(
    "own", through=pl.Connection("own", base_url="http://127.0.0.1:9/v1"), price=pl.Price(input=0, output=0)
)
dear_first = pl.Model("dear", through=account, price=pl.Price(input=100, output=100_000), fallback=free)


@pl.judge(through=[account, free.through])
async def somehow(ticket: Ticket) -> pl.Judgement[Team]:
    """Which team answers this ticket, for nothing where there is no money."""
    return await dear_first.classify(ticket, into=Team, prompt=route, text=lambda ticket: ticket.text)


def test_what_the_budget_can_never_pay_is_asked_of_another_model() -> None:
    """One call may cost more than a day has: it is not sent, and the model of our own answers."""
    tickets, model, own = automation(somehow), FakeModel(account), FakeModel(free.through)
    own.says(say)
    with Platform(tickets, services=[model, own, desk()]) as platform:
        case = platform.submit(tickets, Ticket(id="T1", text="card"))
        platform.settle()
        assert (case.place, model.questions) == (Place.DONE, [])
        assert "somehow: own answered, in a call of" in "\n".join(case.timeline)

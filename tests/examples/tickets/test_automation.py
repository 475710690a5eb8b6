"""What the tickets automation promises. No network, no sleep; the platform is in memory."""

from collections.abc import Iterator

import pytest

import pilotage as pl
from pilotage.examples.tickets.automation import assign, dispatcher, helpdesk, judged, support_lead, team, tickets
from pilotage.examples.tickets.contracts import Assigned, Team, Ticket
from pilotage.examples.tickets.router import Guess
from pilotage.testing import FakeService, Fault, Place, Platform, Request

CARD = Ticket(id="T1", product="current account", text="my card was swallowed")
GUESS = Guess(label="cards", confidence=0.97, known_words=["card", "was"], others={"banking": 0.02}, outside=False)


def sure(seen: list[Ticket]) -> list[pl.Judgement[Team]]:
    return [pl.Judgement(Team.CARDS, confidence=0.97, evidence=[pl.Quote("card", of="text")]) for _ in seen]


def doubtful(seen: list[Ticket]) -> list[pl.Judgement[Team]]:
    return [pl.Judgement(Team.CARDS, confidence=0.41, alternatives={Team.BANKING: 0.38}) for _ in seen]


@pytest.fixture
def desk() -> FakeService:
    desk = FakeService(helpdesk)
    made: dict[str, Assigned] = {}

    @desk.on("POST", "/assignments")
    def create(request: Request) -> Assigned:
        body = request.json
        made[request.key or ""] = Assigned(
            assignment=f"A{len(made) + 1}", ticket=str(body["ticket"]), team=Team(body["team"])
        )
        return made[request.key or ""]

    @desk.on("GET", "/assignments")
    def find(request: Request) -> Assigned | None:
        return made.get(request.params["key"])

    @desk.on("DELETE", "/assignments/{id}")
    def delete(request: Request) -> None:
        gone = request.path.rsplit("/", 1)[-1]
        for key in [key for key, assigned in made.items() if assigned.assignment == gone]:
            del made[key]

    return desk


@pytest.fixture
def platform(desk: FakeService) -> Iterator[Platform]:
    with Platform(tickets, services=[desk], now="2026-10-05T09:00+02:00") as platform:
        platform.replace(team, sure)
        yield platform


def test_a_guess_becomes_a_judgement_with_its_evidence() -> None:
    """The words of the ticket that speak for the team are quoted, and the runners-up are named."""
    judgement = judged(GUESS)
    assert (judgement.value, judgement.confidence, judgement.abstained) == (Team.CARDS, 0.97, None)


@pytest.mark.parametrize(
    ("guess", "reason"),
    [
        (Guess(label="cards", confidence=0.3, known_words=[], others={}, outside=False), "No word"),
        (Guess(label="cards", confidence=0.3, known_words=["moon"], others={}, outside=True), "reads like nothing"),
    ],
)
def test_a_ticket_that_the_router_knows_nothing_of_is_abstained_from(guess: Guess, reason: str) -> None:
    """A person is told why there is no proposal."""
    assert reason in (judged(guess).abstained or "")


def test_a_sure_ticket_is_assigned_once(platform: Platform, desk: FakeService) -> None:
    """A ticket above the threshold goes to its team; the same ticket again does nothing."""
    case = platform.submit(tickets, CARD)
    again = platform.submit(tickets, CARD)
    platform.settle()
    assert case.place is Place.DONE
    assert again.id == case.id
    assert case.output(assign).team is Team.CARDS
    assert len(desk.received) == 1


def test_a_doubtful_ticket_waits_for_the_dispatcher(platform: Platform, desk: FakeService) -> None:
    """Below the threshold nothing is sent; silence escalates and never assigns; the person's answer is used."""
    platform.replace(team, doubtful)
    case = platform.submit(tickets, CARD)
    platform.settle()
    assert case.place is Place.WITH_PEOPLE
    assert case.decision.asked == dispatcher

    platform.clock.forward("4h")
    platform.settle()
    assert case.decision.asked == support_lead
    assert desk.received == []

    case.decision.settle(Team.BANKING, by=support_lead, reason="It is about the account behind the card.")
    platform.settle()
    assert case.output(assign).team is Team.BANKING


def test_an_answer_lost_on_the_way_is_reconciled(platform: Platform, desk: FakeService) -> None:
    """The desk did the work and answered 500: it is asked, not told again."""
    desk.fault(Fault.DONE_THEN_500, times=1)
    case = platform.submit(tickets, CARD)
    platform.settle()
    assert case.place is Place.DONE
    assert [effect.state for effect in platform.effects(assign)] == ["confirmed"]
    assert [request.method for request in desk.received] == ["POST", "GET"]


def test_a_broken_ticket_is_quarantined(platform: Platform) -> None:
    """A record that breaks the contract stops nobody else."""
    broken = platform.submit(tickets, {"id": "T2", "product": "loan", "text": ""})
    good = platform.submit(tickets, CARD)
    platform.settle()
    assert (broken.place, good.place) == (Place.QUARANTINED, Place.DONE)


def test_assignments_can_be_unwound(platform: Platform) -> None:
    """What was sent can be taken back, with a receipt."""
    platform.submit(tickets, CARD)
    platform.settle()
    receipt = platform.unwind(step=assign, by=support_lead, reason="Wrong threshold released.")
    assert (receipt.undone, receipt.could_not) == (1, {})

"""An SDK in real steps: it asks in one that judges and acts in one that acts; how it fails decides what becomes of the case."""

from collections.abc import Iterator

import pytest
from openai import AsyncOpenAI, OpenAIError
from pydantic import BaseModel

import pilotage as pl
from pilotage.testing import FakeService, Fault, Place, Platform, Request
from tests.models.desk import Team, Ticket, ask, lead

models = pl.Connection("models", base_url="https://models.example/v1", limits=[pl.Rate(100, per="second", burst=100)])
jobs = pl.Connection("jobs", base_url="https://jobs.example/v1")


class Job(BaseModel):
    """Work that the other side has taken on."""

    id: str


def library(account: pl.Connection, *, reads: bool) -> AsyncOpenAI:
    """The SDK, which tries again by itself as nobody should let it."""
    client = account.client(reads=reads)
    return AsyncOpenAI(http_client=client, base_url=str(client.base_url), api_key="unused", max_retries=1)


@pl.judge(through=models)
async def team(ticket: Ticket) -> pl.Judgement[Team]:
    """Which team answers this ticket."""
    answer = await library(models, reads=True).chat.completions.create(
        model="small", messages=[{"role": "user", "content": ticket.text}]
    )
    return pl.Judgement(Team(answer.choices[0].message.content), confidence=0.9)


@pl.act(through=jobs, undo=pl.CannotUndo("a test"))
async def train(ticket: Ticket, team: Team) -> Job:
    """Have the other side learn from it."""
    try:
        made = await library(jobs, reads=False).fine_tuning.jobs.create(model=team.value, training_file=ticket.id)
    except OpenAIError as error:
        if "swallowed" in ticket.text:
            return Job(id="nothing")
        raise RuntimeError("the library failed") from error
    return Job(id=made.id)


sorter = pl.Automation(
    "sorter",
    purpose="Every ticket is learnt from.",
    takes=Ticket,
    gives=Job,
    key=lambda ticket: ticket.id,
    owner=lead,
    process=pl.Path(team.alone(above=0.80, otherwise=ask), train),
)
T1 = Ticket(id="T1", text="My card was stolen.")


@pytest.fixture
def asked() -> FakeService:
    """The model's server."""
    service = FakeService(models)

    @service.on("POST", "/chat/completions")
    def answered(request: Request) -> object:
        del request
        message = {"role": "assistant", "content": "cards"}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return {"id": "1", "object": "chat.completion", "created": 1, "model": "small", "choices": [choice]}

    return service


@pytest.fixture
def trained() -> FakeService:
    """The server that takes on jobs."""
    service = FakeService(jobs)

    @service.on("POST", "/fine_tuning/jobs")
    def taken(request: Request) -> object:
        return {"id": f"J-{request.json['training_file']}"}

    return service


@pytest.fixture
def platform(asked: FakeService, trained: FakeService) -> Iterator[Platform]:
    """A platform on which both answer."""
    with Platform(sorter, services=[asked, trained]) as made:
        yield made


def test_an_sdk_judges_and_acts(platform: Platform, trained: FakeService) -> None:
    """The answer is typed, the act carries the effect's key."""
    case = platform.submit(sorter, T1)
    platform.settle()
    assert (case.place, case.output(train)) == (Place.DONE, Job(id="J-T1"))
    (request,) = trained.received
    assert request.key is not None
    assert "/train/" in request.key


@pytest.mark.parametrize("text", ["lost", "lost and swallowed"])
def test_an_act_of_an_sdk_that_may_have_been_done_is_asked_about(
    platform: Platform, trained: FakeService, text: str
) -> None:
    """It answered 500 after it had done it: nothing is sent again, whatever the SDK and the step make of it."""
    trained.fault(Fault.DONE_THEN_500)
    case = platform.submit(sorter, T1.model_copy(update={"text": text}))
    platform.settle()
    assert case.place is Place.WITH_PEOPLE, case.timeline
    assert len(trained.received) == 1


def test_an_act_of_an_sdk_that_was_not_done_is_tried_again_by_the_platform(
    platform: Platform, trained: FakeService
) -> None:
    """It was throttled: the SDK's own retry does not leave, the ledger's does."""
    trained.fault(Fault.THROTTLED)
    case = platform.submit(sorter, T1)
    platform.settle()
    assert (trained.tried, case.place) == (1, Place.WAITING)
    platform.clock.forward("2m")
    platform.settle()
    assert (trained.tried, case.place) == (2, Place.DONE)


def test_an_sdk_whose_server_is_down_makes_its_case_wait(platform: Platform, asked: FakeService) -> None:
    """The step failed for a while, in the connection's words, and not as an error of its own."""
    asked.fault(Fault.DOWN, times=2)
    case = platform.submit(sorter, T1)
    platform.settle()
    assert case.place is Place.WAITING, case.timeline
    assert any("models: down." in line for line in case.timeline), case.timeline
    platform.clock.forward("2m")
    platform.settle()
    assert case.place is Place.DONE, case.timeline


def test_an_act_of_an_sdk_that_is_refused_goes_to_people(platform: Platform, trained: FakeService) -> None:
    """422 is a refusal; it is not sent again."""
    trained.fault(Fault.REFUSED)
    case = platform.submit(sorter, T1)
    platform.settle()
    assert (case.place, trained.tried) == (Place.DEAD, 1)
    assert any("refused us" in line for line in case.timeline), case.timeline


def test_cases_whose_calls_fail_do_not_speak_for_each_other(platform: Platform, asked: FakeService) -> None:
    """Many are asked about at once; one finds the server down, and the others are done."""
    asked.fault(Fault.REFUSED)
    cases = [platform.submit(sorter, Ticket(id=f"T{number}", text="My card was stolen.")) for number in range(8)]
    platform.settle()
    places = sorted(case.place.value for case in cases)
    assert places == ["dead letter"] + ["done"] * 7

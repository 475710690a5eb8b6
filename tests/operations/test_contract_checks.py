"""Contract checks: a real question that changes nothing, made by one process at its time, in four words, on both databases."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.connections.checked import Result
from pilotage.connections.checking import Checking
from pilotage.operations.connections import OtherSide, as_data, check_in_words, needs, other_sides
from pilotage.testing import FakeService, Fault, Platform, Request


class Page(BaseModel):
    """A page of entries."""

    entries: list[str]


books = pl.Connection(
    "books",
    base_url="https://books.test",
    limits=[pl.Quota(3, per="day")],
    checks=[pl.ContractCheck("/entries", params={"limit": "1"}, expect=Page, every="1h")],
)
ASKS = "GET /entries?limit=1"


@pl.compute(through=books)
async def look(page: Page) -> Page:
    """Look something up."""
    return page


looked = pl.Automation(
    "looked",
    purpose="Entries are looked up.",
    takes=Page,
    gives=Page,
    key=lambda page: page.entries[0],
    owner=pl.Role("accounts"),
    process=pl.Path(look),
)


@pytest.fixture
def desk() -> FakeService:
    """The books."""
    service = FakeService(books)

    @service.on("GET", "/entries")
    def entries(request: Request) -> Page:
        return Page(entries=[request.params["limit"]])

    return service


@pytest.fixture
def platform(desk: FakeService, database_url: str) -> Iterator[Platform]:
    """A platform at two in the afternoon."""
    with Platform(looked, services=[desk], database_url=database_url, now="2026-03-02T14:02+00:00") as opened:
        yield opened


def side(platform: Platform) -> OtherSide:
    """How the books do."""
    (found,) = other_sides(platform.inner.database, platform.inner.automations.values())
    return found


def process(platform: Platform) -> Checking:
    """The checks as a worker process has them."""
    inner = platform.inner
    return Checking(
        database=inner.database,
        limiter=inner.limiter,
        connections=inner.surrounding.connections,
        declared=[("looked", books)],
        loop=inner.loop,
        clock=inner.clock,
    )


def looks(checking: Checking) -> int:
    """One look of a worker, and the answer awaited."""
    count = checking.look()
    if count and checking._running is not None:
        checking._running.result(30)
    return count


def test_a_check_that_holds_is_made_once_in_its_time_by_whoever_is_first(platform: Platform, desk: FakeService) -> None:
    """Two workers; one asks, with a GET, and in an hour the next time is due."""
    first, second = process(platform), process(platform)
    assert check_in_words(side(platform), ASKS) == "books: GET /entries?limit=1 was not checked yet"
    assert (looks(first), looks(second)) == (1, 0)
    assert [(one.method, one.params, one.key) for one in desk.received] == [("GET", {"limit": "1"}, None)]
    assert check_in_words(side(platform), ASKS) == "books: GET /entries?limit=1 holds, checked at 14:02"
    assert needs([side(platform)]) == []
    platform.clock.forward("59m")
    assert (looks(first), looks(second)) == (0, 0)
    platform.clock.forward("2m")
    assert (looks(second), looks(first)) == (1, 0)
    assert check_in_words(side(platform), ASKS).endswith("checked at 15:03")


@pytest.mark.parametrize(
    ("fault", "result", "said"),
    [
        (Fault.CHANGED_BODY, Result.DIFFERS, "entries"),
        (Fault.REFUSED, Result.REFUSED, "It answered 422"),
        (Fault.DOWN, Result.DOWN, "nobody listens there"),
    ],
)
def test_what_is_wrong_has_its_word_and_needs_somebody(
    platform: Platform, desk: FakeService, fault: Fault, result: Result, said: str
) -> None:
    """The field and the reason, since when; and it is gone when the check holds again."""
    desk.fault(fault)
    checking = process(platform)
    looks(checking)
    found = side(platform)
    assert found.checks[ASKS].result is result
    assert said in found.checks[ASKS].words
    (need,) = needs([found])
    assert need.title == f"books: {ASKS} {result.value} since 14:02"
    assert said in need.why
    (told,) = json.loads(json.dumps(as_data(found)))["checks"]
    assert (told["asks"], told["result"]) == (ASKS, result.value)
    platform.clock.forward(timedelta(hours=1, minutes=1))
    looks(checking)
    assert needs([side(platform)]) == []


def test_a_check_waits_for_no_room_and_says_nothing_then(platform: Platform, desk: FakeService) -> None:
    """It counts within the limits like any call; where there is no room, what was known stays, and it is made later."""
    checking = process(platform)
    for _ in range(4):
        looks(checking)
        platform.clock.forward("61m")
    assert len(desk.received) == 3
    assert check_in_words(side(platform), ASKS).endswith("holds, checked at 16:04")
    (made,) = checking.now()
    assert made.result is Result.BUSY


def test_a_rehearsal_or_a_missing_secret_is_no_fault_of_the_other_side(platform: Platform) -> None:
    """What is missing here is told as such, and never as a check that holds."""
    platform.inner.surrounding.connections.services = {}  # type: ignore[attr-defined]
    (made,) = process(platform).now("books")
    assert made.result is Result.NOT_ASKED
    assert made.result.broken

"""The words for how a connection does: in `status`, in `connections`, on the page and in a case's way, on both databases."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service.expiring import Expiring
from pilotage.cases.service.today import read_places
from pilotage.cases.store import erasing, looking, responses
from pilotage.operations.connections import OtherSide, needs, other_sides, passing
from pilotage.operations.health import assess
from pilotage.operations.outside import connections_context
from pilotage.testing import CaseView, FakeService, Fault, Place, Platform, Request


class Bill(BaseModel):
    """What comes in."""

    id: str


class Booked(BaseModel):
    """What the books answer."""

    entry: str


books = pl.Connection("books", base_url="https://books.test")


async def unbook(booked: Booked) -> None:
    """Take it out of the books."""
    await books.delete(f"/entries/{booked.entry}")


@pl.act(through=books, undo=unbook, reconcile=pl.SafeToRepeat("The books honour the key."))
async def book(bill: Bill) -> Booked:
    """Book it."""
    return await books.post("/entries", json={"bill": bill.id}, expect=Booked)


bills = pl.Automation(
    "bills",
    purpose="Every bill is booked.",
    takes=Bill,
    gives=Booked,
    key=lambda bill: bill.id,
    owner=pl.Role("accounts"),
    process=pl.Path(book),
)


@pytest.fixture
def desk() -> FakeService:
    """The books."""
    service = FakeService(books)

    @service.on("POST", "/entries")
    def entry(request: Request) -> Booked:
        return Booked(entry=str(request.json["bill"]))

    return service


@pytest.fixture
def platform(desk: FakeService, database_url: str) -> Iterator[Platform]:
    """The platform with bills, at two in the afternoon."""
    with Platform(bills, services=[desk], database_url=database_url, now="2026-03-02T14:02+00:00") as opened:
        yield opened


def side(platform: Platform) -> OtherSide:
    """How the books do."""
    platform.inner.watch.write()
    (found,) = other_sides(platform.inner.database, platform.inner.automations.values())
    return found


def lasts(platform: Platform, minutes: int) -> None:
    """Time passes while the platform works."""
    until = platform.clock.now() + timedelta(minutes=minutes)
    while platform.clock.now() < until:
        platform.settle()
        platform.clock.forward("20s")
    platform.settle()


def submitted(platform: Platform, count: int) -> list[CaseView]:
    """Bills to be booked."""
    return [platform.submit(bills, {"id": f"B{number}"}) for number in range(count)]


def test_down_says_since_when_and_how_many_wait(platform: Platform, desk: FakeService) -> None:
    """A dead server is down since the first call that failed, with what waits and for how long; later somebody is needed."""
    assert side(platform).state == "not called yet"
    desk.fault(Fault.DOWN, times=10_000)
    submitted(platform, 18)
    lasts(platform, 3)
    assert needs([side(platform)]) == []
    (quiet,) = passing([side(platform)])
    assert quiet.title == "books is down since 14:02, 18 cases wait"
    assert "All is well" not in assess(read_places(platform.inner.database, ("bills",)), platform.inner.needs()).title
    lasts(platform, 19)
    found = side(platform)
    assert passing([found]) == []
    assert found.sentence == "books: down since 14:02, 18 cases waiting, oldest 22 min"
    assert found.next_call is not None
    (need,) = needs([found])
    assert need.title == found.sentence
    assert need.command == "pilotage connections books"
    desk.mend()
    lasts(platform, 3)
    assert side(platform).sentence == "books: answers"


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (Fault.DOWN, "down"),
        (Fault.DONE_THEN_500, "down"),
        (Fault.CHANGED_BODY, "answers differently"),
        (Fault.REFUSED, "refused us"),
        (Fault.THROTTLED, "throttled"),
    ],
)
def test_each_kind_has_its_own_word(platform: Platform, desk: FakeService, fault: Fault, word: str) -> None:
    """In the state of the connection and in the case's way alike."""
    desk.fault(fault, times=10_000)
    cases = submitted(platform, 8)
    platform.settle()
    found = side(platform)
    assert found.state == word
    assert found.heard[word] >= 1
    assert any(f"books: {word}. POST /entries: " in line for case in cases for line in case.timeline)
    context = connections_context([found])
    assert [one.sentence for one in context.troubled] == [found.sentence]


def test_a_malformed_record_is_none_of_them(platform: Platform) -> None:
    """What is wrong with a record on arrival is in quarantine, and no connection is blamed for it."""
    case = platform.submit(bills, {"number": 1})
    platform.settle()
    assert case.place is Place.QUARANTINED
    assert side(platform).state == "not called yet"


def test_a_malformed_body_is_named_without_its_contents(platform: Platform, desk: FakeService) -> None:
    """What is kept for everybody says which field is missing, and nothing of what came."""
    desk.fault(Fault.CHANGED_BODY, times=10_000)
    submitted(platform, 8)
    platform.settle()
    said = side(platform).said
    assert "entry: missing" in said
    assert "surprise" not in json.dumps(said)


def test_what_was_said_is_kept_for_a_time(platform: Platform, desk: FakeService) -> None:
    """A changed body can be looked at, with the attempt that it answered; it goes with its case's contents, or in time."""
    desk.fault(Fault.CHANGED_BODY)
    case = platform.submit(bills, {"id": "B1"})
    platform.settle()
    database = platform.inner.database
    with database.snapshot() as tx:
        (row,) = looking.cases_by_key(tx, "B1")
        (kept,) = responses.of_case(tx, row.id)
    assert (kept.status, kept.body, kept.attempt, kept.node) == (200, b'{"surprise": true}', 1, "book")
    platform.clock.forward("1m")
    platform.settle()
    assert case.place is Place.DONE
    expiring = Expiring(database=database, keep=14)
    assert expiring.expire() == 0
    platform.clock.forward("14d")
    assert expiring.expire() == 1
    with database.snapshot() as tx:
        assert responses.of_case(tx, row.id) == []


def test_erasing_a_case_erases_what_was_said(platform: Platform, desk: FakeService) -> None:
    """What an answer says about a person goes with the record."""
    desk.fault(Fault.CHANGED_BODY)
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    with platform.inner.database.transaction() as tx:
        (row,) = looking.cases_by_key(tx, "B1")
        erasing.erase_cases(tx, [row.id], lambda story: story)
        assert responses.of_case(tx, row.id) == []


def test_a_declared_breaker_is_the_one_that_opens(
    desk: FakeService, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two failed calls are enough where the connection says so, and it is left alone for as long as it says."""
    monkeypatch.setattr(books, "breaker", pl.Breaker(at_least=2, rate=0.1, probe_after="5m"))
    with Platform(bills, services=[desk], database_url=database_url, now="2026-03-02T14:02+00:00") as platform:
        desk.fault(Fault.DOWN, times=10_000)
        for number in range(2):
            platform.submit(bills, {"id": f"B{number}"})
        platform.settle()
        found = side(platform)
        assert found.state == "down"
        assert (found.next_call or 0) - found.now >= 3 * 60 * 1_000_000
        assert found.opens == "2 or more calls of the last 2 min failed, and at least 10% of them; probed after 5 min"
        assert found.differing == {}


def test_releases_that_declare_another_breaker_are_named(platform: Platform, desk: FakeService) -> None:
    """Both are in force, each opens it, and people are told which release says what."""
    limiter = platform.inner.limiter
    with platform.inner.database.transaction() as tx:
        standings = limiter.lock(tx, ["books"], platform.inner.database.now(tx))
        standings["books"].declare("bills@r7", [], pl.Breaker(at_least=2))
        standings["books"].declare("bills@test", [], books.breaker)
        limiter.write(tx, standings)
    found = side(platform)
    assert sorted(found.differing) == ["bills@r7", "bills@test"]
    assert "2 or more calls" in found.opens
    assert "or where 5 or more calls" in found.opens
    desk.fault(Fault.DOWN, times=10_000)
    submitted(platform, 2)
    platform.settle()
    assert side(platform).state == "down"

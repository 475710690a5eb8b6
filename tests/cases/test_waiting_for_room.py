"""A case whose step finds no room within the account's limits waits for the connection; it has failed at nothing."""

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.testing import FakeService, Place, Platform, Request

register = pl.Connection("register", base_url="https://register.example", limits=[pl.Quota(2, per="day")])
clerk = pl.Role("clerk")


class Firm(BaseModel):
    """What arrives."""

    id: str


class Entry(BaseModel):
    """What the register knows."""

    name: str


class Kept(BaseModel):
    """What the register answers to a note."""

    id: str


@pl.compute(through=register, retry=pl.Retry(attempts=1))
async def entry(firm: Firm) -> Entry:
    """Look the firm up."""
    return await register.get("/firms", params={"id": firm.id}, expect=Entry)


async def forget(kept: Kept) -> None:
    """Take the note back."""
    await register.delete(f"/notes/{kept.id}")


@pl.act(through=register, undo=forget, reconcile=pl.SafeToRepeat("The register honours the key."))
async def note(firm: Firm) -> Kept:
    """Leave a note."""
    return await register.post("/notes", json={"firm": firm.id}, expect=Kept)


looked_up = pl.Automation(
    "firms",
    purpose="Firms are looked up.",
    takes=Firm,
    gives=Entry,
    key=lambda firm: firm.id,
    owner=clerk,
    process=pl.Path(entry),
)
noted = pl.Automation(
    "firms",
    purpose="Firms are noted.",
    takes=Firm,
    gives=Kept,
    key=lambda firm: firm.id,
    owner=clerk,
    process=pl.Path(note),
)


@pytest.fixture
def service() -> FakeService:
    """The register."""
    made = FakeService(register)

    @made.on("GET", "/firms")
    def find(request: Request) -> Entry:
        return Entry(name=f"Firm {request.params['id']}")

    @made.on("POST", "/notes")
    def keep(request: Request) -> Kept:
        return Kept(id=str(request.json["firm"]))

    @made.on("DELETE", "/notes/{id}")
    def remove(request: Request) -> None:
        return None

    return made


def test_a_case_waits_for_the_connection_and_uses_up_no_attempt(database_url: str, service: FakeService) -> None:
    """Two a day and one attempt each: the third to fifth firm wait until midnight, day after day, and none is lost."""
    with Platform(looked_up, services=[service], database_url=database_url, now="2026-03-02T09:00+00:00") as platform:
        _look_up(platform, service)


def _look_up(platform: Platform, service: FakeService) -> None:
    cases = [platform.submit(looked_up, Firm(id=str(number))) for number in range(5)]
    platform.settle()
    assert [case.place for case in cases].count(Place.DONE) == 2
    waiting = [case for case in cases if case.place is Place.WAITING]
    assert len(waiting) == 3
    assert "its limit of 2 calls a day (UTC) is used up" in waiting[0].timeline[-1]
    platform.settle()
    assert len(service.received) == 2
    for done in (4, 5):
        platform.clock.forward("24h")
        platform.settle()
        assert [case.place for case in cases].count(Place.DONE) == done
    assert len(service.received) == 5


def test_an_undo_without_room_leaves_the_effect_as_it_is(database_url: str, service: FakeService) -> None:
    """It was not tried, so it is not refused; with room again it is undone."""
    with Platform(noted, services=[service], database_url=database_url) as platform:
        for number in range(2):
            platform.submit(noted, Firm(id=str(number)))
        platform.settle()
        receipt = platform.unwind(step=note, by=clerk, reason="wrong")
        assert receipt.undone == 0
        assert {one.state for one in platform.effects(note)} == {"confirmed"}
        platform.clock.forward("24h")
        assert platform.unwind(step=note, by=clerk, reason="wrong").undone == 2
        assert len(service.received) == 4

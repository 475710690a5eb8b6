"""Which stored cases are rehearsed, and what was recorded of them; on both databases."""

import datetime as dt

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.store import looking
from pilotage.rehearsal import store
from pilotage.testing import FakeService, Platform, Request


class Wish(BaseModel):
    id: str


class Granted(BaseModel):
    wish: str


box = pl.Connection("box", base_url="http://box.test")


@pl.act(through=box, undo=pl.CannotUndo("granted is granted"), reconcile=pl.SafeToRepeat("the box knows the key"))
async def grant(wish: Wish) -> Granted:
    """Grant it."""
    return await box.post("/wishes", json=wish, expect=Granted)


wishes = pl.Automation(
    "wishes",
    purpose="Wishes are granted.",
    takes=Wish,
    gives=Granted,
    key=lambda wish: wish.id,
    owner=pl.Role("keeper"),
    process=pl.Path(grant),
)


@pytest.fixture
def service() -> FakeService:
    """A box that grants every wish."""
    made = FakeService(box)

    @made.on("POST", "/wishes")
    def granted(request: Request) -> Granted:
        return Granted(wish=str(request.json["id"]))

    return made


def test_the_last_cases_are_taken_oldest_first(database_url: str, service: FakeService) -> None:
    """A number takes so many of the latest, a time those since then; each with its record and where it is."""
    with Platform(wishes, services=[service], database_url=database_url) as platform:
        for name in "abc":
            platform.submit(wishes, {"id": name})
            platform.clock.forward("1d")
        platform.settle()
        database = platform.inner.database
        with database.snapshot() as tx:
            now = database.now(tx)
            yesterday = now - int(dt.timedelta(days=1.5).total_seconds() * 1_000_000)
            assert [one.key for one in store.last(tx, "wishes", most=2, since=None)] == ["b", "c"]
            assert [one.key for one in store.last(tx, "wishes", most=None, since=yesterday)] == ["c"]
            assert store.last(tx, "others", most=9, since=None) == []
            (first, *_) = store.last(tx, "wishes", most=None, since=0)
        assert (first.key, first.place, first.record) == ("a", "done", '{"id":"a"}')


def test_what_their_effects_gave_is_found_with_its_inputs(database_url: str, service: FakeService) -> None:
    """The digest of the inputs says whether a rehearsed effect is the same one."""
    with Platform(wishes, services=[service], database_url=database_url) as platform:
        platform.submit(wishes, {"id": "a"})
        platform.settle()
        with platform.inner.database.snapshot() as tx:
            old = store.last(tx, "wishes", most=None, since=None)
            (given,) = store.results(tx, [one.id for one in old])
            (effect,) = looking.effects_at(tx, "wishes", "grant")
            assert store.inputs(tx, [effect.id]) == {effect.id: given.inputs}
            assert store.results(tx, []) == []
        assert (given.key, given.node, given.result) == ("a", "grant", '{"wish":"a"}')
        (page,) = store.pages(platform.inner.database)
        assert [(one.key, one.place) for one in page.cases] == [("a", "done")]
        assert page.effects[page.cases[0].id][0].result == '{"wish":"a"}'
        assert page.decisions == {}

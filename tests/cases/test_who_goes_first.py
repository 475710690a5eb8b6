"""Priorities and segments where a connection is short, through the ledger, on both databases."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.service.sending import Sending
from pilotage.testing import FakeService, Platform, Request

crm = pl.Connection(
    "crm",
    base_url="https://crm.example",
    limits=[pl.Quota(6, per="hour"), pl.Quota(2, per="hour", by="client")],
)
shop = pl.Connection("shop", base_url="https://shop.example", limits=[pl.Quota(4, per="hour")])


class Note(BaseModel):
    """What arrives."""

    id: str
    client: str = "none"


class Kept(BaseModel):
    """What the other side answers."""

    id: str


cannot = pl.CannotUndo("It is only a test.")
repeats = pl.SafeToRepeat("It honours the key.")


@pl.act(through=crm, undo=cannot, reconcile=repeats)
async def keep(note: Note) -> Kept:
    """Keep it."""
    return await crm.post("/notes", json={"id": note.id}, expect=Kept)


@pl.act(through=shop, undo=cannot, reconcile=repeats, priority="high")
async def refund(note: Note) -> Kept:
    """Money back."""
    return await shop.post("/notes", json={"id": f"refund {note.id}"}, expect=Kept)


@pl.act(through=shop, undo=cannot, reconcile=repeats, priority="low")
async def advertise(note: Note) -> Kept:
    """A newsletter."""
    return await shop.post("/notes", json={"id": f"news {note.id}"}, expect=Kept)


def automation(name: str, act: object) -> "pl.Automation[Note, Kept]":
    """One act on its path."""
    return pl.Automation(
        name,
        purpose="Notes are kept.",
        takes=Note,
        gives=Kept,
        key=lambda note: note.id,
        segments={"client": lambda note: note.client},
        owner=pl.Role("clerk"),
        process=pl.Path(act),  # type: ignore[arg-type]
    )


notes, refunds, news = automation("notes", keep), automation("refunds", refund), automation("news", advertise)


def service(connection: pl.Connection) -> FakeService:
    """The other side."""
    made = FakeService(connection)

    @made.on("POST", "/notes")
    def create(request: Request) -> Kept:
        return Kept(id=str(request.json["id"]))

    return made


@pytest.fixture
def platforms(database_url: str) -> Iterator[tuple[Platform, FakeService]]:
    """A platform with all three, on a morning."""
    side = service(crm)
    with Platform(notes, services=[side], now="2026-03-02T09:00+00:00", database_url=database_url) as opened:
        yield opened, side


def test_each_client_has_a_quota_of_its_own(platforms: tuple[Platform, FakeService]) -> None:
    """Two an hour for each client and six for all: a client with much does not take what others have."""
    platform, side = platforms
    sent: list[str] = []
    client_of: dict[str, str] = {}
    for number, client in enumerate(["acme"] * 40 + ["bolt"] * 5 + ["core"] * 1 + ["dune"] * 5):
        client_of[f"N{number}"] = client
        platform.submit(notes, Note(id=f"N{number}", client=client))
    for _ in range(3):
        platform.settle()
        new = [str(one.json["id"]) for one in side.received][len(sent) :]
        sent += new
        assert max(Counter(client_of[one] for one in new).values()) <= 2
        platform.clock.forward("1h")
    by_client = Counter(client_of[one] for one in sent)
    assert by_client["acme"] >= 4
    assert by_client["core"] == 1
    assert min(by_client["bolt"], by_client["dune"]) >= 3
    assert len(sent) >= 14


def test_many_clients_that_are_full_hide_none_that_is_not(platforms: tuple[Platform, FakeService]) -> None:
    """However many are looked at in vain, the one with room is found."""
    platform, side = platforms
    limiter = platform.inner.limiter
    with platform.inner.database.transaction() as tx:
        standings = limiter.lock(tx, ["crm"], platform.inner.database.now(tx))
        standing = standings["crm"]
        form = next(one for one in standing.forms if one.by)
        for number in range(40):
            flight = standing.flight(1)
            form.take(standing._count(form, {"client": f"a{number:02}"}), 2, flight)
        standing.changed = True
        limiter.write(tx, standings)
    for number in range(40):
        platform.submit(notes, Note(id=f"N{number}", client=f"a{number:02}"))
    platform.submit(notes, Note(id="the one", client="zz"))
    for _ in range(5):
        platform.settle()
        platform.clock.forward("1s")
    assert [one.json["id"] for one in side.received] == ["the one"]


def test_what_is_urgent_goes_first_across_processes(database_url: str) -> None:
    """A process with newsletters leaves what comes back to one with refunds that found no room."""
    side = service(shop)
    with ExitStack() as stack:
        first = stack.enter_context(
            Platform(refunds, services=[side], now="2026-03-02T09:00+00:00", database_url=database_url)
        )
        second = stack.enter_context(
            Platform(news, services=[side], now="2026-03-02T09:00+00:00", database_url=database_url)
        )
        for number in range(6):
            first.submit(refunds, Note(id=f"R{number}"))
            second.submit(news, Note(id=f"A{number}"))
        for platform, own in ((first, refunds), (second, news)):
            for batch in platform._mover.form():
                platform._engine.start(batch)
            platform._engine.drain()
            assert own.name in platform.inner.automations
        _sent(first, first._sending)  # four of six
        _sent(first, first._sending)  # it looks again when they are answered: two wait for the next hour
        for platform in (first, second):
            platform.clock.forward("1h")
        _sent(second, second._sending)  # it comes first, and takes nothing
        assert [str(one.json["id"]).split()[0] for one in side.received] == ["refund"] * 4
        _sent(first, first._sending)
        _sent(second, second._sending)
        assert [str(one.json["id"]).split()[0] for one in side.received] == ["refund"] * 6 + ["news"] * 2


def _sent(platform: Platform, sending: Sending) -> None:
    sending.pauses.clear()
    jobs = sending.turn([], {})
    for job in jobs:
        finished = platform.inner.loop.run(platform.inner.performer.perform(job))
        sending.turn([finished], {}, taking=False)

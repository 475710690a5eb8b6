"""Steps that raise what would end a thread, a task or the process: the worker goes on, and only their own case fails."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.cases.arrivals import Arrival
from pilotage.testing import FakeService, Place, Platform, Request
from tests.acceptance.ground import until

lead, clerk = pl.Role("lead"), pl.Role("clerk")
desk = pl.Connection("desk", base_url="https://desk.example", idempotency_header="Key")


class Letter(BaseModel):
    """What arrives."""

    id: str
    how: str = "well"


class Checked(BaseModel):
    """That it was looked at."""

    id: str


class Sent(BaseModel):
    """What the desk answers."""

    number: str


def fail(how: str) -> None:
    """Raise what a step should not raise, in the way that programs come to do so."""
    if how == "exits":
        sys.exit(3)
    if how == "is cancelled":
        raise asyncio.CancelledError
    if how == "says what no text holds":
        raise ValueError("bad \x00 and \ud800 name")
    if how == "finds nothing":  # StopIteration, which no future takes
        next(iter(()))


WAYS = ("exits", "is cancelled", "finds nothing", "says what no text holds")


@pl.compute
def checked_plainly(letter: Letter) -> Checked:
    """Look at it."""
    fail(letter.how)
    return Checked(id=letter.id)


@pl.compute
async def checked_async(letter: Letter) -> Checked:
    """Look at it, asynchronously."""
    fail(letter.how)
    return Checked(id=letter.id)


@pl.compute(batch=10)
def checked_together(letters: list[Letter]) -> list[Checked]:
    """Look at many."""
    for letter in letters:
        fail(letter.how)
    return [Checked(id=letter.id) for letter in letters]


@pl.compute(batch=10)
async def checked_together_async(letters: list[Letter]) -> list[Checked]:
    """Look at many, asynchronously."""
    for letter in letters:
        fail(letter.how)
    return [Checked(id=letter.id) for letter in letters]


async def failing_in_a_task(how: str) -> None:
    """The same in a task of the step's own."""
    fail(how)


def take_back(sent: Sent) -> None:
    """Find nothing to take back, and say so in a way that no future takes."""
    fail("finds nothing")


@pl.act(through=desk, undo=take_back, reconcile=pl.SafeToRepeat("It knows the key."))
async def send(letter: Letter) -> Sent:
    """Send it."""
    fail(letter.how)
    await asyncio.create_task(failing_in_a_task(letter.how.removeprefix("a task of it ")))
    return await desk.post("/letters", json={"id": letter.id}, expect=Sent)


@pl.act(through=desk, undo=take_back, reconcile=pl.SafeToRepeat("It knows the key."))
def send_plainly(letter: Letter) -> Sent:
    """Send it with a plain function, which makes no call at all."""
    fail(letter.how)
    return Sent(number="0")


Opens = Callable[..., tuple[Platform, list[str]]]


def automation(*steps: object) -> "pl.Automation[Letter, Checked | Sent]":
    """The automation with these steps."""
    return pl.Automation(
        "letters",
        purpose="Letters are sent.",
        takes=Letter,
        gives=Sent,
        key=lambda letter: letter.id,
        owner=lead,
        deputy=clerk,
        process=pl.Path(*steps),  # type: ignore[arg-type]
    )


@pytest.fixture
def opened(database_url: str) -> Iterator[Opens]:
    """Opens a platform with these steps; and what its desk got."""
    with ExitStack() as stack:

        def opens(*steps: object) -> tuple[Platform, list[str]]:
            service, got = FakeService(desk), list[str]()

            @service.on("POST", "/letters")
            def create(request: Request) -> Sent:
                got.append(request.key or "")
                return Sent(number=str(len(got)))

            made = automation(*steps)
            platform = Platform(made, services=[service], now="2026-03-02T09:00+00:00", database_url=database_url)
            platform.letters = made  # type: ignore[attr-defined]
            return stack.enter_context(platform), got

        yield opens


def passing(platform: Platform) -> bool:
    """A second passes; always true."""
    platform.clock.forward("1s")
    return True


@pytest.mark.slow
@pytest.mark.parametrize("step", [checked_plainly, checked_async, checked_together, checked_together_async])
def test_a_step_that_computes_fails_alone(opened: Opens, step: object) -> None:
    """Whatever it raises: its case is a dead letter, and the others, of its batch and of later ones, are done."""
    platform, got = opened(step, send)
    submit = platform.submit
    with platform.inner.working_here():
        bad = [submit(platform.letters, {"id": f"B{n}", "how": how}) for n, how in enumerate(WAYS)]  # type: ignore[attr-defined]
        good = [submit(platform.letters, {"id": f"G{n}"}) for n in range(3)]  # type: ignore[attr-defined]
        until(lambda: passing(platform) and all(one.place is Place.DEAD for one in bad), within=8)
        good.append(submit(platform.letters, {"id": "last"}))  # type: ignore[attr-defined]
        until(lambda: passing(platform) and all(one.place is Place.DONE for one in good))
    assert len(got) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "how"), [*((step, how) for step in (send, send_plainly) for how in WAYS), (send, "a task of it exits")]
)
def test_a_step_that_acts_fails_alone(opened: Opens, step: object, how: str) -> None:
    """Whatever it raises: its case is a dead letter, and what comes behind it is sent."""
    platform, got = opened(step)
    with platform.inner.working_here():
        bad = platform.submit(platform.letters, {"id": "B", "how": how})  # type: ignore[attr-defined]
        until(lambda: passing(platform) and bad.place is Place.DEAD, within=8)
        if step is send:
            good = platform.submit(platform.letters, {"id": "G"})  # type: ignore[attr-defined]
            until(lambda: passing(platform) and good.place is Place.DONE)
    assert len(got) == (1 if step is send else 0)


def test_an_undo_that_finds_nothing_fails_and_keeps_nobody_waiting(opened: Opens) -> None:
    """Whoever asked for it is told that it could not be undone."""
    platform, _ = opened(send)
    platform.submit(platform.letters, {"id": "G"})  # type: ignore[attr-defined]
    platform.settle()
    done = platform.unwind(step=send, by=lead, reason="Sent too early.")
    assert done.undone == 0
    assert len(done.could_not) == 1


def test_a_key_that_no_database_holds_is_in_quarantine(opened: Opens) -> None:
    """What comes with it is taken in."""
    platform, got = opened(send)
    intake, own = platform.inner.intake, platform.inner.automation("letters")
    records = [Arrival(fields={"id": name}) for name in ("a\x00b", "G")]
    receipt = intake.take(own, intake.begin(own, "test"), records)
    assert (receipt.accepted, receipt.quarantined) == (1, 1)
    platform.settle()
    assert len(got) == 1

"""A real worker whose reads and writes fail at any moment, on both databases: it goes on, and so does everything in it."""

import threading
from collections.abc import Callable
from random import Random

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from pilotage.cases.outcomes import Next
from pilotage.cases.service.jobs import Finished
from pilotage.connections.standing import Standing
from pilotage.kernel.clock import micros
from pilotage.machinery.storage.database import Tx
from pilotage.testing import Place, Platform
from tests.acceptance.ground import until
from tests.cases.conftest import Opened

LETTERS = 12


def failing(read: Callable[[Tx], int], error: Exception) -> Callable[[Tx], int]:
    """A reading of the platform's time that fails for the sender now and then: it reads it whenever it does anything."""
    chance = Random(1)

    def read_or_fail(tx: Tx) -> int:
        if threading.current_thread().name.startswith("pilotage-ledger") and chance.random() < 0.4:
            raise error
        return read(tx)

    return read_or_fail


def passing(platform: Platform) -> bool:
    """A second passes; always true."""
    platform.clock.forward("1s")
    return True


@pytest.mark.slow
@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            OperationalError("SELECT", {}, psycopg.OperationalError("server closed the connection")), id="away"
        ),
        pytest.param(RuntimeError("nobody thought of this"), id="unforeseen"),
    ],
)
def test_a_sender_goes_on_whatever_fails(opened: Opened, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Also where it asks how long a connection that is left alone has to wait: each letter goes out, and once."""
    platform, carrier = opened("ask")
    sent = platform.inner.database.now
    cases = [
        platform.submit(platform.parcels, {"id": f"P{number}", "kind": "letter"})  # type: ignore[attr-defined]
        for number in range(LETTERS)
    ]
    monkeypatch.setattr(platform.inner.database, "now", failing(sent, error))

    with platform.inner.working_here() as worker:
        worker.sending.pauses["carrier"] = micros(platform.clock.now()) + 5_000_000
        until(lambda: passing(platform) and all(case.place is Place.DONE for case in cases))
    assert len(carrier.acted) == len(set(carrier.acted)) == LETTERS


def test_a_chore_that_always_fails_keeps_nothing_else_from_being_done(opened: Opened) -> None:
    """Whatever comes behind it in a sweep is done, and cases move."""
    platform, carrier = opened("ask")

    def fails() -> int:
        raise RuntimeError("nobody thought of this")

    done = threading.Event()

    def notes() -> int:
        done.set()
        return 0

    case = platform.submit(platform.parcels, {"id": "P1", "kind": "letter"})  # type: ignore[attr-defined]
    with platform.inner.working_here() as worker:
        worker.chores = [fails, notes]
        until(lambda: passing(platform) and done.is_set() and case.place is Place.DONE)
    assert len(carrier.acted) == 1


@pytest.mark.slow
def test_what_forms_batches_goes_on_whatever_fails_while_it_rests(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it only waits for something to do."""
    platform, carrier = opened("ask")
    case = platform.submit(platform.parcels, {"id": "P1", "kind": "box"})  # type: ignore[attr-defined]
    platform.settle()
    met = threading.Event()

    def fails() -> bool:
        met.set()
        raise RuntimeError("nobody thought of this")

    with platform.inner.working_here() as worker:
        monkeypatch.setattr(worker.pulse, "beats", fails)
        until(met.is_set, within=10)
        platform.clock.forward("2h")
        until(lambda: passing(platform) and case.place is Place.DONE, within=20)
    assert len(carrier.acted) == 1


@pytest.mark.slow
def test_places_of_batches_that_the_engine_let_go_of_are_free_again(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It took them on for later, and then could not begin them: others run in their place, and they are started again."""
    platform, carrier = opened("ask")
    with platform.inner.working_here() as worker:
        start, taken_on = worker.engine.start, set[int]()

        def let_go(batch: int) -> bool:
            if batch in taken_on or len(taken_on) > worker.at_once:
                return start(batch)
            taken_on.add(batch)
            return True

        monkeypatch.setattr(worker.engine, "start", let_go)
        cases = [
            platform.submit(platform.parcels, {"id": f"P{number}", "kind": "letter"})  # type: ignore[attr-defined]
            for number in range(6)
        ]
        until(lambda: passing(platform) and all(case.place is Place.DONE for case in cases), within=30)
    assert len(taken_on) == worker.at_once + 1
    assert len(carrier.acted) == len(cases)


@pytest.mark.slow
def test_a_sender_goes_on_while_every_thread_that_all_share_waits(opened: Opened) -> None:
    """Such as for a name server that does not answer: what has an address already is sent, and what came of it is written."""
    platform, carrier = opened("ask")
    gate, waiting = threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        waiting.release()
        gate.wait()

    with platform.inner.working_here() as worker:
        loop = worker.loop.loop
        loop.call_soon_threadsafe(lambda: [loop.run_in_executor(None, wait) for _ in range(200)])
        try:
            assert waiting.acquire(timeout=10)
            case = platform.submit(platform.parcels, {"id": "P1", "kind": "letter"})  # type: ignore[attr-defined]
            until(lambda: passing(platform) and case.place is Place.DONE, within=10)
        finally:
            gate.set()
    assert len(carrier.acted) == 1


@pytest.mark.slow
def test_an_outcome_that_cannot_be_recorded_holds_up_no_other(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept, and recorded when it can be; nothing is sent twice."""
    platform, carrier = opened("ask")
    bad = threading.Event()
    bad.set()
    with platform.inner.working_here() as worker:
        follows = worker.sending._follows  # pyright: ignore[reportPrivateUsage]

        def follows_or_fails(one: Finished, standing: Standing | None, now: int) -> Next:
            if one.job.effect.case_key == "P0" and bad.is_set():
                raise RuntimeError("nobody thought of this")
            return follows(one, standing, now)

        monkeypatch.setattr(worker.sending, "_follows", follows_or_fails)
        first, *others = (
            platform.submit(platform.parcels, {"id": f"P{number}", "kind": "letter"})  # type: ignore[attr-defined]
            for number in range(LETTERS)
        )
        until(lambda: passing(platform) and all(case.place is Place.DONE for case in others), within=30)
        assert first.place is not Place.DONE
        bad.clear()
        until(lambda: passing(platform) and first.place is Place.DONE, within=30)
    assert len(carrier.acted) == LETTERS

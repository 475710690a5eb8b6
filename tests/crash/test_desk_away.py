"""Worker processes whose help desk is killed for a while, comes back half-broken, and then is well: in real time, over HTTP."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

import pytest

from pilotage.examples.tickets.helpdesk.client import Client
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from tests.acceptance.ground import Ground, until
from tests.acceptance.test_throttled import free_port

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(600)]

WAVE = 40
"""Requests of each automation, before, during and after."""
AWAY = 20.0
BROKEN = [Fault(kind=FaultKind.DONE_THEN_500, share=0.3), Fault(kind=FaultKind.DOWN, share=0.3)]
"""About half of the answers are 5xx; of some the work was done."""


def lasts(seconds: float, seen: Callable[[], None]) -> None:
    """Look now and then, for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        seen()
        time.sleep(1)


def test_a_desk_that_is_killed_and_comes_back_half_broken(ground: Ground) -> None:
    """Two workers wait it out: no dead letter, no person is asked, every request is acted on once, and the sums hold."""
    setup = Setup(log=ground.root / "desk.jsonl", port=free_port())
    automations = {"safe": 0, "ask": 0}

    def wave(mark: str) -> None:
        ground.fill(dict.fromkeys(automations, WAVE), mark=mark)
        for name in automations:
            automations[name] += WAVE

    words = set[str]()

    def look() -> None:
        words.update(one["state"] for one in ground.ok("status")["connections"])

    with as_process(setup) as ground.desk:
        workers = [ground.start("run", "--forever") for _ in range(2)]
        wave("A")
        until(lambda: ground.acted() >= WAVE // 2, within=120, said=ground.logs)
        os.kill(ground.desk.pid, signal.SIGKILL)
    before = ground.acted()
    wave("B")
    lasts(AWAY, look)
    assert "down" in words
    assert ground.acted() == before
    with ExitStack() as stack:
        ground.desk = stack.enter_context(as_process(replace(setup, faults=BROKEN)))
        client = stack.enter_context(Client(ground.desk))
        wave("C")
        lasts(AWAY, look)
        client.switch_off()
        until(lambda: ground.acted() == sum(automations.values()), within=240, said=ground.logs)
        ground.ok("run", within=240)
        for worker in workers:
            worker.terminate()
        assert [worker.wait(60) for worker in workers] == [143, 143], ground.logs()
    states = ground.agrees(automations)
    assert states == {"confirmed": sum(automations.values())}
    places = ground.well()["sums"][1]["right"]
    assert {place: count for place, count in places.items() if count} == {"done": sum(automations.values())}

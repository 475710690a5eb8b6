"""The help desk is down for 20 minutes, then half-broken, then back: a process of its own over HTTP, on a clock that is set.

The clock begins so far in the past that the outage reaches to now: commands that are run in between are processes of their
own, and tell the time by themselves.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
from fastapi.testclient import TestClient

from pilotage.cases.service.proving import prove
from pilotage.cases.service.spending import Spending
from pilotage.cases.service.surrounding import Surrounding
from pilotage.connections.limiting import read
from pilotage.connections.opening import Connections
from pilotage.connections.stored import Stored
from pilotage.examples.tickets.helpdesk.client import Client
from pilotage.examples.tickets.helpdesk.faults import Fault, FaultKind
from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from pilotage.machinery.web.values import WebSettings
from pilotage.testing import CaseView, Place, Platform
from tests.acceptance import assigning
from tests.acceptance.ground import Ground
from tests.acceptance.test_throttled import free_port

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EACH = 30
"""Requests of each automation that arrive before the outage is noticed, and again while it lasts."""
PYPROJECT = '[tool.pilotage]\nautomations = ["assigning:safe", "assigning:ask"]\n'


class OverHttp(Platform):
    """The platform of a test, whose calls leave it."""

    def __enter__(self) -> Self:
        super().__enter__()
        inner = self.inner
        connections = Connections(
            [connection for one in inner.automations.values() for connection in one.connections],
            environment="test",
            settings=inner.project.setting,
            credentials=inner.secrets,
            door=inner.door,
            clock=inner.clock,
            watch=inner.watch,
            limits=inner.limiter,
        )
        inner.loop.run(connections.open())
        assert connections._leases is not None
        connections._leases.patient = False  # the clock stands still while something is asked
        inner.loop.run(inner.surrounding.connections.close())
        inner.surrounding = Surrounding(
            connections=connections,
            settings=inner.project.setting,
            folder=None,
            spent=Spending(database=inner.database).note,
            library=inner.library,
        )
        self._inline.performer = inner.performer
        return self


class Desk:
    """A help desk that can be ended and started again at the same address, with the same memory."""

    def __init__(self, log: Path) -> None:
        self.setup = Setup(log=log, port=free_port(), token="a-token-of-the-desk")
        self.url = f"http://127.0.0.1:{self.setup.port}"

    @contextmanager
    def open(self) -> Iterator[Client]:
        """It is there for as long as the block lasts."""
        with as_process(self.setup) as running, Client(running) as client:
            yield client

    def entries(self) -> list[dict[str, Any]]:
        """Its own log."""
        return [json.loads(line) for line in self.setup.log.read_text().splitlines()] if self.setup.log.exists() else []


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A help desk that is not there yet; its token is known."""
    made = Desk(tmp_path / "desk.jsonl")
    monkeypatch.setenv("HELPDESK_TOKEN", made.setup.token)
    return made


class Story:
    """What happens, step by step, with what the desk saw in each step."""

    def __init__(self, platform: OverHttp, desk: Desk) -> None:
        self.platform = platform
        self.desk = desk
        self.cases: list[CaseView] = []
        self.steps: list[list[dict[str, Any]]] = []
        self.downs: list[int] = []
        """How many calls found nobody, after each step."""
        self.openings = list[bool]()
        """Whether the breaker was open before each step."""

    def submit(self, mark: str) -> None:
        """So many requests to each automation."""
        for number in range(EACH):
            for automation in (assigning.safe, assigning.ask):
                record = {"id": f"{automation.name}-{mark}{number}", "text": "help"}
                self.cases.append(self.platform.submit(automation, record))

    def lasts(self, time: timedelta, step: timedelta, until: Callable[[], bool] = lambda: False) -> None:
        """Time passes while the platform works."""
        end = self.platform.clock.now() + time
        while self.platform.clock.now() < end and not until():
            seen = len(self.desk.entries())
            self.openings.append(not self.closed())
            self.platform.settle()
            self.steps.append(self.desk.entries()[seen:])
            self.downs.append(self.heard()["down"])
            self.platform.clock.forward(step)

    def stored(self) -> Stored:
        """What all processes know of the desk."""
        database = self.platform.inner.database
        with database.snapshot() as tx:
            found = read(tx, database.now(tx))
        return found["helpdesk"].stored if found else Stored()

    def closed(self) -> bool:
        """Whether the breaker lets calls through."""
        return self.stored().breaker.closed

    def heard(self) -> Counter[str]:
        """What came of all calls, as far as it is written."""
        return sum((Counter(hour) for hour in self.stored().heard.values()), Counter())

    def is_over(self) -> bool:
        """Whether every request has its effect, and every effect is confirmed; with few questions, as it is asked often."""
        effects = [one for act in ("assign_safely", "assign_asking") for one in self.platform.effects(act)]
        return len(effects) == len(self.cases) and {one.state for one in effects} == {"confirmed"}

    def places(self) -> Counter[Place]:
        """Where the cases are."""
        return Counter(case.place for case in self.cases)


def today(platform: Platform) -> str:
    """The Today page of this platform, as the browser gets it."""
    settings = WebSettings(token="the-start-token")
    with TestClient(platform.inner.site(settings), base_url="http://127.0.0.1:8451") as client:
        page = client.get(settings.link("http://127.0.0.1:8451"))
    assert page.status_code == 200
    return " ".join(page.text.split())


def is_told_as_down(ground: Ground, story: Story) -> None:
    """`status`, in words and as data, and the Today page say since when, how many wait, and how long the oldest does."""
    count = len(story.cases)
    sentence = rf"helpdesk: down since \d\d:\d\d, {count} cases waiting, oldest (\d+) min"
    said = " ".join(ground.run("status").stdout.split())
    found = re.search(sentence, said)
    assert found, said
    assert 19 <= int(found[1]) <= 40, said
    assert re.search(sentence, today(story.platform))
    (told,) = ground.ok("status")["connections"]
    assert (told["state"], told["waiting"]) == ("down", count)
    assert re.fullmatch(sentence, told["sentence"])


def goes_oldest_first(story: Story, steps: list[list[dict[str, Any]]], untried: dict[str, list[str]]) -> None:
    """What was never tried before goes out by its age, within each automation."""
    for keys in untried.values():
        met: set[str] = set()
        waves: list[list[int]] = []
        for step in steps:
            new = [one["key"] for one in step if one["action"] == "assign" and one["key"] in keys]
            ranks = [keys.index(key) for key in dict.fromkeys(new) if key not in met]
            met.update(new)
            waves += [ranks] if ranks else []
        assert met == set(keys)
        assert all(max(before) < min(after) for before, after in pairwise(waves)), waves


def test_the_desk_is_down_for_20_minutes_then_half_broken_then_back(
    tmp_path: Path, database_url: str, desk: Desk
) -> None:
    """All wait and are counted, one call at a time asks, nobody is given up; then oldest first, at the allowed pace, once each."""
    ground = Ground(tmp_path / "project", database_url)
    (ground.root / "assigning.py").write_text(Path(assigning.__file__).read_text())
    (ground.root / "pyproject.toml").write_text(PYPROJECT)
    for name in ("safe", "ask"):
        ground.ok("secret", "grant", "helpdesk-token", name)
    with OverHttp(
        assigning.safe,
        assigning.ask,
        settings={"helpdesk-url": desk.url},
        now=datetime.now(UTC) - timedelta(minutes=21),
        seed=7,
        database_url=database_url,
    ) as platform:
        story = Story(platform, desk)
        story.submit("early")
        story.lasts(timedelta(minutes=2), timedelta(seconds=5))
        assert not story.closed()
        first_open = story.openings.index(True)
        story.submit("late")
        story.lasts(timedelta(minutes=18), timedelta(seconds=5))
        assert desk.entries() == []
        assert story.places() == {Place.WAITING: 4 * EACH}
        # one at a time, and not many of them
        assert max(later - earlier for earlier, later in pairwise(story.downs[first_open:])) == 1
        assert story.downs[-1] <= 2 * EACH + 40
        is_told_as_down(ground, story)

        untried = {
            act: [effect.key for effect in platform.effects(act) if effect.attempt == 0]
            for act in ("assign_safely", "assign_asking")
        }
        assert all(len(keys) >= EACH // 2 for keys in untried.values())
        begin = len(story.steps)
        with desk.open() as client:
            client.switch_on(Fault(kind=FaultKind.DONE_THEN_500, share=0.2))
            client.switch_on(Fault(kind=FaultKind.CHANGED_BODY, share=0.2))
            client.switch_on(Fault(kind=FaultKind.DOWN, share=0.15))
            client.switch_on(Fault(kind=FaultKind.SLOW, share=0.1, delay=0.2))
            story.lasts(timedelta(minutes=2), timedelta(seconds=1))
            story.submit("broken")
            story.lasts(timedelta(minutes=4), timedelta(seconds=1))
            assert Place.DEAD not in story.places()
            client.switch_off()
            story.submit("well")
            story.lasts(timedelta(minutes=15), timedelta(seconds=1), until=story.is_over)
        assert story.places() == {Place.DONE: 8 * EACH}
        acts = Counter(one["key"] for one in desk.entries() if one["acted"])
        assert len(acts) == 8 * EACH
        assert set(acts.values()) == {1}
        assert max(len(step) for step in story.steps[begin:]) <= assigning.A_SECOND
        goes_oldest_first(story, story.steps[begin:], untried)
        assert {"done-then-500", "changed-body", "down", "slow"} <= {one["fault"] for one in desk.entries()}
        assert prove(platform.inner.database).holds
    assert ground.well()

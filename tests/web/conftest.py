"""What the tests of the pages share: sample data, and an application that shows it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue
from typing import Final

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from pilotage.cases import panels as cases_panels
from pilotage.cases.sums import Tally, proof
from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import NONE, Counted, HoldOn, Minute, Places
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.web.app import make_app
from pilotage.machinery.web.rendering import Renderer
from pilotage.machinery.web.serving import serve
from pilotage.machinery.web.values import Page, Panel, WebSettings
from pilotage.operations import pages as operations_pages

NOW: Final = datetime(2026, 11, 23, 14, 24, 11, tzinfo=UTC)


def flow(scale: int = 1, *, until: int = 60) -> tuple[Minute, ...]:
    """An hour of work that comes in waves; `until` is how many of its minutes anything came in."""
    start = NOW.replace(second=0) - timedelta(minutes=59)
    return tuple(
        Minute(
            start=start + timedelta(minutes=index),
            arrived=scale * ((7 * index) % 23 + (index % 5) * 4) if index < until else 0,
            done=scale * ((7 * (index - 2)) % 21 + ((index - 2) % 5) * 4) if 2 <= index < until + 2 else 0,
        )
        for index in range(60)
    )


def _platform(
    *,
    places: dict[Place, Counted],
    quarantine: Counted = NONE,
    duplicates: int = 0,
    lost: int = 0,
    effects: dict[EffectState, Counted] | None = None,
    holds: tuple[HoldOn, ...] = (),
    minutes: tuple[Minute, ...] = (),
) -> Places:
    accepted = sum(here.count for here in places.values()) + lost
    arrived = accepted + duplicates + quarantine.count
    return Places(
        as_of=NOW,
        arrived=arrived,
        accepted=accepted,
        duplicates=duplicates,
        quarantine=quarantine,
        places=places,
        effects=effects or {},
        holds=holds,
        flow=minutes,
        sums=proof(
            Tally(
                arrived=arrived,
                accepted=accepted,
                duplicates=duplicates,
                in_quarantine=quarantine.count,
                places={place: here.count for place, here in places.items()},
            )
        ),
        automations=("tickets",),
    )


EMPTY: Final = Places(as_of=NOW)

HEALTHY: Final = _platform(
    places={
        Place.READY: Counted(count=4, oldest=timedelta(seconds=1)),
        Place.MOVING: Counted(count=10, oldest=timedelta(seconds=3)),
        Place.WAITING: Counted(count=0),
        Place.WITH_PEOPLE: Counted(count=312, oldest=timedelta(hours=3, minutes=4)),
        Place.DONE: Counted(count=1_650),
    },
    quarantine=Counted(count=14, oldest=timedelta(minutes=41)),
    duplicates=10,
    effects={
        EffectState.PLANNED: Counted(count=6, oldest=timedelta(seconds=2)),
        EffectState.SENDING: Counted(count=8, oldest=timedelta(seconds=1)),
        EffectState.CONFIRMED: Counted(count=1_650),
        EffectState.REFUSED: Counted(count=3, oldest=timedelta(minutes=2)),
    },
    minutes=flow(),
)

TROUBLE: Final = _platform(
    places={
        Place.READY: Counted(count=41, oldest=timedelta(seconds=12)),
        Place.MOVING: Counted(count=64, oldest=timedelta(seconds=9)),
        Place.WAITING: Counted(count=318, oldest=timedelta(minutes=22)),
        Place.WITH_PEOPLE: Counted(count=47, oldest=timedelta(days=3)),
        Place.DEAD_LETTER: Counted(count=3, oldest=timedelta(hours=2)),
        Place.DONE: Counted(count=911),
        Place.WITHDRAWN: Counted(count=2),
    },
    quarantine=Counted(count=28, oldest=timedelta(hours=5)),
    effects={
        EffectState.PLANNED: Counted(count=318, oldest=timedelta(minutes=22)),
        EffectState.SENDING: Counted(count=2, oldest=timedelta(minutes=22)),
        EffectState.CONFIRMED: Counted(count=911),
        EffectState.UNKNOWN: Counted(count=14, oldest=timedelta(minutes=24)),
        EffectState.UNDONE: Counted(count=1),
    },
    holds=(
        HoldOn(
            scope="the connection helpdesk",
            reason="The help desk answers 500 after it has done the work",
            by="maria (shell user, not verified)",
            lasts=timedelta(minutes=22),
            on_the_way=2,
        ),
    ),
    minutes=flow(until=38),
)

BROKEN: Final = _platform(
    places={Place.DONE: Counted(count=90), Place.READY: Counted(count=7, oldest=timedelta(minutes=12))},
    lost=3,
    minutes=flow(until=20),
)

HUGE: Final = _platform(
    places={
        Place.READY: Counted(count=1_204_377, oldest=timedelta(minutes=1)),
        Place.MOVING: Counted(count=2_000, oldest=timedelta(seconds=4)),
        Place.WAITING: Counted(count=88_123_456, oldest=timedelta(days=211)),
        Place.WITH_PEOPLE: Counted(count=12_345_678, oldest=timedelta(days=400)),
        Place.DEAD_LETTER: Counted(count=1_000_000, oldest=timedelta(days=90)),
        Place.HANDED_OVER: Counted(count=734_000_111),
        Place.DONE: Counted(count=1_987_654_321),
        Place.WITHDRAWN: Counted(count=45_678),
    },
    quarantine=Counted(count=9_876_543, oldest=timedelta(days=31)),
    duplicates=345_678_901,
    effects={state: Counted(count=1_234_567_890, oldest=timedelta(days=400)) for state in EffectState},
    minutes=flow(91_000),
)

HOSTILE: Final = _platform(
    places={Place.WAITING: Counted(count=1, oldest=timedelta(minutes=5))},
    effects={EffectState.PLANNED: Counted(count=1, oldest=timedelta(minutes=5))},
    holds=(
        HoldOn(
            scope='the automation <script>alert("scope")</script>',
            reason='"><img src=x onerror=alert(1)> {{ 7 * 7 }} </hx-partial>',
            by="Robert'); DROP TABLE holds;--",
            lasts=timedelta(minutes=5),
        ),
    ),
)

SAMPLES: Final = {
    "empty": EMPTY,
    "healthy": HEALTHY,
    "trouble": TROUBLE,
    "broken": BROKEN,
    "huge": HUGE,
    "hostile": HOSTILE,
}

# -- an application that shows them ---------------------------------------------

ADDRESS: Final = "http://127.0.0.1:8451"
TOKEN: Final = "the-start-token-of-this-test"


@dataclass
class Shown:
    """The Today page over places that a test may change while it is looked at."""

    places: Places | Exception = EMPTY
    read: int = 0
    """How often the query was asked."""
    more_pages: tuple[Page[object], ...] = ()
    more_panels: tuple[Panel[object], ...] = ()
    settings: WebSettings = field(default_factory=lambda: _SETTINGS)

    def query(self) -> Places:
        """The query that the panels are given."""
        self.read += 1
        if isinstance(self.places, Exception):
            raise self.places
        return self.places

    @property
    def pages(self) -> tuple[Page[object], ...]:
        """The pages of the application."""
        return (operations_pages.today_page(), *self.more_pages)

    @property
    def panels(self) -> tuple[Panel[object], ...]:
        """The panels of the application."""
        return (
            *cases_panels.today_panels(self.query),
            *operations_pages.today_panels(self.query),
            *self.more_panels,
        )

    def app(self) -> FastAPI:
        """The application."""
        return make_app(self.pages, self.panels, self.settings)

    def renderer(self) -> Renderer:
        """Its renderer alone."""
        return Renderer(self.pages, self.panels, self.settings)


@dataclass(frozen=True, kw_only=True)
class Site:
    """A server on loopback that shows places which a test may change."""

    address: str
    shown: Shown

    @property
    def link(self) -> str:
        """The link that lets a browser in."""
        return self.shown.settings.link(self.address)


_SETTINGS: Final = WebSettings(token=TOKEN, version="0.1.0", clock=ManualClock(NOW))


@pytest.fixture(scope="session")
def one_application() -> tuple[Shown, FastAPI]:
    """An application that most tests share, because making one takes longer than asking it."""
    shown = Shown(settings=_SETTINGS)
    return shown, shown.app()


@pytest.fixture
def shown(one_application: tuple[Shown, FastAPI]) -> Shown:
    """The Today page over an empty platform; a test that changes more than the places makes an application of its own."""
    shown, _ = one_application
    shown.places, shown.read = EMPTY, 0
    shown.more_pages, shown.more_panels, shown.settings = (), (), _SETTINGS
    return shown


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[structlog.typing.EventDict]]:
    """What was logged; nothing is written to the terminal."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(params=sorted(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Places:
    """Each of the samples in turn."""
    return SAMPLES[request.param]


@pytest.fixture(scope="session")
def samples() -> dict[str, Places]:
    """All samples, by name."""
    return dict(SAMPLES)


@pytest.fixture
def outsider(shown: Shown, one_application: tuple[Shown, FastAPI]) -> TestClient:
    """A visitor without a session."""
    return TestClient(one_application[1], base_url=ADDRESS, follow_redirects=False)


@pytest.fixture
def visitor(outsider: TestClient) -> TestClient:
    """A visitor who came with the link."""
    assert outsider.get(f"/?token={TOKEN}").status_code == 303
    return outsider


@pytest.fixture
def site(shown: Shown) -> Iterator[Site]:
    """The application on a real port."""
    yield from served(shown)


def served(shown: Shown) -> Iterator[Site]:
    """Serve until the test is over."""
    announced: Queue[str] = Queue()
    stop = threading.Event()
    server = threading.Thread(target=serve, args=(shown.app(),), kwargs={"announce": announced.put, "stop": stop})
    server.start()
    try:
        yield Site(address=announced.get(timeout=20), shown=shown)
    finally:
        stop.set()
        server.join(timeout=20)
    assert not server.is_alive(), "the server did not stop"


def axe_file() -> Path | None:
    """The accessibility checker of the front-end packages, where they are installed."""
    file = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
    return file if file.is_file() else None

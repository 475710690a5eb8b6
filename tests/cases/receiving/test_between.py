"""From platform to platform: a giver's effect is a signed webhook, a taker's webhook takes it, and the key makes repeats harmless."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import Queue

import pytest
from pydantic import BaseModel
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import pilotage as pl
from pilotage.app import Platform, Project
from pilotage.cases.api.receiving import taking_in
from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.proving import prove
from pilotage.cases.service.settling import wait_until_still
from pilotage.cases.service.today import places_of
from pilotage.cases.values import Place
from pilotage.kernel.clock import SystemClock
from pilotage.machinery.web.serving import serve
from pilotage.machinery.web.values import WebSettings
from tests.cases.receiving.conftest import KEY, Order, clerk, lead, orders

taker = pl.Connection(
    "taker",
    base_url=pl.Setting("taker-url"),
    signing=pl.Secret("hook-secret", max_age="90d"),
)


class Told(BaseModel):
    """What the taker answers."""

    accepted: int
    duplicates: int


@pl.act(
    through=taker, undo=pl.CannotUndo("The other side owns it now."), reconcile=pl.SafeToRepeat("It knows the key.")
)
async def tell(order: Order) -> Told:
    """Hand the order to the other platform."""
    return await taker.post("/in/orders/shop", json=order, expect=Told)


giving = pl.Automation(
    "giving",
    purpose="Every order reaches the other platform.",
    takes=Order,
    gives=Told,
    key=lambda order: order.id,
    owner=lead,
    deputy=clerk,
    process=pl.Path(tell),
)


class Forgetful:
    """Does what it is asked and then, the first time that it hears of an order, says that it failed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._heard: set[bytes] = set()
        self.state = app.state  # type: ignore[attr-defined]
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = dict(scope["headers"]).get(b"webhook-id", b"")
        self.asked += 1
        if message in self._heard:
            await self._app(scope, receive, send)
            return
        self._heard.add(message)

        async def swallow(said: Message) -> None:
            del said

        await self._app(scope, receive, swallow)
        await PlainTextResponse("no", status_code=500)(scope, receive, send)


@contextmanager
def served(platform: Platform) -> Iterator[tuple[str, Forgetful]]:
    """The taker's site on a port."""
    announced: Queue[str] = Queue()
    stop = threading.Event()
    with ExitStack() as stack:
        programs = stack.enter_context(
            taking_in(
                automations=platform.automation, intake=platform.intake, secrets=platform.secrets, clock=SystemClock()
            )
        )
        site = Forgetful(platform.site(WebSettings(token="token"), programs))
        server = threading.Thread(target=serve, args=(site,), kwargs={"announce": announced.put, "stop": stop})
        server.start()
        stack.callback(server.join, 20)
        stack.callback(stop.set)
        yield announced.get(timeout=20), site


@pytest.mark.slow
def test_a_giver_and_a_taker(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case of the giver is one of the taker's, though every message was sent twice; both proofs hold."""
    monkeypatch.setenv("HOOK_SECRET", KEY)
    there = Project(root=tmp_path / "there", environment="dev", database_url=database_url, automations=())
    here = Project(
        root=tmp_path / "here",
        environment="dev",
        database_url=f"sqlite:///{tmp_path / 'here.db'}",
        automations=(),
    )
    with ExitStack() as stack:
        taking = Platform(there, [orders])
        stack.callback(taking.close)
        address, site = stack.enter_context(served(taking))
        monkeypatch.setenv("TAKER_URL", address)
        giver = Platform(here, [giving])
        stack.callback(giver.close)
        records = [Arrival(fields={"id": f"O{number}"}) for number in range(20)]
        giver.intake.take(giving, giver.intake.begin(giving, "test"), records)
        with giver.working():
            wait_until_still(giver.database, giver.served.pairs, soon=30)
        assert places_of(giver.database, "giving")[0][Place.DONE] == 20
        assert places_of(taking.database, "orders")[0][Place.READY] == 20
        assert site.asked == 40
    for project, automation in ((here, giving), (there, orders)):
        platform = Platform(project, [automation])
        assert prove(platform.database).holds
        platform.close()

"""A secret is rotated in OpenBao while effects run: none fails, and the old value is unused after the overlap."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from pydantic import BaseModel

import pilotage as pl
from pilotage.app import Platform
from pilotage.audit import store as audit_store
from pilotage.audit.values import Entry
from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.settling import wait_until_still
from pilotage.cases.store import looking
from pilotage.project import read_project
from tests.credentials import servers

EFFECTS: Final = int(os.environ.get("PILOTAGE_ROTATED_EFFECTS", "1000"))
OLD, NEW = "old-token-of-the-desk", "new-token-of-the-desk"


class Order(BaseModel):
    id: str


class Sent(BaseModel):
    id: str


desk = pl.Connection("desk", base_url=pl.Setting("desk-url"), credential=pl.Secret("desk-token", max_age="90d"))


@pl.act(through=desk, undo=pl.CannotUndo("it is sent"), reconcile=pl.SafeToRepeat("it honours keys"))
async def send(order: Order) -> Sent:
    """Send it."""
    return await desk.post("/send", json={"id": order.id}, expect=Sent)


orders = pl.Automation(
    "orders",
    purpose="Orders reach the desk.",
    takes=Order,
    gives=Sent,
    key=lambda order: order.id,
    owner=pl.Role("desk lead"),
    process=pl.Path(send),
)


class Desk:
    """A service that accepts some tokens, and notes which one each request had."""

    def __init__(self) -> None:
        self.accepted = {OLD}
        self.used: list[str] = []
        self.refused = 0
        self.moved = threading.Condition()

    def take(self, token: str) -> bool:
        """Whether a request with this token is done."""
        with self.moved:
            self.used.append(token)
            self.moved.notify_all()
            if token in self.accepted:
                return True
            self.refused += 1
            return False

    def wait_for(self, count: int) -> None:
        """Until so many requests were there."""
        with self.moved:
            assert self.moved.wait_for(lambda: len(self.used) >= count, timeout=120)


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """Its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            done = desk.take(self.headers["Authorization"].removeprefix("Bearer "))
            body = json.dumps({"id": given["id"]} if done else {"error": "who are you?"}).encode()
            self.send_response(200 if done else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.peers
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_secret_is_rotated_while_effects_run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New value in, both valid, old one out: no effect fails, and the trail says who held which version, and how long."""
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", database_url)
    monkeypatch.setenv("PILOTAGE_OPENBAO_TOKEN", servers.ROOT_TOKEN)
    desk = Desk()
    with servers.openbao(tmp_path) as vault, served(desk) as url:

        def put(value: str) -> None:
            servers.bao(vault, "POST", "secret/data/orders/desk-token", {"data": {"value": value}})

        put(OLD)
        plan = {"stores": ["openbao"], "lease": "2s", "openbao": {"url": vault, "path": "orders"}}
        project = read_project(tmp_path, {"secrets": plan, "settings": {"dev": {"desk-url": url}}})
        platform = Platform(project, [orders])
        try:
            with platform.working_here():
                submit(platform)
                desk.wait_for(EFFECTS // 4)
                desk.accepted.add(NEW)
                put(NEW)
                with desk.moved:
                    changed = desk.moved.wait_for(lambda: NEW in desk.used, timeout=60)
                assert changed, "the new value was not taken up"
                with desk.moved:
                    desk.accepted.discard(OLD)
                    before = len(desk.used)
                wait_until_still(platform.database, platform.served.pairs, within=240)
            assert desk.used[before:], "the rotation came too late to show anything"
            late = desk.used[before:].count(OLD)
            with platform.database.snapshot() as tx:
                done = {place: number for _, place, number, _ in looking.count_places(tx)}
                acts = audit_store.find(tx, kind="secret", subject="desk-token", since=None, most=1000)[::-1]
        finally:
            platform.close()
    assert done == {"done": EFFECTS}
    assert places(acts) == ["1", "2"]
    assert [one.kind for one in acts].count("secret.ended") == 1
    assert late <= 64, "calls that were on their way at most"
    assert set(desk.used[-EFFECTS // 10 :]) == {NEW}


def places(acts: list[Entry]) -> list[str]:
    """The versions that were released, in their order."""
    found = [json.loads(one.details) for one in acts if one.kind == "secret.released"]
    assert all(one["seconds"] > 0 and one["pid"] == os.getpid() for one in found)
    return [one["version"] for one in found]


def submit(platform: Platform) -> None:
    """Take the orders in."""
    submission = platform.intake.begin(orders, "test")
    platform.intake.take(orders, submission, [Arrival(fields={"id": f"O-{number}"}) for number in range(EFFECTS)])
    platform.intake.finish(submission)

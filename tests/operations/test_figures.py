"""The figures of the platform for a monitoring system: right, whoever worked, and for who may see them, on both databases."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from starlette.testclient import TestClient

import pilotage as pl
from pilotage.machinery.api import tokens
from pilotage.machinery.api.app import api_app
from pilotage.machinery.api.tokens import Guard
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.telemetry.exposition import prometheus_text
from pilotage.operations.api import metrics
from pilotage.operations.figures import cases_by_place, figures
from pilotage.testing import FakeService, Fault, Platform, Request


class Bill(BaseModel):
    """What comes in."""

    id: str
    amount: int = 1


class Booked(BaseModel):
    """What the books answer."""

    entry: str


books = pl.Connection("books", base_url="https://books.test")


@pl.act(through=books, undo=pl.CannotUndo("It is booked."), reconcile=pl.SafeToRepeat("The books honour the key."))
async def book(bill: Bill) -> Booked:
    """Book it."""
    return await books.post("/entries", json={"bill": bill.id}, expect=Booked)


bills = pl.Automation(
    "bills",
    purpose="Every bill is booked.",
    takes=Bill,
    gives=Booked,
    key=lambda bill: bill.id,
    owner=pl.Role("accounts"),
    process=pl.Path(book),
)


@pytest.fixture
def desk() -> FakeService:
    """The books."""
    service = FakeService(books)

    @service.on("POST", "/entries")
    def entry(request: Request) -> Booked:
        return Booked(entry=str(request.json["bill"]))

    return service


@pytest.fixture
def platform(desk: FakeService, database_url: str) -> Iterator[Platform]:
    """The platform with bills."""
    with Platform(bills, services=[desk], database_url=database_url) as opened:
        yield opened


def told(platform: Platform) -> dict[str, float]:
    """What a monitoring system reads, by name and labels."""
    platform.inner.watch.write()
    text = prometheus_text(figures(platform.inner.database, ["bills"])).decode()
    return {
        f"{sample.name} {' '.join(sample.labels[name] for name in sorted(sample.labels))}".strip(): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_figures_are_those_of_the_database(platform: Platform, desk: FakeService) -> None:
    """Records, cases, effects and calls are counted by name, also where there are none; nothing else stands there."""
    assert told(platform)["pilotage_open_cases bills ready"] == 0
    for number in range(3):
        platform.submit(bills, {"id": f"canary-{number}"})
    platform.submit(bills, {"id": "canary-0"})
    platform.submit(bills, {"id": "canary-bad", "amount": "much"})
    platform.settle()
    desk.fault(Fault.DOWN, times=100)
    platform.submit(bills, {"id": "canary-late"})
    platform.settle()
    platform.clock.forward("20s")
    found = told(platform)
    assert found["pilotage_records_total bills accepted"] == 4
    assert found["pilotage_records_total bills duplicates"] == 1
    assert found["pilotage_quarantine_records bills"] == 1
    assert found["pilotage_cases_done_last_hour bills"] == 3
    assert found["pilotage_open_cases bills waiting"] == 1
    assert found["pilotage_oldest_case_seconds bills waiting"] >= 20
    assert found["pilotage_effects bills books confirmed"] == 3
    assert found["pilotage_calls_last_day books answered"] == 3
    assert found["pilotage_calls_last_day books down"] >= 1
    assert found["pilotage_connection_waiting books"] == 1
    assert "canary" not in " ".join(found)
    assert found["pilotage_ended_cases bills done"] == 3
    assert {("bills", "waiting", 1), ("bills", "done", 3), ("bills", "dead letter", 0)} <= set(
        cases_by_place(platform.inner.database, ["bills"])
    )


@pytest.mark.peers
@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool here (Debian: prometheus)")
def test_prometheus_finds_nothing_wrong_with_them(platform: Platform) -> None:
    """Names, help and types are as Prometheus's own tool wants them."""
    platform.submit(bills, {"id": "B1"})
    platform.settle()
    platform.inner.watch.write()
    text = prometheus_text(figures(platform.inner.database, ["bills"]))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_figures_are_for_who_has_a_token_for_them(platform: Platform) -> None:
    """Without a token nothing is told; one that reads cases is not one for figures, and one for figures reads no case."""
    database = platform.inner.database
    made = {
        scope: tokens.new(database, scope.value, [scope], lasts=10**12, by="ann", known="a test")[1]
        for scope in TokenScope
    }
    read = metrics(lambda: figures(database, ["bills"]))
    client = TestClient(api_app([read(Guard(database=database))], version="1", statuses={}))
    assert client.get("/metrics").status_code == 401
    for scope, token in made.items():
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == (200 if scope is TokenScope.METRICS else 403), scope
    assert answer.headers["content-type"].startswith("text/plain; version=1.0.0")
    assert "pilotage_workers 0.0" in answer.text

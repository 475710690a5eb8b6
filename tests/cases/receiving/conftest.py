"""An automation that takes webhooks in, its platform, and a program that calls it over the whole site."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import BaseModel, Field
from standardwebhooks.webhooks import Webhook as Signer

import pilotage as pl
from pilotage.app import Platform, Project
from pilotage.cases.api.receiving import taking_in
from pilotage.cases.service.proving import prove
from pilotage.credentials.values import SecretValue
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.api import tokens
from pilotage.machinery.api.values import TokenScope
from pilotage.machinery.storage.failures import in_plain_words
from pilotage.machinery.web.values import WebSettings

NOW: Final = datetime(2026, 11, 23, 14, 24, 11, tzinfo=UTC)
KEY: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEXT_KEY: Final = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
DAY: Final = 86_400_000_000
PATIENCE: Final = 2.0
"""Seconds for a whole body."""


class Order(BaseModel):
    """What arrives."""

    id: str = Field(min_length=1)
    pieces: int = 1


class Priced(BaseModel):
    """What it costs."""

    price: int


@pl.compute
def priced(order: Order) -> Priced:
    """Ten a piece."""
    return Priced(price=10 * order.pieces)


def record_of(event: Mapping[str, Any]) -> object:
    """The order of an event; the shop tells of other things too."""
    return event["data"] if event["type"] == "order.created" else None


lead, clerk = pl.Role("lead"), pl.Role("clerk")
secret = pl.Secret("hook-secret", max_age="90d")
orders = pl.Automation(
    "orders",
    purpose="Every order has its price.",
    takes=Order,
    gives=Priced,
    key=lambda order: order.id,
    owner=lead,
    deputy=clerk,
    process=pl.Path(priced),
    open_at_most=1_000,
    intake=[
        pl.Webhook("shop", secret=secret, at_most=50_000),
        pl.Webhook("events", secret=secret, record=record_of),
    ],
)


class Secrets:
    """The one secret, which a test may change."""

    def __init__(self) -> None:
        self.value = KEY
        self.earlier: list[str] = []

    def accepted(self, name: str) -> list[SecretValue]:
        """The value of now, and those that are valid too."""
        assert name == "hook-secret"
        return [SecretValue(name, value) for value in (self.value, *self.earlier)]


class Shop:
    """A program that calls the platform: it signs as the library of Standard Webhooks does."""

    def __init__(self, platform: Platform, client: TestClient, clock: ManualClock, secrets: Secrets) -> None:
        self.platform, self.client, self.clock, self.secrets = platform, client, clock, secrets

    def signed(
        self, body: bytes, *, message: str = "msg_1", key: str = KEY, at: datetime | None = None
    ) -> dict[str, str]:
        """The headers of a message."""
        at = at or self.clock.now()
        return {
            "content-type": "application/json",
            "webhook-id": message,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Signer(key).sign(message, at, body.decode()),
        }

    def send(self, content: object, *, message: str = "msg_1", to: str = "/in/orders/shop", **more: str) -> Response:
        """Send a signed message; bytes go as they are."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post(to, content=body, headers={**self.signed(body, message=message), **more})

    def token(self, *scopes: TokenScope, lasts: int = DAY) -> str:
        """A token for the API."""
        return tokens.new(
            self.platform.database, "crm", scopes or (TokenScope.SUBMIT,), lasts=lasts, by="me", known="test"
        )[1]

    def submit(self, content: object, *, token: str, **headers: str) -> Response:
        """Submit records over the API."""
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        kind = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        return self.client.post("/api/v1/automations/orders/records", content=body, headers={**kind, **headers})

    def keys(self) -> Sequence[str]:
        """The keys of all cases, in their order."""
        with self.platform.database.snapshot() as tx:
            return list(tx.exec_driver_sql("SELECT key FROM cases ORDER BY id").scalars())


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The whole site with its door, on both databases; at the end the sums must hold."""
    clock, secrets = ManualClock(NOW), Secrets()
    project = Project(root=tmp_path, environment="dev", database_url=database_url, automations=())
    with ExitStack() as stack:
        platform = Platform(project, [orders], clock=clock, database_clock=clock)
        stack.callback(platform.close)
        programs = stack.enter_context(
            taking_in(
                automations=platform.automation,
                intake=platform.intake,
                secrets=secrets,
                clock=clock,
                explain=in_plain_words,
                patience=PATIENCE,
                beside=platform.looks(),
            )
        )
        site = platform.site(WebSettings(token="the-start-token"), programs)
        # not under a name of this machine: behind a proxy it has another one
        client = TestClient(site, base_url="https://intake.example", raise_server_exceptions=False)
        yield Shop(platform, client, clock, secrets)
        proof = prove(platform.database)
        assert proof.holds, proof

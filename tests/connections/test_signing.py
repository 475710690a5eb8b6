"""Webhooks out: what leaves is signed over its exact bytes, under the effect's key, as the library of the standard reads it."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from standardwebhooks.webhooks import Webhook as Receiver
from standardwebhooks.webhooks import WebhookVerificationError

import pilotage as pl
from pilotage.authoring.findings import DefinitionError
from pilotage.authoring.ports import Call
from pilotage.connections.accounts import Account, request
from pilotage.connections.sorting import NotDoneStatuses
from pilotage.connections.values import EffectGuard
from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.values import SecretValue
from pilotage.machinery.net.messages import Outgoing, origin
from pilotage.machinery.net.redaction import Redactor

OLD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"


class Secrets:
    """One secret."""

    def __init__(self, value: str) -> None:
        self.value = value

    def held(self, name: str) -> SecretValue:
        return SecretValue(name, self.value)

    def holds(self, name: str) -> bool:
        return True

    def read_again(self, name: str) -> SecretValue:
        return self.held(name)

    def known(self) -> list[SecretValue]:
        return [self.held("hook-out")]

    def thorough(self) -> Redactor:
        return Redactor(one.reveal() for one in self.known())

    def names_in(self, data: bytes) -> frozenset[str]:
        return frozenset(one.name for one in self.known() if one.reveal().encode() in data)


def sent(secret: str, *, at: int | None = None) -> Outgoing:
    """An act as it leaves."""
    account = Account(
        name="taker",
        origin=origin("https://taker.example"),
        client=None,  # type: ignore[arg-type]
        secret=None,
        idempotency_header="Idempotency-Key",
        not_done=NotDoneStatuses(),
        signing="hook-out",
    )
    body = {"name": "Zoë", "amount": Decimal("1.50"), "at": datetime(2026, 1, 2, tzinfo=UTC)}
    call = Call(method="POST", path="/in/orders/shop", body=body)
    guard = EffectGuard(key="live/orders/C-1/tell/0", attempt=1, send_by=None)
    return request(account, call, Secrets(secret), guard, at=int(time.time()) if at is None else at)


def test_the_library_of_the_standard_verifies_what_leaves() -> None:
    """Its receiver accepts the headers and the body; the message's id is the effect's key."""
    leaving = sent(OLD)
    body = leaving.body or b""
    found = Receiver(OLD).verify(body, dict(leaving.headers))
    assert found == {"name": "Zoë", "amount": "1.50", "at": "2026-01-02T00:00:00Z"}
    assert leaving.headers["webhook-id"] == leaving.headers["Idempotency-Key"] == "live/orders/C-1/tell/0"
    with pytest.raises(WebhookVerificationError):
        Receiver(OLD).verify(body + b" ", dict(leaving.headers))
    with pytest.raises(WebhookVerificationError):
        Receiver(OLD).verify(body, dict(sent(OLD, at=int(time.time()) - 400).headers))
    assert OLD.removeprefix("whsec_") not in repr(leaving)


def test_while_a_key_takes_the_place_of_another_both_sign() -> None:
    """A receiver that has the old one and a receiver that has the new one accept the same message."""
    leaving = sent(f"{NEW} {OLD}")
    for key in (OLD, NEW):
        assert Receiver(key).verify(leaving.body or b"", dict(leaving.headers))


def test_a_secret_that_is_no_key_is_not_used() -> None:
    """Nothing leaves with a signature that anybody could make."""
    with pytest.raises(SecretUnusable, match="hook-out"):
        sent("hunter2")


def test_a_key_in_the_code_is_refused() -> None:
    """As every credential that stands in the code."""
    with pytest.raises(DefinitionError):
        pl.Connection("taker", base_url="https://taker.example", signing=OLD)  # type: ignore[arg-type]

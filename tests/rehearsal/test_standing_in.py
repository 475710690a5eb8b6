"""What stands where the outside would be: it answers, it counts, and it cannot send."""

import asyncio
import datetime as dt
from typing import NoReturn

import pytest

from pilotage.authoring.bucket import Bucket
from pilotage.authoring.connection import Connection
from pilotage.authoring.ports import Call
from pilotage.authoring.settings import Secret, Setting
from pilotage.authoring.smtp import Smtp
from pilotage.authoring.sql import Database
from pilotage.connections.recording import asked
from pilotage.connections.values import EffectGuard
from pilotage.kernel.clock import ManualClock
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed, NeverLeft
from pilotage.machinery.net.messages import Answer, Outgoing, origin
from pilotage.rehearsal.answers import Answers
from pilotage.rehearsal.errors import SecretWithheld
from pilotage.rehearsal.standing_in import (
    Boundary,
    MeetsTheDoor,
    RehearsedConnections,
    Withheld,
    WouldBe,
    performing,
    somewhere,
)

NOTE = Outgoing(method="POST", origin=origin("http://crm.test"), path="/notes", body=b'{"reference": "K1"}', key="K1")
READ = Outgoing(method="GET", origin=origin("http://crm.test"), path="/notes")


class Real:
    """A client that would send."""

    closed = False

    async def send(self, request: Outgoing, leaving: Departure) -> NoReturn:
        """Never called."""
        raise AssertionError("it was sent")

    async def close(self) -> None:
        """Close it."""
        self.closed = True


def leaving() -> Departure:
    """Leave to go at any time."""
    return Departure(send_by=None, monotonic=lambda: 0.0)


def send(boundary: Boundary, request: Outgoing, effect: int | None = None) -> Answer:
    """What is answered in place of the CRM."""

    async def sent() -> Answer:
        performing.set(effect)
        return await MeetsTheDoor("crm", Real(), boundary).send(request, leaving())

    return asyncio.run(sent())


def test_without_an_answer_the_door_s_refusal_comes_out() -> None:
    """It is counted at the door, and kept for the effect that made it."""
    boundary = Boundary(door=Door(Addresses(), armed=False))
    with pytest.raises(DoorDisarmed):
        send(boundary, NOTE, effect=7)
    with pytest.raises(DoorDisarmed):
        send(boundary, READ, effect=8)
    digest = asked("crm", NOTE).digest
    assert boundary.effects == {
        7: [WouldBe(connection="crm", method="POST", path="/notes", digest=digest, answered="")]
    }
    assert boundary.acted == {7}
    assert boundary.door.acts_refused == 1


def test_a_recording_goes_before_a_fake_and_the_door_counts_either() -> None:
    """Answered or not, the call was refused at the door first."""

    class Fake(Real):
        async def send(self, request: Outgoing, leaving: Departure) -> Answer:  # type: ignore[override]
            return Answer(status=200, headers={}, body=b"fake")

    recorded = Answers(by_body={asked("crm", NOTE): Answer(status=200, headers={}, body=b"recorded")})
    boundary = Boundary(door=Door(Addresses(), armed=False), answers=recorded, fakes={"crm": Fake()})
    assert send(boundary, NOTE, effect=7).body == b"recorded"
    assert send(boundary, READ).body == b"fake"
    assert boundary.calls == {("crm", "POST", False, "recording"): 1, ("crm", "GET", True, "fake"): 1}
    assert boundary.door.refused == {"POST http://crm.test": 1, "GET http://crm.test": 1}


def test_an_armed_door_changes_nothing() -> None:
    """There is no client that could send, so nothing is sent; and the report would say that the door let it through."""
    boundary = Boundary(door=Door(Addresses()))
    with pytest.raises(NeverLeft, match="nothing to send it with"):
        send(boundary, NOTE)
    assert boundary.door.acts_sent == 1


def test_the_value_of_a_secret_is_withheld() -> None:
    """Whoever asks for one is told that a rehearsal holds none."""
    secrets = Withheld("dev", folder=None, variables={"CRM_TOKEN": "hidden"})
    with pytest.raises(SecretWithheld, match="a rehearsal holds no credentials"):
        secrets.held("crm-token")
    with pytest.raises(SecretWithheld, match="a rehearsal holds no credentials"):
        secrets.read_again("crm-token")
    assert secrets.known() == []


ACTS = {
    "crm": Call(method="POST", path="/notes", body={"lead": "L1"}),
    "erp": Call(method="POST", path="/write", body={"sql": "DELETE FROM invoices", "parameters": {}, "exactly": None}),
    "scans": Call(method="PUT", path="/scan.pdf", body=b"data"),
    "mail": Call(method="POST", path="/", body={"to": ["a@b.example"]}),
}


@pytest.mark.parametrize("name", ACTS)
def test_every_kind_of_connection_meets_the_door_before_anything_else(name: str) -> None:
    """Without an address, a credential or a library of its own: HTTP, a database, a bucket and mail are refused alike."""
    token = Secret("token", max_age="90d")
    declared = [
        Connection("crm", base_url=Setting("crm-url"), credential=token, signing=token),
        Database("erp", url=Setting("erp-url"), credential=token),
        Bucket("scans", url=Setting("scans-url"), credential=token),
        Smtp("mail", url=Setting("mail-url"), sender="us@example.com", credential=token),
    ]
    door, clock = Door(Addresses(), armed=False), ManualClock(dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    connections = RehearsedConnections(
        declared,
        environment="dev",
        settings=somewhere(declared, lambda name: None),
        credentials=Withheld("dev", folder=None, variables={}),
        door=door,
        clock=clock,
    )
    connections.boundary = Boundary(door=door)

    async def act() -> None:
        async with connections:
            guard = EffectGuard(key="dev/leads/1/note", attempt=1, send_by=None)
            await connections.caller(step="note", through=[name], guard=guard).call(name, ACTS[name])

    with pytest.raises(DoorDisarmed):
        asyncio.run(act())
    assert (door.acts_refused, door.acts_sent) == (1, 0)
    assert [(one[0], one[3]) for one in connections.boundary.calls] == [(name, "")]

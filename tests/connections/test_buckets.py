"""S3-compatible storage through the same door as everything else, against a real server of its protocol."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import pytest
from tests.storage import storage as running

import pilotage as pl
from pilotage.authoring.ports import surroundings
from pilotage.cases.service.surrounding import Around
from pilotage.connections.errors import NotDone, OnlyReads, Refused, SecondCall
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard, Standing
from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.values import SecretValue
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed
from pilotage.machinery.net.redaction import Redactor

T = TypeVar("T")
pytestmark = [pytest.mark.peers, pytest.mark.slow]


class Secrets:
    """The id of a key and its secret."""

    def __init__(self, value: str = "testing:hidden-key") -> None:
        self.value = value

    def held(self, name: str) -> SecretValue:
        return SecretValue(name, self.value)

    def holds(self, name: str) -> bool:
        return True

    def read_again(self, name: str) -> SecretValue:
        return self.held(name)

    def known(self) -> list[SecretValue]:
        return [self.held("s3")]

    def thorough(self) -> Redactor:
        return Redactor(one.reveal() for one in self.known())

    def names_in(self, data: bytes) -> frozenset[str]:
        return frozenset(one.name for one in self.known() if one.reveal().encode() in data)


@pytest.fixture(scope="module")
def storage() -> Iterator[str]:
    """The address of a bucket of a server that speaks the protocol."""
    with running() as address:
        yield address


@pytest.fixture
def guarded(storage: str) -> Iterator[str]:
    """The credential of somebody whom the storage knows, while it checks every signature."""
    import boto3

    root = storage.removesuffix("/scans")
    iam = boto3.client(
        "iam", endpoint_url=root, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    iam.create_user(UserName="scanner")
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="scanner", PolicyName="scans", PolicyDocument=json.dumps(policy))
    made = iam.create_access_key(UserName="scanner")["AccessKey"]
    _checks_after(root, 0)
    yield f"{made['AccessKeyId']}:{made['SecretAccessKey']}"
    _checks_after(root, 1_000_000)
    iam.close()


def _checks_after(root: str, requests: int) -> None:
    ask = urllib.request.Request(f"{root}/moto-api/reset-auth", method="POST", data=str(requests).encode())
    ask.add_header("Content-Type", "text/plain")
    urllib.request.urlopen(ask, timeout=30).close()


def test_the_signature_is_checked(storage: str, guarded: str) -> None:
    """The storage recognises who asks, whatever stands in the key; with a wrong secret it refuses, which is known."""
    for key in ("a.pdf", "2026/März/Rechnung 1 (neu)+%.pdf"):
        _, error, _ = do(storage, lambda scans: scans.write(key, b"1"), acting=True, secrets=Secrets(guarded))  # noqa: B023
        assert error is None
        assert do(storage, lambda scans: scans.read(key), secrets=Secrets(guarded))[0] == b"1"  # noqa: B023
    wrong = Secrets(f"{guarded[:-1]}{'A' if guarded[-1] != 'A' else 'B'}")
    _, error, standing = do(storage, lambda scans: scans.write("a", b"1"), acting=True, secrets=wrong)
    assert (type(error), standing) == (Refused, Standing.REFUSED)
    assert guarded.partition(":")[2] not in repr(error)


def do(
    address: str,
    step: Callable[[pl.Bucket], Awaitable[T]],
    *,
    acting: bool = False,
    secrets: Secrets | None = None,
    door: Door | None = None,
) -> tuple[T | None, Exception | None, Standing]:
    """Run a step: what it gave, what it raised, and how its act stands."""
    scans = pl.Bucket("scans", url=address, credential=pl.Secret("s3", max_age="90d"))

    async def run() -> tuple[T | None, Exception | None, Standing]:
        opened = Connections(
            [scans],
            environment="test",
            settings=lambda name: None,
            credentials=secrets or Secrets(),
            door=door or Door(Addresses(allow_loopback=True)),
        )
        async with opened:
            guard = EffectGuard(key="E-1", attempt=1, send_by=None) if acting else None
            caller = opened.caller(step="step", through=["scans"], guard=guard)
            token = surroundings.set(Around(caller=caller, settings=lambda name: None, files={}))
            try:
                return await step(scans), None, caller.standing
            except Exception as error:  # noqa: BLE001 - it is what is asked about
                return None, error, caller.standing
            finally:
                surroundings.reset(token)

    return asyncio.run(run())


@pytest.mark.parametrize("key", ["a.pdf", "2026/März/Rechnung 1 (neu)+%.pdf", "sign = & ? #"])
def test_an_object_is_put_read_and_removed(storage: str, key: str) -> None:
    """Its bytes are the same again, whatever stands in its key; the same put again changes nothing."""
    data = bytes(range(256)) * 500
    for _ in range(2):
        _, error, standing = do(storage, lambda scans: scans.write(key, data), acting=True)
        assert (error, standing) == (None, Standing.ANSWERED)
    assert do(storage, lambda scans: scans.read(key))[0] == data
    do(storage, lambda scans: scans.remove(key), acting=True)
    assert do(storage, lambda scans: scans.read_if_there(key))[:2] == (None, None)
    _, error, _ = do(storage, lambda scans: scans.read(key))
    assert isinstance(error, Refused)


def test_what_a_step_may_not_do(storage: str) -> None:
    """Writing is an act, and one act; in a rehearsal nothing is asked; a credential of another form is refused unseen."""
    _, error, _ = do(storage, lambda scans: scans.write("a", b"1"))
    assert isinstance(error, OnlyReads)

    async def twice(scans: pl.Bucket) -> None:
        await scans.write("a", b"1")
        await scans.write("b", b"2")

    _, error, _ = do(storage, twice, acting=True)
    assert isinstance(error, SecondCall)
    disarmed = Door(Addresses(allow_loopback=True), armed=False)
    _, error, standing = do(storage, lambda scans: scans.write("a", b"1"), acting=True, door=disarmed)
    assert (type(error), standing) == (DoorDisarmed, Standing.NOT_DONE)
    _, error, standing = do(storage, lambda scans: scans.write("a", b"1"), acting=True, secrets=Secrets("hunter2"))
    assert (type(error), standing) == (SecretUnusable, Standing.NOT_DONE)
    assert "hunter2" not in str(error)


def test_a_storage_that_is_away(storage: str) -> None:
    """A connection that was never made: nothing was done."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}/scans"
    _, error, standing = do(nobody, lambda scans: scans.write("a", b"1"), acting=True)
    assert (type(error), standing) == (NotDone, Standing.NOT_DONE)

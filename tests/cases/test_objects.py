"""Objects of a bucket as a source, at a real server of the protocol: each version of each is taken once."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.cases.service.buckets import Buckets
from pilotage.cases.service.correcting import original_of
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.visiting import Visits
from pilotage.cases.store import looking, standing
from pilotage.cases.values import Place
from pilotage.connections.opening import Connections
from pilotage.credentials.secrets import Secrets
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.operations import sources
from pilotage.testing import Platform
from tests.cases.asked import counts, said
from tests.storage import storage as running

pytestmark = [pytest.mark.peers, pytest.mark.slow]


class Scan(BaseModel):
    """One document."""

    document: pl.Document


class Line(BaseModel):
    """One line of a table."""

    id: str
    amount: int = Field(gt=0)


class Read(BaseModel):
    """What was in it."""

    words: str


@pl.compute
def read(scan: Scan) -> Read:
    """What it says."""
    return Read(words=scan.document.text())


@pl.compute
def read_line(line: Line) -> Read:
    """What it says."""
    return Read(words=str(line.amount))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a bucket."""
    with running() as address:
        yield address


@dataclass
class Shelf:
    """A folder of the bucket that nobody else uses."""

    address: str
    prefix: str

    def put(self, key: str, data: bytes) -> None:
        """Put an object, in place of what is there."""
        client = self._client()
        client.put_object(Bucket="scans", Key=self.prefix + key, Body=data)
        client.close()

    def _client(self) -> Any:
        import boto3

        made: Any = boto3.client(  # pyright: ignore[reportUnknownMemberType]
            "s3",
            endpoint_url=self.address.removesuffix("/scans"),
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="hidden-key",
        )
        return made


@pytest.fixture
def shelf(server: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A folder with a blank in its name."""
    monkeypatch.setenv("SCANS_KEY", "testing:hidden-key")
    return Shelf(server, f"in {abs(hash(request.node.nodeid))}/")


def automation(
    shelf: Shelf, *, lines: bool = False, open_at_most: int = 10_000, **more: Any
) -> pl.Automation[Any, Any]:
    """Scans are read, or lines."""
    bucket = pl.Bucket(
        "scans",
        url=shelf.address,
        credential=pl.Secret("scans-key", max_age="90d"),
        largest=more.pop("largest", 100_000),
    )
    return pl.Automation(
        "scans",
        purpose="Scans are read.",
        takes=Line if lines else Scan,
        gives=Read,
        key=(lambda one: one.id) if lines else (lambda one: f"{one.document.name} {one.document.digest}"),
        owner=pl.Role("clerk"),
        process=pl.Path(read_line if lines else read),
        intake=[pl.Objects("new-scans", bucket, prefix=shelf.prefix, **more)],
        open_at_most=open_at_most,
    )


class Reader:
    """A platform, and what looks into its bucket through the real way out."""

    def __init__(self, made: pl.Automation[Any, Any], database_url: str | None = None, *, page: int = 1000) -> None:
        self.platform = Platform(made, database_url=database_url)
        self.page = page

    def __enter__(self) -> Self:
        inner = self.platform.__enter__().inner
        (made,) = inner.automations.values()
        self.connections = Connections(
            made.connections,
            environment="test",
            settings=inner.project.setting,
            credentials=Secrets("test"),
            door=Door(Addresses(allow_private=True)),
            clock=self.platform.clock.manual,
            watch=inner.watch,
            limits=inner.limiter,
        )
        inner.loop.run(self.connections.open())
        outside = Outside(connections=self.connections, loop=inner.loop)
        self.buckets = Buckets(intake=inner.intake, outside=outside, page=self.page)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.platform.inner.loop.run(self.connections.close())
        self.platform.__exit__(kind, error, trace)

    def look(self, *, later: str = "5m") -> int:
        """One look, some time after the one before; how many objects were taken."""
        self.platform.clock.forward(later)
        inner = self.platform.inner
        (made,) = inner.automations.values()
        visits = Visits(database=inner.database, intake=inner.intake, holder="test")
        return visits.visit(made, made.intake[0], 60.0, self.buckets.take)

    def reasons(self) -> list[str]:
        """Why records are in quarantine."""
        with self.platform.inner.database.snapshot() as tx:
            return [row.reason for row in looking.quarantined_of(tx)]


def test_an_object_becomes_a_case_once(shelf: Shelf, database_url: str) -> None:
    """A new object is the document of a record; it stays where it is and is not taken again."""
    shelf.put("grüße 1.txt", b"Hello.")
    shelf.put("sub/", b"")
    with Reader(automation(shelf), database_url) as found:
        assert found.look() == 1
        assert found.look() == 0
        shelf.put("sub/2.txt", b"Again.")
        assert found.look() == 1
        assert counts(found.platform) == (2, 2, 0, 0)
        found.platform.settle()
        with found.platform.inner.database.snapshot() as tx:
            assert looking.count_reasons(tx, Place.DEAD_LETTER) == []
            assert standing.places_of(tx, "scans")[Place.DONE] == 2


def test_a_changed_object_is_another_version(shelf: Shelf, database_url: str) -> None:
    """Written again with another content it is taken again; with the same content, nothing happens."""
    shelf.put("1.txt", b"Hello.")
    with Reader(automation(shelf), database_url) as found:
        found.look()
        shelf.put("1.txt", b"Hello.")
        assert found.look() == 0
        shelf.put("1.txt", b"Hello again.")
        assert found.look() == 1
        assert counts(found.platform) == (2, 2, 0, 0)


def test_a_table_gives_its_rows(shelf: Shelf, database_url: str) -> None:
    """A CSV and a JSONL are read as files are: a broken row waits in quarantine, the others go on."""
    shelf.put("a.csv", b"id,amount\n1,10\n2,-1\n3,30\n")
    shelf.put("b.jsonl", b'{"id": "4", "amount": 40}\n')
    with Reader(automation(shelf, lines=True), database_url) as found:
        assert found.look() == 2
        assert counts(found.platform) == (4, 3, 0, 1)
        assert found.look() == 0
        shelf.put("a.csv", b"id,amount\n1,10\n3,30\n5,50\n")
        assert found.look() == 1
        assert counts(found.platform) == (7, 4, 2, 1)


def test_a_long_list_is_read_in_pages(shelf: Shelf) -> None:
    """Seven objects in pages of two: each is taken, and once."""
    for number in range(7):
        shelf.put(f"{number}.txt", b"%d" % number)
    with Reader(automation(shelf), page=2) as found:
        assert found.look() == 7
        assert found.look() == 0
        shelf.put("3a.txt", b"new")
        assert found.look() == 1


def test_what_cannot_be_a_record_is_kept_with_its_reason(shelf: Shelf) -> None:
    """Too large, no table, half of one: each is in quarantine once, and the good one goes on."""
    shelf.put("large.csv", b"x" * 2000)
    shelf.put("empty.csv", b"")
    shelf.put("half.xlsx", b"PK\x03\x04 and no more")
    shelf.put("good.csv", b"id,amount\n1,10\n")
    with Reader(automation(shelf, lines=True, largest=1000)) as found:
        assert found.look() == 4
        assert found.look() == 0
        assert counts(found.platform) == (4, 1, 0, 3)
        reasons = " ".join(found.reasons())
        assert "The object has 2,000 bytes, and scans reads 1,000 at most." in reasons
        assert "empty.csv" in reasons
        assert "half.xlsx" in reasons
        with found.platform.inner.database.snapshot() as tx:
            kept = [looking.quarantined(tx, row.id) for row in looking.quarantined_of(tx)]
            originals = [original_of(found.platform.inner.contents, tx, one) for one in kept if one is not None]
        assert b"PK\x03\x04 and no more" in originals


def test_record_makes_the_record(shelf: Shelf) -> None:
    """`record` sees the key and the document; it gives nothing for an object that is none, and its failure is the object's."""

    def made(stored: pl.StoredObject) -> object:
        if stored.key.endswith("skip.txt"):
            return None
        if stored.key.endswith("bad.txt"):
            raise ValueError("no")
        return Scan(document=stored.document)

    for name in ("1.txt", "skip.txt", "bad.txt"):
        shelf.put(name, name.encode())
    with Reader(automation(shelf, record=made)) as found:
        assert found.look() == 3
        assert found.look() == 0
        assert counts(found.platform) == (2, 1, 0, 1)


def test_without_room_it_goes_on_behind_the_last_block(shelf: Shelf, database_url: str) -> None:
    """At the bound of open cases the reading of a table pauses, and goes on there: no row is counted twice."""
    shelf.put("a.csv", b"id,amount\n" + b"".join(b"%d,1\n" % number for number in range(1200)))
    with Reader(automation(shelf, lines=True, open_at_most=600), database_url) as found:
        found.look()
        assert counts(found.platform) == (600, 600, 0, 0)
        assert "of its cases are open" in str(said(found.platform)[1])
        found.platform.settle()
        assert found.look() == 1
        assert counts(found.platform) == (1200, 1200, 0, 0)
        assert found.look() == 0


def test_a_bucket_that_is_not_there_is_said(shelf: Shelf) -> None:
    """It refuses us, since when and why; nothing of it is in quarantine."""
    elsewhere = Shelf(shelf.address.replace("/scans", "/nothing"), shelf.prefix)
    with Reader(automation(elsewhere)) as found:
        assert found.look() == 0
        assert said(found.platform)[0] == "refused us"
        (need,) = sources.needs(found.platform.inner.database)
        assert need.title == "new-scans of scans refuses us since 09:05"
        assert counts(found.platform) == (0, 0, 0, 0)


DOOMED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pilotage.cases.service import buckets, intake
from tests.cases import test_objects as told

def die(*arguments, **named):
    os.kill(os.getpid(), signal.SIGKILL)

real = intake.Intake.finish
if {point!r} == "finish":
    intake.Intake.finish = die
else:
    note = buckets.Buckets._note
    buckets.Buckets._note = staticmethod(lambda *arguments: (note(*arguments), die()))
with told.Reader(told.automation(told.Shelf({address!r}, {prefix!r}), lines={lines!r}), {database!r}) as found:
    found.look()
"""


@pytest.mark.crash
@pytest.mark.parametrize(("point", "lines"), [("finish", True), ("note", True), ("note", False)])
def test_killed_while_taking(shelf: Shelf, database_url: str, point: str, lines: bool) -> None:  # noqa: FBT001 - pytest names it
    """Killed behind the last block of a table, or in the transaction that notes the object: all of it is there once."""
    shelf.put("a.csv" if lines else "a.txt", b"id,amount\n1,10\n2,20\n")
    root = Path(__file__).resolve().parents[2]
    text = DOOMED.format(
        root=str(root), point=point, address=shelf.address, prefix=shelf.prefix, lines=lines, database=database_url
    )
    done = subprocess.run([sys.executable, "-c", text], check=False, timeout=120, cwd=root)
    assert done.returncode == -signal.SIGKILL
    with Reader(automation(shelf, lines=lines), database_url) as found:
        assert found.look(later="10m") == 1
        assert counts(found.platform) == ((2, 2, 0, 0) if lines else (1, 1, 0, 0))
        assert found.look() == 0

"""Submitting a file: blocks, interruptions, changed files, empty cells, and the bytes of what is broken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

import pilotage as pl
from pilotage.app import Platform, Project
from pilotage.cases.errors import SubmissionChanged
from pilotage.cases.reading.errors import ColumnsMissing
from pilotage.cases.service.intake import Receipt
from pilotage.cases.service.submitting import fitting, required_columns, submit_file
from pilotage.cases.store import looking


class Order(BaseModel):
    """What arrives."""

    id: str = Field(min_length=1)
    pieces: int = 1
    note: str | None = None
    sender: Annotated[str, Field(alias="from")] = "nobody"


class Priced(BaseModel):
    """What it costs."""

    price: int


@pl.compute
def priced(order: Order) -> Priced:
    """Ten a piece."""
    return Priced(price=10 * order.pieces)


lead, clerk = pl.Role("lead"), pl.Role("clerk")
orders = pl.Automation(
    "orders",
    purpose="Every order has its price.",
    takes=Order,
    gives=Priced,
    key=lambda order: order.id,
    owner=lead,
    deputy=clerk,
    process=pl.Path(priced),
)


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    """A platform with the orders, which nobody works on."""
    project = Project(root=tmp_path, environment="dev", database_url=database_url, automations=())
    platform = Platform(project, [orders])
    yield platform
    platform.close()


class Stopped(Exception):
    """Raised where a process would have been killed."""


def write(folder: Path, count: int, name: str = "orders.csv") -> Path:
    """A file of so many orders."""
    file = folder / name
    file.write_text("id,pieces,note\n" + "".join(f"O{n},{n % 9 + 1},n{n}\n" for n in range(count)), encoding="utf-8")
    return file


def test_an_interrupted_file_goes_on_where_it_stopped(platform: Platform, tmp_path: Path) -> None:
    """What was committed is not read again, and at the end every record has arrived once."""
    file = write(tmp_path, 1_700)

    def stop(receipt: Receipt, done: int, total: int) -> None:
        assert 0 < done < total == file.stat().st_size
        if receipt.arrived >= 1_000:
            raise Stopped

    with pytest.raises(Stopped):
        submit_file(platform.intake, orders, file, seen=stop)
    done = submit_file(platform.intake, orders, file)
    assert done.resumed_at > 10_000
    assert (done.receipt.arrived, done.receipt.accepted, done.receipt.duplicates) == (700, 700, 0)
    with platform.database.snapshot() as tx:
        assert looking.count_arrivals(tx) == [("orders", 1_700, 1_700, 0, 0)]
    again = submit_file(platform.intake, orders, file)
    assert (again.resumed_at, again.receipt.duplicates) == (0, 1_700)


def test_a_file_that_changed_meanwhile_is_refused(platform: Platform, tmp_path: Path) -> None:
    """Also when its size and beginning are the same; `anew` takes it from its beginning, and nothing is doubled."""
    file = write(tmp_path, 6_000)

    def stop(receipt: Receipt, done: int, total: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        submit_file(platform.intake, orders, file, seen=stop)
    file.write_bytes(file.read_bytes().replace(b"O5999,", b"X5999,"))
    with pytest.raises(SubmissionChanged, match="after 1,000 records"):
        submit_file(platform.intake, orders, file)
    done = submit_file(platform.intake, orders, file, anew=True)
    assert (done.receipt.accepted, done.receipt.duplicates) == (5_000, 1_000)
    assert submit_file(platform.intake, orders, file).receipt.duplicates == 6_000


def test_a_missing_column_is_said_before_anything_is_taken(platform: Platform, tmp_path: Path) -> None:
    """A table without a required column is a wrong file, not a thousand broken records."""
    file = tmp_path / "wrong.csv"
    file.write_text("Id;pieces\nO1;2\n")
    with pytest.raises(ColumnsMissing, match="no column id"):
        submit_file(platform.intake, orders, file)
    assert required_columns(orders) == {"id"}


def test_an_empty_cell_is_absent_only_where_it_would_be_refused(platform: Platform, tmp_path: Path) -> None:
    """An empty number takes its default, an empty text stays a text, and an empty id is told as it is."""
    file = tmp_path / "cells.csv"
    file.write_text("id,pieces,note\nO1,,x\nO2,3,\n,,\n,4,y\n")
    receipt = submit_file(platform.intake, orders, file).receipt
    assert (receipt.accepted, receipt.quarantined) == (2, 2)
    with platform.database.snapshot() as tx:
        first, second = (looking.cases_by_key(tx, key)[0].id for key in ("O1", "O2"))
        records = [json.loads(row.record) for case in (first, second) if (row := looking.content(tx, case))]
        shapes = [row.shape for row in looking.count_shapes(tx)]
    assert [(record["pieces"], record["note"]) for record in records] == [(1, "x"), (3, "")]
    assert shapes == ["id: string_too_short"]


def test_a_workbooks_numbers_may_be_meant_as_texts() -> None:
    """Excel turns 1001 into a number; where the contract wants a text it is one again, and nothing else is bent."""
    assert fitting(orders, {"id": 1001, "pieces": 2, "note": None}) == {"id": "1001", "pieces": 2}
    hopeless = {"id": 1001, "pieces": "lots", "note": None}
    assert fitting(orders, hopeless) is hopeless
    plain = {"id": "O1", "pieces": "2"}
    assert fitting(orders, plain) is plain


def test_what_is_broken_keeps_its_bytes(platform: Platform, tmp_path: Path) -> None:
    """A record that breaks its contract, one that cannot be read and a contradiction stand in quarantine as they came."""
    file = tmp_path / "broken.csv"
    lines = ["id,pieces,note\n", "O1,1,a\n", '"O1",1,b\n', "O2,many,c\n", "O3,1,d,e\n", "O4,1,\xfc\n"]
    file.write_bytes("".join(lines).encode("latin-1"))
    submit_file(platform.intake, orders, file)
    with platform.database.snapshot() as tx:
        rows = [looking.quarantined(tx, row.id) for row in looking.quarantined_of(tx)]
    kept = {row.number: (row.kind, row.original, row.whole) for row in rows if row is not None}
    assert kept == {
        3: ("conflict", b'"O1",1,b\n', True),
        4: ("malformed", b"O2,many,c\n", True),
        5: ("unreadable", b"O3,1,d,e\n", True),
        6: ("unreadable", b"O4,1,\xfc\n", True),
    }


def test_jsonl_is_taken_as_it_is(platform: Platform, tmp_path: Path) -> None:
    """JSON knows what is absent: an empty text is an empty text, and no second form is tried."""
    file = tmp_path / "orders.jsonl"
    file.write_text('{"id": "O1", "from": "x"}\n\n{"id": "O2", "pieces": ""}\n{"id": "O3", "pieces": null}\n')
    done = submit_file(platform.intake, orders, file)
    assert (done.receipt.accepted, done.receipt.quarantined, done.blank) == (1, 2, 1)


def test_the_block_is_what_is_committed_together() -> None:
    """The reader's blocks are the intake's: no more records are taken in one transaction than it says."""
    from pilotage.cases.reading.source import BLOCK_ITEMS
    from pilotage.cases.service.intake import BLOCK

    assert BLOCK_ITEMS == BLOCK

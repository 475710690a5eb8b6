import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from pilotage.cases.reading.source import open_source
from pilotage.cases.reading.values import Record
from pilotage.examples.tickets.contracts import Ticket
from pilotage.examples.tickets.intake import Broken, Plan, write_intake
from pilotage.examples.tickets.material import Material

NOT_BROKEN = Plan(broken={}, duplicates=7, conflicts=4)


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", errors="replace", newline="") as opened:
        return list(csv.DictReader(opened))


def fits(row: Mapping[str, object]) -> bool:
    try:
        Ticket.model_validate(row, extra="forbid")
    except ValidationError:
        return False
    return True


def test_every_row_is_accounted_for(material: Material, tmp_path: Path) -> None:
    """The counts that are reported are those of the file, read by somebody else."""
    planted = write_intake(material.requests, tmp_path / "intake.csv")
    rows = read(tmp_path / "intake.csv")
    assert planted.rows == len(rows)
    assert planted.rows == planted.requests + planted.duplicates + planted.to_quarantine
    unreadable = planted.broken["not UTF-8"]
    assert sum(not fits(row) for row in rows) == sum(planted.broken.values()) - unreadable
    assert sum("\N{REPLACEMENT CHARACTER}" in (row["text"] or "") for row in rows) == unreadable


def test_duplicates_are_the_very_row_again_and_conflicts_are_not(material: Material, tmp_path: Path) -> None:
    """A duplicate has the same id and content, a conflict the same id and another text, and both come later."""
    write_intake(material.requests, tmp_path / "intake.csv", plan=NOT_BROKEN)
    rows = read(tmp_path / "intake.csv")
    ids = Counter(row["id"] for row in rows)
    contents = Counter((row["id"], row["text"]) for row in rows)
    assert sum(times - 1 for times in ids.values()) == 11
    assert sum(times - 1 for times in contents.values()) == 7
    original = {request.id: request.text for request in material.requests}
    first = {row["id"]: row["text"] for row in reversed(rows)}
    assert first == original


def test_the_platform_finds_exactly_what_was_planted(material: Material, tmp_path: Path) -> None:
    """The reader and the contract turn away each broken row, an open quote too, and not one of the others."""
    plan = Plan(broken={**Plan().broken, Broken.OPEN_QUOTE: 3})
    planted = write_intake(material.requests, tmp_path / "intake.csv", plan=plan)
    with open_source(tmp_path / "intake.csv", expects={"id", "product", "text"}) as source:
        items = [item for block in source for item in block]
    good = [item for item in items if isinstance(item, Record) and fits(item.fields)]
    assert len(items) - len(good) == sum(planted.broken.values())
    assert len(good) == planted.requests + planted.duplicates + planted.conflicts


def test_labels_do_not_stand_in_the_intake(material: Material, tmp_path: Path) -> None:
    """What runs may not see which team is the right one."""
    write_intake(material.requests, tmp_path / "intake.csv")
    assert (tmp_path / "intake.csv").read_bytes().startswith(b"id,product,text\n")


def test_the_same_seed_writes_the_same_bytes(material: Material, tmp_path: Path) -> None:
    """The file can be written again."""
    for name in ("one.csv", "two.csv"):
        write_intake(material.requests, tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize("kind", Broken)
def test_each_kind_of_broken_row_breaks(kind: Broken, material: Material, tmp_path: Path) -> None:
    """A row of each kind fails: as bytes, as a line of a CSV, or as a ticket."""
    write_intake(material.requests[:1], tmp_path / "intake.csv", plan=Plan(broken={kind: 1}, duplicates=0, conflicts=0))
    content = (tmp_path / "intake.csv").read_bytes()
    try:
        rows = list(csv.DictReader(content.decode().splitlines(keepends=True), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return
    assert not all(fits(row) for row in rows)

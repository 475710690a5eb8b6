"""Looks for secrets in everything that is stored: each table's texts and bytes, and the large contents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pilotage.credentials.scanning import Finding, Scanner
from pilotage.kernel.ids import shown
from pilotage.machinery.contents.errors import ContentAltered, ContentMissing
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage import everything
from pilotage.machinery.storage.database import Database

_NOT_SEARCHED: Final = ("secret_versions", "api_tokens", "trail_heads", "tallies")
"""What is sealed, salted or a signature, and what is only counted."""
_LETTERS: Final = {"case_id": "C", "quarantine_id": "Q", "decision_id": "D", "effect_id": "E"}
_OWN: Final = {"cases": "C", "quarantine": "Q", "decisions": "D", "effects": "E", "batches": "B"}
_CONTENTS: Final = "content_references"
_OWNERS: Final = {"case": "C"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """What was found in some rows or in a content."""

    what: str
    """The table, or "contents"."""
    places: int
    findings: tuple[Finding, ...]


def search(database: Database, contents: Contents, scanner: Scanner) -> Iterator[Searched]:
    """Look through everything that is stored, a block of rows at a time."""
    for table in everything.tables(without=_NOT_SEARCHED):
        for rows in everything.blocks(database, table):
            found = [one for row in rows for one in _of_row(scanner, table.name, row)]
            yield Searched(what=table.name, places=len(rows), findings=tuple(found))
            if table.name == _CONTENTS:
                yield from _contents(contents, scanner, rows)


def _of_row(scanner: Scanner, table: str, row: Mapping[str, object]) -> Iterator[Finding]:
    place = f"{_whose(table, row)} {table}"
    for name, value in row.items():
        if isinstance(value, bytes):
            yield from scanner.stored(f"{place}.{name}", value.decode(errors="replace"))
        elif isinstance(value, str):
            yield from scanner.stored(f"{place}.{name}", value)


def _whose(table: str, row: Mapping[str, object]) -> str:
    for name, letter in _LETTERS.items():
        if isinstance(number := row.get(name), int):
            return shown(letter, number)
    number = row.get("id")
    return shown(_OWN.get(table, "R"), number) if isinstance(number, int) else "-"


def _contents(contents: Contents, scanner: Scanner, rows: list[dict[str, object]]) -> Iterator[Searched]:
    for row in rows:
        owner, number, digest = str(row["owner"]), row["owner_id"], str(row["digest"])
        assert isinstance(number, int)
        try:
            text = contents.read(digest).decode(errors="replace")
        except (ContentMissing, ContentAltered):
            continue  # `pilotage doctor` tells of those
        place = f"{shown(_OWNERS.get(owner, 'Q'), number)} content {digest[:16]}"
        yield Searched(what="contents", places=1, findings=tuple(scanner.stored(place, text)))

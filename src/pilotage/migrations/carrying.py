"""Carrying a whole platform from one database to another, of either kind: `pilotage export` and `pilotage import`.

An export is a pack with one part for each table, a row a line, its values in the order of the columns, in one snapshot.
What belongs to processes stays behind: their lives, the batches in their hands (whose cases are ready again), the engine's
own records. Secrets of the local store are carried as they lie there, sealed; their key is not.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError

from pilotage.cases.store import looking, tallying
from pilotage.cases.values import Place
from pilotage.kernel.interrupts import point
from pilotage.machinery.cli.times import iso
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.storage.plain import in_order, names_of, to_plain
from pilotage.machinery.storage.tables import metadata
from pilotage.migrations import HEAD
from pilotage.migrations.artefacts import add_artefacts, put_artefacts
from pilotage.migrations.contents import add_contents, put_contents
from pilotage.migrations.errors import CannotBeTaken, DatabaseNotEmpty, OtherEnvironment, OtherRevision, WorkersLive
from pilotage.migrations.packing import Pack, Packer, opened, packing
from pilotage.migrations.still import began_since, refuse_on_their_way, refuse_workers

KIND: Final = "pilotage export"
LEFT_BEHIND: Final[Mapping[str, str]] = {
    "life": "lives of processes, which are of one database",
    "batches": "what processes had in their hands; the cases in it are ready again",
    "secret_leases": "what processes held, which have ended",
    "send_gate": "a lock, whose one row every database has",
    "tallies": "counts of what is in the other tables; they are made anew",
}
"""Tables that are not carried, and why."""
_ROWS: Final = 1000
_BYTES: Final = 4 << 20
"""At most so many rows, or so much of them, are in memory at once."""
_IMPORTING: Final = 7_214_510
"""The advisory lock of PostgreSQL under which one process at a time imports."""

Seen: TypeAlias = Callable[[str, int, int], None]
"""Is told how far it has come: what, how many rows of how many."""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What went into a file, or came out of it."""

    file: Path
    rows: Mapping[str, int]
    places: Mapping[str, int]
    dissolved: int
    """Cases that were in a batch, and are ready again."""
    missing: Sequence[str]
    """Releases whose artefact is not there."""
    missing_contents: int = 0
    """Contents that something refers to, and that are not in the file store."""


def carried() -> list[sa.Table]:
    """The tables that are carried."""
    return [table for table in metadata.sorted_tables if table.name not in LEFT_BEHIND]


def export(
    database: Database, file: Path, *, environment: str, folder: Path, contents: Contents, version: str, seen: Seen
) -> Carried:
    """Write the whole platform into a file. Raises WorkersLive, EffectsOnTheirWay and FileIsThere (PLT-500 to 504)."""
    refuse_workers(database)
    head: dict[str, object] = {"revision": HEAD, "environment": environment, "pilotage": version}
    with packing(file, KIND, head) as packer, database.snapshot() as tx:
        began = database.now(tx)
        refuse_on_their_way(tx)
        total = sum(_count(tx, table) for table in carried())
        done = _Done(total=total, seen=seen)
        rows = {table.name: _export_table(tx, packer, table, done) for table in carried()}
        missing = add_artefacts(tx, packer, folder)
        missing_contents = add_contents(tx, packer, contents)
        places = _places(tx)
        moving = places.pop(Place.MOVING.value, 0)
        if moving:
            places[Place.READY.value] = places.get(Place.READY.value, 0) + moving
        head |= {"written_at": iso(began), "places": places, "missing_artefacts": missing}
        _refuse_late_workers(database, began)
    return Carried(
        file=file, rows=rows, places=places, dissolved=moving, missing=missing, missing_contents=missing_contents
    )


def _refuse_late_workers(database: Database, began: int) -> None:
    with database.snapshot() as tx:
        if began_since(tx, began):
            raise WorkersLive(
                "A process began to work on this database meanwhile.",
                "No file was written: what that process does would be missing in it. End it, then export again.",
            )


@dataclass(kw_only=True)
class _Done:
    """Counts rows for whoever watches."""

    total: int
    seen: Seen
    rows: int = 0

    def more(self, name: str, rows: int) -> None:
        """So many more; also the place at which Ctrl-C ends it."""
        self.rows += rows
        self.seen(name, self.rows, self.total)
        point()


def _export_table(tx: Tx, packer: Packer, table: sa.Table, done: _Done) -> int:
    return packer.lines(_part(table), _lines(tx, table, done))


def _lines(tx: Tx, table: sa.Table, done: _Done) -> Iterator[bytes]:
    query = sa.select(table).order_by(*table.primary_key.columns).execution_options(yield_per=_ROWS)
    names = names_of(table)
    for block in tx.execute(query).mappings().partitions():
        for row in block:
            plain = to_plain(table, cast("Mapping[str, object]", row))
            if table.name == "cases" and plain["place"] == Place.MOVING.value:
                plain |= {"place": Place.READY.value, "batch": None}
            yield json.dumps([plain[name] for name in names], separators=(",", ":")).encode() + b"\n"
        done.more(table.name, len(block))


def take(database: Database, file: Path, *, environment: str, folder: Path, contents: Contents, seen: Seen) -> Carried:
    """Put the platform of a file into an empty database: all of it in one transaction, or nothing.

    Raises NotAsWritten, OtherRevision, WorkersLive, DatabaseNotEmpty, OtherEnvironment, CannotBeTaken (PLT-501 to 508).
    """
    refuse_workers(database)
    with opened(file, KIND) as pack:
        _refuse_other(pack, environment)
        with database.transaction() as tx:
            if tx.dialect.name == "postgresql":
                tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_IMPORTING)))
            _refuse_full(tx)
            total = sum(pack.count(_part(table)) for table in carried())
            done = _Done(total=total, seen=seen)
            rows = {table.name: _import_table(tx, pack, table, done) for table in carried()}
            tallying.count_anew(tx)
            places = _places(tx)
            if places != pack.manifest.get("places"):
                what = f"{places} came of {file}, and not {pack.manifest.get('places')}."
                raise CannotBeTaken(what, "Nothing was written. Report it: this should never happen.")
            put_artefacts(pack, folder)
            put_contents(pack, contents)
    missing = cast("Sequence[str]", pack.manifest.get("missing_artefacts", ()))
    return Carried(file=file, rows=rows, places=places, dissolved=0, missing=missing)


def _refuse_other(pack: Pack, environment: str) -> None:
    if pack.text("revision") != HEAD:
        raise OtherRevision(
            f"{pack.file} has the tables of revision {pack.text('revision')} (Pilotage {pack.text('pilotage')}), and this "
            f"version those of {HEAD}.",
            "Import it with the version that wrote it. Then open that database with this version, which brings its tables "
            "to the new form, and export it anew where it is to go further.",
        )
    if pack.text("environment") != environment:
        raise OtherEnvironment(
            f'{pack.file} is of the environment "{pack.text("environment")}", and this one is "{environment}".',
            "The keys of effects hold the environment: elsewhere, what was done would be done again. Set "
            f"PILOTAGE_ENVIRONMENT={pack.text('environment')}.",
        )
    wanted = {_part(table) for table in carried()}
    if missing := wanted - set(pack.parts):
        raise OtherRevision(f"{pack.file} has no {', '.join(sorted(missing))}.", "Export again with this version.")


def _refuse_full(tx: Tx) -> None:
    for table in carried():
        if tx.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise DatabaseNotEmpty(
                f"This database is not empty: {table.name} has rows.",
                "Import into an empty one: name it in PILOTAGE_DATABASE_URL, such as sqlite:///NEW.db.",
            )


def _import_table(tx: Tx, pack: Pack, table: sa.Table, done: _Done) -> int:
    count, size, rows = 0, 0, list[dict[str, object]]()
    for line in pack.lines(_part(table)):
        rows.append(_row(tx, table, line, count + len(rows) + 1))
        size += len(line)
        if len(rows) >= _ROWS or size >= _BYTES:
            _insert(tx, table, rows, done)
            count, size, rows = count + len(rows), 0, []
    _insert(tx, table, rows, done)
    return count + len(rows)


def _insert(tx: Tx, table: sa.Table, rows: Sequence[Mapping[str, object]], done: _Done) -> None:
    try:
        bulk.insert(tx, table, rows)
    except (IntegrityError, DataError) as error:
        said = str(error.orig).strip().splitlines()[0]
        raise CannotBeTaken(
            f"Rows of {table.name} do not fit: {said}.", "Nothing was written. The file was altered; export again."
        ) from error
    done.more(table.name, len(rows))


def _row(tx: Tx, table: sa.Table, line: bytes, number: int) -> dict[str, object]:
    try:
        row = in_order(table, cast("Sequence[object]", json.loads(line)))
    except (ValueError, TypeError) as error:
        raise CannotBeTaken(
            f"Row {number:,} of {table.name} cannot be read: {error}.", "Nothing was written. Export again."
        ) from error
    if tx.dialect.name == "postgresql" and any(isinstance(value, str) and "\0" in value for value in row.values()):
        raise CannotBeTaken(
            f"Row {number:,} of {table.name} has a text with the sign NUL, which PostgreSQL does not take.",
            "Nothing was written. Withdraw and erase that record, then export again; or stay with SQLite.",
        )
    return row


def _places(tx: Tx) -> dict[str, int]:
    found: dict[str, int] = {}
    for _, place, number, _ in looking.count_places(tx):
        found[place] = found.get(place, 0) + number
    return found


def _count(tx: Tx, table: sa.Table) -> int:
    return tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def _part(table: sa.Table) -> str:
    return f"tables/{table.name}.jsonl"

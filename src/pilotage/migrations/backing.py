"""Backing a platform up while it works, and putting it back: `pilotage backup` and `pilotage restore`, for SQLite.

A backup is a pack with a copy of the database file, made by SQLite's own online backup in one step: the copy is the state
of one moment, however many processes write meanwhile, and none of them waits. What is restored stands under a hold: what
went out after the backup was written is not in it, and must not go out once more before somebody has looked.
"""

import os
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError

from pilotage.cases.service.holding import hold
from pilotage.cases.service.proving import Check, prove
from pilotage.cases.store import looking
from pilotage.kernel.clock import Clock
from pilotage.machinery.cli.times import iso
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Database
from pilotage.migrations import HEAD, prepare
from pilotage.migrations.artefacts import add_artefacts, put_artefacts
from pilotage.migrations.carrying import carried
from pilotage.migrations.contents import add_contents, put_contents
from pilotage.migrations.errors import (
    DatabaseInUse,
    DatabaseNotEmpty,
    NotAsWritten,
    NotHere,
    OtherEnvironment,
    OtherRevision,
)
from pilotage.migrations.packing import Pack, opened, packing, to_disk
from pilotage.migrations.still import refuse_workers

KIND: Final = "pilotage backup"
_PART: Final = "database.sqlite"


@dataclass(frozen=True, kw_only=True)
class BackedUp:
    """What is in a backup."""

    file: Path
    written_at: str
    """The moment that it shows."""
    places: Mapping[str, int]
    missing: Sequence[str]
    """Releases whose artefact is not there."""
    missing_contents: int = 0
    """Contents that something refers to, and that are not in the file store."""
    holds: bool
    """Whether the sums and invariants of the copy hold."""
    aside: Path | None = None
    """Where the database that was there before is kept now."""


def backup(
    database: Database,
    file: Path,
    *,
    environment: str,
    folder: Path,
    contents: Contents,
    version: str,
    checks: Sequence[Check],
) -> BackedUp:
    """Write a backup of a SQLite database, whoever works on it. Raises FileIsThere (PLT-500) and NotHere (PLT-507)."""
    source = _file_of(database.url, f"pg_dump --format=custom --file={file}")
    head: dict[str, object] = {"revision": HEAD, "environment": environment, "pilotage": version}
    copy = file.with_name(f".{file.name}.copy")
    with packing(file, KIND, head) as packer:
        _remove(copy)
        try:
            _copy(source, copy)
            _refuse_unsound(copy, file)
            with closing(Database(f"sqlite:///{copy}")) as copied:
                with copied.snapshot() as tx:
                    missing = add_artefacts(tx, packer, folder)
                    missing_contents = add_contents(tx, packer, contents)
                    places = _places(copied)
                    written_at = str(iso(database.now(tx)))
                holds = prove(copied, checks).holds
            packer.file(_PART, copy)
        finally:
            _remove(copy)
        head |= {"written_at": written_at, "places": places, "missing_artefacts": missing}
    return BackedUp(
        file=file,
        written_at=written_at,
        places=places,
        missing=missing,
        missing_contents=missing_contents,
        holds=holds,
    )


def restore(
    url: str,
    file: Path,
    *,
    environment: str,
    folder: Path,
    contents: Contents,
    over: bool,
    by: str,
    known: str,
    clock: Clock,
    checks: Sequence[Check],
) -> BackedUp:
    """Put the database of a backup where `url` says, under a hold of everything.

    A database with rows is in the way, unless `over`: then it is kept aside. The change is one renaming: there is the old
    database or the new one at every moment. Raises PLT-501 to PLT-509.
    """
    target = _file_of(url, f"pg_restore --dbname=NAME {file}")
    fresh = target.with_name(f".{target.name}.restoring")
    with opened(file, KIND) as pack:
        _refuse_other(pack, environment)
        full = target.exists() and _is_full(url, target, over=over)
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove(fresh)
        try:
            pack.extract(_PART, fresh)
            _refuse_unsound(fresh, file)
            reason = f"Restored from the backup of {pack.text('written_at')}: what went out after it is not in it."
            put_contents(pack, contents)  # what nobody refers to after all is swept
            with closing(Database(f"sqlite:///{fresh}")) as database:
                prepare(database)
                hold(database, scope="everything", name="", by=by, known=known, reason=reason)
                places, holds = _places(database), prove(database, checks).holds
            _alone(fresh)
            put_artefacts(pack, folder)
            aside = _replace(target, fresh, f"{clock.now():%Y%m%d-%H%M%S}") if full else _replace(target, fresh, None)
        finally:
            _remove(fresh)
    return BackedUp(
        file=file,
        written_at=pack.text("written_at"),
        places=places,
        missing=cast("Sequence[str]", pack.manifest.get("missing_artefacts", ())),
        holds=holds,
        aside=aside,
    )


def _file_of(url: str, tool: str) -> Path:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Path(str(parsed.database)).absolute()
    address = parsed.set(drivername="postgresql").render_as_string()
    raise NotHere(
        f"The database {address} is PostgreSQL's, and is backed up with PostgreSQL's own tools.",
        f"Write: `{tool} {address}`, with the password in ~/.pgpass; `pg_dump` takes a consistent copy while everything "
        "works. Copy .pilotage/releases with it. Or stop the workers and use `pilotage export`, which any database reads.",
    )


def _copy(source: Path, target: Path) -> None:
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(source)) as given, closing(sqlite3.connect(target)) as taken:
        given.execute("PRAGMA busy_timeout=30000")
        # In one step: a backup in several begins anew whenever another process writes between two of them.
        given.backup(taken, pages=-1)


def _refuse_unsound(copy: Path, file: Path) -> None:
    try:
        with closing(sqlite3.connect(copy)) as connection:
            said = [str(row[0]) for row in connection.execute("PRAGMA quick_check(5)")]
    except sqlite3.DatabaseError as error:
        said = [str(error)]
    if said != ["ok"]:
        raise NotAsWritten(
            f"The database of {file} is damaged: {' '.join(said)}.", "Nothing was replaced. Take an older backup."
        )


def _refuse_other(pack: Pack, environment: str) -> None:
    if pack.text("revision") > HEAD:
        raise OtherRevision(
            f"{pack.file} has the tables of revision {pack.text('revision')}, and this version knows them up to {HEAD}.",
            f"Restore it with Pilotage {pack.text('pilotage')} or a newer one.",
        )
    if pack.text("environment") != environment:
        raise OtherEnvironment(
            f'{pack.file} is of the environment "{pack.text("environment")}", and this one is "{environment}".',
            "The keys of effects hold the environment: elsewhere, what was done would be done again. Set "
            f"PILOTAGE_ENVIRONMENT={pack.text('environment')}.",
        )


def _is_full(url: str, target: Path, *, over: bool) -> bool:
    """Whether there is something in the database that is there. Raises DatabaseNotEmpty (PLT-505) unless `over`."""
    try:
        with closing(Database(url)) as database:
            prepare(database)
            refuse_workers(database)
            with database.snapshot() as tx:
                full = any(tx.execute(sa.select(table).limit(1)).first() is not None for table in carried())
    except DatabaseError:  # it is damaged, which is why somebody restores: it is kept aside as it is
        full = True
    if full and not over:
        raise DatabaseNotEmpty(
            f"{target} is not empty.",
            "Give --over as well: the database that is there is kept aside under another name, and not deleted.",
        )
    return full


def _alone(file: Path) -> None:
    """Make the database one file, without a log beside it; nobody else may have it open."""
    try:
        with closing(sqlite3.connect(file, timeout=2.0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.OperationalError as error:
        raise DatabaseInUse(
            f"Another process has {file} open: {error}.", "End it (a page, a submit, a shell), then restore again."
        ) from error
    except sqlite3.DatabaseError:
        return  # damaged: there is nothing to tidy


def _replace(target: Path, fresh: Path, stamp: str | None) -> Path | None:
    aside = None
    if target.exists():
        _alone(target)
        if stamp is not None:
            aside = target.with_name(f"{target.stem}.before-restore-{stamp}{target.suffix}")
            aside.hardlink_to(target)
        for tail in ("-wal", "-shm"):  # of a damaged database; they must not meet the new one
            beside = target.with_name(target.name + tail)
            if beside.exists():
                beside.rename(beside.with_name((aside or target).name + f".old{tail}"))
    fresh.replace(target)
    to_disk(target.parent)
    return aside


def _places(database: Database) -> dict[str, int]:
    found: dict[str, int] = {}
    with database.snapshot() as tx:
        for _, place, number, _ in looking.count_places(tx):
            found[place] = found.get(place, 0) + number
    return found


def _remove(file: Path) -> None:
    for tail in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + tail).unlink(missing_ok=True)

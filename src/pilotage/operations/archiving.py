"""Taking ended cases out of the tables into a file, and putting them back.

A batch is one transaction: the cases are locked, written to the file, brought to the disk, read again, and deleted; the
run's row then says how much of the file is sure. Whatever is killed in between, a case is in the tables or in the sure
part of the file, and never in both or in neither. Keys and digests stay, so a record that comes again is a duplicate.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias, cast

from pilotage.cases.store import archiving as store
from pilotage.cases.store.archiving import Packed, Run
from pilotage.inbox import store as inbox_store
from pilotage.kernel.counted import counted
from pilotage.kernel.ids import ids
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import TOLD, Detail, Event
from pilotage.machinery.storage.database import Database, Tx
from pilotage.operations import archive_file
from pilotage.operations.archive_file import Line
from pilotage.operations.errors import ArchiveAltered, ArchiveInTheWay, ArchiveOfAnother

BATCH: Final = 200
"""Families of cases in a batch."""
_GZIP: Final = b"\x1f\x8b"
Seen: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Archived:
    """What an archive holds, or what came back from it."""

    file: Path
    run: int
    cases: int
    """Cases that this command moved."""
    whole: int
    """Cases that are in the file and not in the tables now."""
    resumed: bool = False
    """It went on where an earlier command was stopped."""


def archive(
    database: Database,
    file: Path,
    *,
    older_than: float,
    automation: str | None,
    environment: str,
    by: str,
    seen: Seen,
    known: str = TOLD,
) -> Archived | None:
    """Take out what ended more than `older_than` seconds ago; None where there was nothing.

    The same command goes on where it was stopped, with what it was told first. Raises ArchiveInTheWay (PLT-520).
    """
    run, resumed = _begun(database, file, older_than=older_than, automation=automation, by=by, known=known)
    moved, after = 0, 0
    while True:
        with database.transaction() as tx:
            taken, last = _batch(tx, database.now(tx), run, file, environment, after)
        if last is None:
            break
        moved, after = moved + taken, last
        seen(f"{counted(moved, 'case')} archived")
    with database.transaction() as tx:
        now_run = _locked(tx, run)
        if not now_run.cases:
            store.drop_run(tx, run)
            file.unlink(missing_ok=True)
            return None
        os.truncate(file, now_run.bytes)  # a batch that was written and not committed is in the tables
        now, digest = database.now(tx), archive_file.digest_of(file)
        store.turn_run(tx, run, now=now, state="written", digest=digest)
        said = (
            f"{counted(now_run.cases, 'ended case was', 'ended cases were')} taken out of the database into {file.name}"
        )
        details = {"cases": now_run.cases, "digest": digest, "automation": automation}
        _recount(tx, now, file, "written", said, by, known, details)
    return Archived(file=file, run=run, cases=moved, whole=now_run.cases, resumed=resumed)


def _begun(
    database: Database, file: Path, *, older_than: float, automation: str | None, by: str, known: str
) -> tuple[int, bool]:
    """The run that writes this file: a new one, or the one that was stopped; and which of them."""
    with database.transaction() as tx:
        earlier = store.run_of(tx, file=str(file), lock=True)
        if earlier is not None and earlier.state == "open":
            if earlier.bytes and (not file.exists() or file.stat().st_size < earlier.bytes):
                raise ArchiveInTheWay(
                    f"{file} is being written, {counted(earlier.cases, 'case is', 'cases are')} in it, and it is not there or too short.",
                    "Put the file back where it was, and give the same command again.",
                )
            if earlier.bytes or not file.exists() or file.read_bytes()[:2] in {b"", _GZIP}:
                return earlier.id, True
        if file.exists():
            raise ArchiveInTheWay(f"{file} is there already.", "Name another file: an archive is written once.")
        now, number = database.now(tx), ids.one()
        store.begin_run(
            tx,
            {
                "id": number,
                "file": str(file),
                "automation": automation,
                "ended_before": now - int(older_than * 1_000_000),
                "state": "open",
                "cases": 0,
                "born": 0,
                "taken": 0,
                "bytes": 0,
                "digest": None,
                "by": by,
                "at": now,
                "changed_at": now,
            },
        )
        said = f"ended cases{f' of {automation}' if automation else ''} go out of the database into {file.name}"
        _recount(tx, now, file, "begun", said, by, known, {"automation": automation})
    return number, False


def _locked(tx: Tx, run: int) -> Run:
    found = store.run_of(tx, number=run, lock=True)
    if found is None or found.state != "open":
        raise ArchiveInTheWay("Another process has ended this archive.", "`pilotage doctor` says whether all is well.")
    return found


def _batch(tx: Tx, now: int, number: int, file: Path, environment: str, after: int) -> tuple[int, int | None]:
    """Move one batch; how many cases, and the last that was looked at (None: there are no more)."""
    run = _locked(tx, number)
    roots = store.ended(tx, run.automation, before=run.ended_before, after=after, most=BATCH)
    if not roots:
        return 0, None
    going = store.families(tx, roots, before=run.ended_before)
    if not going:
        return 0, roots[-1]
    packed = _packed(tx, going)
    at = run.bytes or archive_file.append(file, [_head(run, environment)], at=0)
    end = archive_file.append(file, [{"case": case, "rows": rows} for case, rows in packed.items()], at=at)
    inbox_store.remove(tx, going)
    store.remove(tx, going, run=number)
    counts = {name: getattr(run, name) + number for name, number in _counts(packed).items()}
    store.turn_run(tx, number, now=now, bytes=end, **counts)
    return len(going), roots[-1]


def _counts(packed: Mapping[int, Packed]) -> dict[str, int]:
    """What the sums count of these cases: how many, items of a for-each, and cases that they were handed over to."""
    return {
        "cases": len(packed),
        "born": sum(rows["cases"][0]["parent"] is not None for rows in packed.values()),
        "taken": sum(row["state"] == "taken" for rows in packed.values() for row in rows.get("hand_overs", ())),
    }


def _packed(tx: Tx, going: Sequence[int]) -> dict[int, Packed]:
    packed = store.pack(tx, going)
    for case, rows in inbox_store.pack(tx, going).items():
        packed[case] |= rows
    return packed


def _head(run: Run, environment: str) -> Line:
    return {
        "archive": "pilotage",
        "format": archive_file.FORMAT,
        "run": run.id,
        "environment": environment,
        "automation": run.automation,
        "ended_before": run.ended_before,
    }


def _recount(
    tx: Tx, now: int, file: Path, what: str, said: str, by: str, known: str, details: Mapping[str, Detail]
) -> None:
    event = Event(
        kind=f"archive.{what}", subject=f"archive {file.name}", said=said, by=by, known=known, details=details
    )
    record(tx, now, event)


def restore(database: Database, file: Path, *, seen: Seen, by: str, known: str = TOLD) -> Archived:
    """Put the cases of an archive back into the tables; the file stays. It may be stopped, and given again.

    Raises ArchiveAltered (PLT-521) before anything is changed, and ArchiveOfAnother (PLT-522).
    """
    run = run_in(database, file)
    for _ in archive_file.read(file, end=run.bytes):
        pass  # all of it is sound before the first case comes back
    moved = 0
    with database.transaction() as tx:
        said = f"up to {run.cases:,} ended cases go back into the database from {file.name}"
        _recount(tx, database.now(tx), file, "restored", said, by, known, {"cases": run.cases})
    for batch in batches(file, run):
        with database.transaction() as tx:
            found = store.run_of(tx, number=run.id, lock=True)
            assert found is not None
            back = _missing(tx, run.id, batch)
            tables: Packed = {}
            for rows in back.values():
                for name, some in rows.items():
                    tables.setdefault(name, []).extend(some)
            store.put_back(tx, run.id, tables)
            inbox_store.put_back(tx, tables)
            counts = {name: getattr(found, name) - number for name, number in _counts(back).items()}
            store.turn_run(tx, run.id, now=database.now(tx), state="restored", **counts)
        moved += len(back)
        seen(f"{counted(moved, 'case')} put back")
    return Archived(file=file, run=run.id, cases=moved, whole=0)


def run_in(database: Database, file: Path) -> Run:
    """The run that wrote a file, as this database knows it. Raises PLT-521 and PLT-522."""
    first = next(archive_file.read(file), None)
    head = first.lines[0] if first and first.lines else {}
    if head.get("archive") != "pilotage" or head.get("format") != archive_file.FORMAT:
        raise ArchiveAltered(f"{file} is no archive of format {archive_file.FORMAT}.", "Name another file.")
    with database.snapshot() as tx:
        run = store.run_of(tx, number=int(str(head["run"])))
    if run is None:
        raise ArchiveOfAnother(
            f"{file} was not written by this database.", "See which database PILOTAGE_DATABASE_URL names."
        )
    if run.state == "written" and archive_file.digest_of(file) != run.digest:
        raise ArchiveAltered(f"{file} is not as it was written: its digest is another one.", "Take another copy of it.")
    if not run.cases:
        raise ArchiveOfAnother(f"Every case of {file} is back in this database.", "There is nothing to do.")
    return run


def batches(file: Path, run: Run) -> Iterator[dict[int, Packed]]:
    """The cases of a file, batch by batch."""
    for member in archive_file.read(file, end=run.bytes):
        if "archive" not in member.lines[0]:
            yield {int(str(line["case"])): cast("Packed", line["rows"]) for line in member.lines}


def _missing(tx: Tx, run: int, batch: dict[int, Packed]) -> dict[int, Packed]:
    """Those that are not in the tables: an earlier command may have put some back."""
    keys: dict[str, list[str]] = {}
    for rows in batch.values():
        row = rows["cases"][0]
        keys.setdefault(str(row["automation"]), []).append(str(row["key"]))
    out = {case for automation, some in keys.items() for case in store.still_out(tx, run, automation, some)}
    return {case: rows for case, rows in batch.items() if case in out}

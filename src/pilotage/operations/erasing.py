"""Erasing what is personal of one record, in the tables and in an archive: irreversible.

Ids, keys, digests, places, the states of effects and the times stay, so both sums and every invariant still hold, and a
record that comes again is a duplicate.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from pilotage.cases.errors import NoSuchCase
from pilotage.cases.service import documents
from pilotage.cases.service.quarantining import QUARANTINE
from pilotage.cases.service.recounting import recount
from pilotage.cases.store import archiving as archive_store
from pilotage.cases.store import erasing as store
from pilotage.cases.store import handing
from pilotage.cases.store.archiving import Packed
from pilotage.cases.values import ENDED_PLACES
from pilotage.inbox import store as inbox_store
from pilotage.kernel.counted import counted
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.contents import store as contents_store
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.contents.keeping import ERASED, remove_unneeded
from pilotage.machinery.events.values import TOLD
from pilotage.machinery.storage.database import Database, Tx
from pilotage.operations import archive_file
from pilotage.operations.archive_file import Line
from pilotage.operations.errors import ArchiveAltered, ArchiveNeeded, NotSettled

_STAYS: Final = {"effect": 3, "erased": 3, "offered": 3, "handed over": 6, "handed over before": 4, "taken over": 3}
"""How many words of an event stay; else its kind and the step, or whoever did it."""
_GOES: Final[Mapping[str, Mapping[str, object]]] = {
    "case_content": {"record": "null", "given": None, "judgements": None},
    "effect_content": {"result": "null"},
    "effects": {"words": None, "segments": None},
    "cases": {"reason": None, "segments": None},
    "decisions": {"why": "(erased)", "reason": None},
    "decision_content": {"proposal": None, "answer": None},
}
"""What becomes of a case's rows in an archive: the same as in the tables."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was erased of a record."""

    cases: Sequence[int]
    """The case and its items."""
    quarantined: int = 0
    archive: Path | None = None
    """The file that was written anew."""
    contents: int = 0
    """Large contents that went from the file store."""
    contents_left: int = 0
    """Those that others need as well, or that were written just now: the latter go within the hour."""
    elsewhere: Sequence[tuple[str, int]] = ()
    """Cases of other automations to which it was handed over, or which handed it over: they are records of their own."""


def bare(story: str) -> str:
    """A timeline's entry without what was said, judged or given: what happened, and at which step."""
    events = cast("list[list[object]]", json.loads(story))
    return json.dumps([event[: _STAYS.get(str(event[0]), 2)] for event in events if event])


def erase(
    database: Database,
    automation: str,
    key: str,
    *,
    archives: Sequence[Path],
    contents: Contents,
    by: str,
    reason: str,
    known: str = TOLD,
) -> Erased:
    """Erase what is personal of one record, with its items.

    Raises NoSuchCase (PLT-201), NotSettled (PLT-523), ArchiveNeeded (PLT-524) and ArchiveAltered (PLT-521), each before
    anything was changed.
    """
    with database.snapshot() as tx:
        where = store.archived_in(tx, automation, key)
    if where is not None:
        case, run, named = where
        file = _file_of(run, archives)
        if file is None:
            raise ArchiveNeeded(
                f'The record "{key}" is in the archive {named}.', f"Say where that file is now: --archive {named}"
            )
        erased = _erase_in(database, file, run, case, by=by, reason=reason)
        with database.transaction() as tx:
            records = _settled_records(tx, automation, key, erased)
            store.zero_what_is_freed(tx)
            store.erase_quarantined(tx, records)
            digests = _release_contents(tx, erased, records)
            elsewhere = handing.elsewhere(tx, erased)
            _recount(tx, database.now(tx), erased, by, known, archive=file.name)
        store.empty_log(database)
        gone = remove_unneeded(database, contents, digests, older_than=ERASED)
        return Erased(
            cases=erased,
            quarantined=len(records),
            archive=file,
            contents=gone,
            contents_left=len(digests) - gone,
            elsewhere=elsewhere,
        )
    with database.transaction() as tx:
        members, records = _settled(tx, automation, key)
        store.zero_what_is_freed(tx)
        store.erase_cases(tx, members, bare)
        inbox_store.erase(tx, members)
        store.erase_quarantined(tx, records)
        store.tell(tx, members, ids.make(len(members)), now=database.now(tx), by=by, reason=reason)
        digests = _release_contents(tx, members, records)
        elsewhere = handing.elsewhere(tx, members)
        _recount(tx, database.now(tx), members, by, known, archive=None)
    store.empty_log(database)
    gone = remove_unneeded(database, contents, digests, older_than=ERASED)
    left = len(digests) - gone
    return Erased(cases=members, quarantined=len(records), contents=gone, contents_left=left, elsewhere=elsewhere)


def _recount(tx: Tx, now: int, cases: Sequence[int], by: str, known: str, *, archive: str | None) -> None:
    said = f"was erased{f' in the archive {archive}' if archive else ''}"
    details = {"archive": archive}
    recount(tx, now, cases, letter="C", kind="case.erased", said=said, by=by, known=known, details=details)


def _release_contents(tx: Tx, cases: Sequence[int], records: Sequence[int]) -> set[str]:
    """These cases and records need no content any more: the digests of those that they had."""
    kept = [contents_store.release(tx, owner, records) for owner in (QUARANTINE, documents.KEPT)]
    return contents_store.release(tx, documents.CASE, cases).union(*kept)


def _settled(tx: Tx, automation: str, key: str) -> tuple[list[int], list[int]]:
    """The cases and the records in quarantine, if nothing more can become of them."""
    found = store.family(tx, automation, key)
    if not found:
        raise NoSuchCase(f'{automation} has no case with the key "{key}".', "`pilotage case KEY` finds cases.")
    members = sorted(found)
    still_open = [case for case, place in found.items() if place not in {place.value for place in ENDED_PLACES}]
    if still_open:
        named = shown("C", still_open[0])
        raise NotSettled(
            f"{named} is {found[still_open[0]]}: more may become of it, which needs what it holds.",
            f'End it first: pilotage withdraw {named} --reason "..."; then erase it.',
        )
    if unsettled := store.open_effects(tx, members):
        number, state = unsettled[0]
        raise NotSettled(
            f"Its effect {shown('E', number)} is {state}: what became of it is not known yet.",
            "`pilotage run` finds out, or somebody settles it in `pilotage inbox`; then erase it.",
        )
    return members, _settled_records(tx, automation, key, members)


def _settled_records(tx: Tx, automation: str, key: str, members: Sequence[int]) -> list[int]:
    records = store.quarantined(tx, automation, key, members)
    waiting = [number for number, state in records if state == "waiting"]
    if waiting:
        named = shown("Q", waiting[0])
        raise NotSettled(
            f"{named} of this record waits in quarantine.",
            f'Settle it first: pilotage quarantine discard {named} --reason "..."; then erase it.',
        )
    return [number for number, _ in records]


def _file_of(run: int, archives: Sequence[Path]) -> Path | None:
    for file in archives:
        first = next(archive_file.read(file), None)
        if first is not None and first.lines and first.lines[0].get("run") == run:
            return file
    return None


def _erase_in(database: Database, file: Path, number: int, case: int, *, by: str, reason: str) -> list[int]:
    """Write an archive anew without what is personal of a case and its items; their ids."""
    made = file.with_name(f".{file.name}.erasing")
    made.unlink(missing_ok=True)
    try:
        with database.transaction() as tx:
            run = archive_store.run_of(tx, number=number, lock=True)
            assert run is not None
            if run.state == "open":
                raise NotSettled(f"{file} is not finished.", "Give its `pilotage archive` command again; then erase.")
            last: Line = {"at": database.now(tx), "story": json.dumps([["erased", by, reason]])}
            members, count, end = {case}, 0, 0
            for member in archive_file.read(file):
                _add_items(member.lines, members)
                lines = [_without(line, members, last) for line in member.lines]
                count += sum("case" in line for line in lines)
                end = archive_file.append(made, lines, at=end)
            if count < run.cases:
                said = f"{file} has {counted(count, 'case')}, and should have {run.cases:,} at least."
                raise ArchiveAltered(said, "Nothing was changed. Take another copy of it.")
            archive_store.turn_run(tx, number, now=database.now(tx), bytes=end, digest=archive_file.digest_of(made))
            made.replace(file)  # a command that is killed here is given again, and writes the file and the row anew
    finally:
        made.unlink(missing_ok=True)
    return sorted(members)


def _add_items(lines: Sequence[Line], members: set[int]) -> None:
    """Add the items of the members, and theirs; a family stands in one batch."""
    parents = {
        int(str(line["case"])): cast("Packed", line["rows"])["cases"][0]["parent"] for line in lines if "case" in line
    }
    while items := {case for case, parent in parents.items() if parent in members} - members:
        members |= items


def _without(line: Line, members: set[int], last: Line) -> Line:
    """The line of a case without what is personal, if it is one of them."""
    if "case" not in line or int(str(line["case"])) not in members:
        return line
    number, rows = int(str(line["case"])), cast("Packed", line["rows"])
    left: Packed = {name: [{**row, **_GOES.get(name, {})} for row in some] for name, some in rows.items()}
    told = [{**row, "story": bare(str(row["story"]))} for row in left["timeline"]]
    left["timeline"] = [*told, {"case_id": number, "id": ids.one(), "batch": None, **last}]
    return {**line, "rows": left}

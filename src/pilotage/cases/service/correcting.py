"""Quarantine: looking at it by shape, correcting a record and releasing it, or discarding it."""

from dataclasses import dataclass

from pydantic_core import from_json

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Arrival, check
from pilotage.cases.errors import NoSuchRecord, StillBroken
from pilotage.cases.service import documents
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.quarantining import QUARANTINE
from pilotage.cases.service.recounting import recount
from pilotage.cases.store import arriving, looking
from pilotage.cases.store.found import QuarantinedWhole
from pilotage.kernel.ids import shown
from pilotage.machinery.contents import store as contents_store
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.events.values import TOLD
from pilotage.machinery.storage.database import Database, Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Released:
    """A record that left quarantine."""

    record: int
    case: int
    of_corrections_alone: bool = False
    """Nothing of the original could be read: the case has what a person wrote, and no more."""


def original_of(contents: Contents, tx: Tx, record: QuarantinedWhole) -> bytes:
    """The original bytes of a record in quarantine, wherever they are kept.

    Raises ContentMissing (PLT-340) and ContentAltered (PLT-341).
    """
    kept = None if record.original else next(iter(contents_store.of(tx, QUARANTINE, record.id)), None)
    return record.original or b"" if kept is None else contents.read(kept)


def release(
    database: Database,
    intake: Intake,
    automation: Automation,
    record: int,
    corrected: dict[str, object] | None,
    *,
    by: str,
    reason: str,
    known: str = TOLD,
) -> Released:
    """Release a record as a new case: with `corrected` fields in the place of its own, or as it is.

    Raises NoSuchRecord (PLT-206), and StillBroken (PLT-207) with the field and the reason.
    """
    with database.transaction() as tx:
        found = looking.quarantined(tx, record)
        if found is None or found.state != "waiting":
            msg = f"There is no record {shown('Q', record)} waiting in quarantine."
            raise NoSuchRecord(msg, "`pilotage quarantine` lists those that wait.")
        fields: dict[str, object] = {**(from_json(found.fields) if found.fields else {}), **(corrected or {})}
        accepted, faulty = check(automation, [Arrival(fields=fields)])
        if automation.holds_documents:
            accepted, faulty = documents.store(intake.contents, accepted, faulty)
        if faulty:
            raise StillBroken(
                f"{shown('Q', record)} still breaks its contract. {faulty[0].reason}", "Correct that field too."
            )
        taken = arriving.known_keys(tx, automation.name, [accepted[0].key])
        if taken:
            case, _ = taken[accepted[0].key]
            msg = f'The key "{accepted[0].key}" belongs to {shown("C", case)}.'
            raise StillBroken(msg, "Give the record a key of its own, or discard it: `pilotage quarantine discard`.")
        now = database.now(tx)
        (number,) = intake.add_released(tx, automation, accepted, now)
        arriving.settle_quarantined(tx, record, state="released", case=number, by=by, why=reason, now=now)
        unread = found.fields is None
        how = " with what was written by hand alone" if unread else " after fields were corrected" if corrected else ""
        said = f"was let in as {shown('C', number)}{how}"
        about = {"case": shown("C", number), "fields": ", ".join(sorted(corrected or {}))}
        recount(tx, now, [record], letter="Q", kind="quarantine.released", said=said, by=by, known=known, details=about)
    return Released(record=record, case=number, of_corrections_alone=unread)


def discard(database: Database, records: list[int], *, by: str, reason: str, known: str = TOLD) -> int:
    """A person says that records are nothing; how many were waiting."""
    with database.transaction() as tx:
        now = database.now(tx)
        gone = [
            record
            for record in records
            if arriving.settle_quarantined(tx, record, state="discarded", case=None, by=by, why=reason, now=now)
        ]
        recount(tx, now, gone, letter="Q", kind="quarantine.discarded", said="was discarded", by=by, known=known)
    return len(gone)

"""Quarantine: records that are no cases are kept with their original bytes, long ones in the file store."""

from collections.abc import Sequence
from typing import Final

from pydantic_core import to_json

from pilotage.authoring.documents import documents_in
from pilotage.cases.arrivals import Faulty, digest_of, original_of
from pilotage.cases.service import documents
from pilotage.cases.store import arriving
from pilotage.kernel.ids import ids
from pilotage.kernel.writable import writable
from pilotage.machinery.contents import store as contents_store
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.contents.store import Reference
from pilotage.machinery.storage.database import Tx

QUARANTINE: Final = "quarantine"
"""The owner of these contents."""
LARGE: Final = 64 * 1024
"""Bytes of an original from which on it is kept in the file store and not in a row."""


def quarantine(
    tx: Tx, contents: Contents, automation: str, faulty: Sequence[Faulty], submission: int | None, now: int
) -> list[int]:
    """Keep these records in quarantine: the number of each."""
    numbers = ids.make(len(faulty))
    rows: list[dict[str, object]] = []
    originals: list[dict[str, object]] = []
    large: list[Reference] = []
    for number, one in zip(numbers, faulty, strict=True):
        rows.append(_row(number, automation, one, submission, now))
        fields = None if one.arrival.fields is None else to_json(one.arrival.fields, fallback=repr).decode()
        large += documents.references(documents.KEPT, number, documents_in(one.arrival.fields), now)
        original = original_of(one.arrival)
        if len(original) > LARGE:
            digest = contents.put(original)
            large.append(Reference(owner=QUARANTINE, owner_id=number, digest=digest, size=len(original), at=now))
            original = b""
        originals.append({"quarantine_id": number, "original": original, "fields": fields})
    arriving.add_quarantined(tx, rows, originals)
    contents_store.refer(tx, large)
    return numbers


def _row(number: int, automation: str, one: Faulty, submission: int | None, now: int) -> dict[str, object]:
    arrival = one.arrival
    return {
        "id": number,
        "automation": automation,
        "submission": submission,
        "number": arrival.number,
        "start": arrival.start,
        "end": arrival.end,
        "digest": digest_of(arrival),
        "whole": arrival.whole,
        "kind": one.kind,
        "field": None if one.field is None else writable(one.field),
        "reason": writable(one.reason),
        "shape": writable(one.shape),
        "key": one.key,
        "beside": one.beside,
        "state": "waiting",
        "at": now,
    }

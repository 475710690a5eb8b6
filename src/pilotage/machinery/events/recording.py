"""Writes events down. Whoever does something does it and records it in one transaction, or neither."""

import json

from pilotage.kernel.ids import ids
from pilotage.machinery.events.tables import trail
from pilotage.machinery.events.values import Event
from pilotage.machinery.net.masking import hide
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx


def record(tx: Tx, now: int, *events: Event) -> None:
    """Append events to the trail, in the caller's transaction."""
    rows = [
        {
            "id": number,
            "at": now,
            "kind": event.kind,
            "subject": hide(event.subject),
            "said": hide(event.said),
            "by": hide(event.by),
            "known": event.known,
            "details": hide(json.dumps(dict(event.details), sort_keys=True, ensure_ascii=False, separators=(",", ":"))),
        }
        for number, event in zip(ids.make(len(events)), events, strict=True)
    ]
    bulk.insert(tx, trail, rows)

"""Replay: dead letters run again, and what became of each is reported only once it is known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pilotage.cases.errors import NothingToReplay
from pilotage.cases.service.recounting import recount
from pilotage.cases.store import arriving, looking, moving
from pilotage.cases.values import ENDED_PLACES, Place
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.events.values import TOLD
from pilotage.machinery.storage.database import Database

Fate = Literal["succeeded", "failed again", "still running", "with people", "withdrawn"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """One replayed case and what became of it."""

    case: int
    key: str
    fate: Fate
    reason: str | None


def replay(
    database: Database,
    cases: Sequence[int],
    *,
    first: str | None,
    from_start: bool,
    by: str,
    reason: str,
    known: str = TOLD,
) -> list[int]:
    """Make dead letters ready again: at the step that failed, or (`from_start`) at `first`, with a clean slate.

    Effects that were confirmed are not repeated: the ledger knows them. Raises NothingToReplay (PLT-205).
    """
    with database.transaction() as tx:
        now = database.now(tx)
        dead = moving.revive(tx, cases, now=now, node=first if from_start else None)
        if from_start:
            moving.save_contents(tx, [{"case_id": case, "given": None, "judgements": None} for case in dead])
        start = "the start" if from_start else "where it failed"
        story = json.dumps([["replayed", by, reason, start]])
        recount(tx, now, dead, letter="C", kind="case.replayed", said=f"runs again: {start}", by=by, known=known)
        arriving.tell(
            tx,
            [
                {"case_id": case, "id": number, "at": now, "batch": None, "story": story}
                for case, number in zip(dead, ids.make(len(dead)), strict=True)
            ],
        )
    if not dead:
        names = ", ".join(shown("C", case) for case in cases[:5]) or "Nothing that the filter names"
        msg = f"{names} is no dead letter."
        raise NothingToReplay(
            msg, "`pilotage status` says how many dead letters there are; `pilotage replay --all` takes them all."
        )
    return dead


def fates(database: Database, cases: Sequence[int]) -> list[Replayed]:
    """What has become of replayed cases by now."""
    with database.snapshot() as tx:
        rows = looking.places(tx, cases)
    return [Replayed(case=row.id, key=row.key, fate=_fate(Place(row.place)), reason=row.reason) for row in rows]


def _fate(place: Place) -> Fate:
    if place is Place.DEAD_LETTER:
        return "failed again"
    if place is Place.WITHDRAWN:
        return "withdrawn"
    if place in ENDED_PLACES:
        return "succeeded"
    return "with people" if place is Place.WITH_PEOPLE else "still running"

"""Withdrawing: a person ends a case."""

import json
from collections.abc import Sequence

from pilotage.cases.errors import CaseHasEnded
from pilotage.cases.ports import Decisions
from pilotage.cases.service.recounting import recount
from pilotage.cases.store import arriving, handing, ledger, moving
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.events.values import TOLD
from pilotage.machinery.storage.database import Database, Tx


def withdraw(
    database: Database, decisions: Decisions, cases: Sequence[int], *, by: str, reason: str, known: str = TOLD
) -> list[int]:
    """End open cases by a person's act; which were open.

    An effect that is planned is not sent any more; one that is on its way is settled as it turns out, and stays in the
    ledger. Raises CaseHasEnded (PLT-202) when none of the cases was open.
    """
    with database.transaction() as tx:
        now = database.now(tx)
        ended = withdraw_in(tx, cases, by=by, reason=reason, now=now, decisions=decisions)
        recount(tx, now, ended, letter="C", kind="case.withdrawn", said="was withdrawn", by=by, known=known)
    if not ended:
        names = ", ".join(shown("C", case) for case in cases)
        msg = f"{names} has ended already; it cannot be withdrawn."
        raise CaseHasEnded(msg, "`pilotage case` shows how it ended, and what it did outside.")
    return ended


def withdraw_in(tx: Tx, cases: Sequence[int], *, by: str, reason: str, now: int, decisions: Decisions) -> list[int]:
    """The same in the caller's transaction."""
    ended = sorted(moving.end(tx, cases, now=now, reason=reason))
    ledger.call_off(tx, ended, now=now, words=f"The case was withdrawn by {by}.")
    handing.call_off(tx, ended, now)
    decisions.drop(tx, ended, now, "The case was withdrawn.")
    story = json.dumps([["withdrawn", by, reason]])
    arriving.tell(
        tx,
        [
            {"case_id": case, "id": number, "at": now, "batch": None, "story": story}
            for case, number in zip(ended, ids.make(len(ended)), strict=True)
        ],
    )
    return ended

"""What waits to be handed over from one automation to another, why it waits, and what of it is late."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from pilotage.cases.store import counting, handing, holding
from pilotage.cases.store.handing import Queue
from pilotage.kernel.counted import counted
from pilotage.machinery.engine.lives import Life
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.web import wording
from pilotage.operations.values import Condition, Need, Urgency

_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Values of one giver that wait for one taker."""

    queue: Queue
    why: str
    """Why the taker does not take them, in a sentence."""


def waiting(tx: Tx, now: int, living: Iterable[Life]) -> list[Waiting]:
    """Everything that waits to be handed over, with the reason."""
    queues = handing.queues(tx, now)
    if not queues:
        return []
    served = {queue.partition("@")[0] for life in living for queue in life.serves}
    bounds = handing.bounds(tx)
    whys = {taker: _why(tx, taker, served, bounds) for taker in {one.taker for one in queues}}
    return [Waiting(queue=one, why=whys[one.taker]) for one in queues]


def _why(tx: Tx, taker: str, served: Collection[str], bounds: Mapping[str, int]) -> str:
    if held := holding.intake_held(tx, taker):
        return f"Intake of {taker} is on hold: {held.rstrip('.')}."
    if taker not in served:
        known = "" if taker in bounds else " None ever has: is the name right?"
        return f"No process works on {taker} now.{known}"
    if taker in bounds and (count := counting.open_cases(tx, taker)) >= bounds[taker]:
        return f"{counted(count, f'case of {taker} is', f'cases of {taker} are')} open, and at most {bounds[taker]:,} may be."
    return f"{taker} takes them by turns."


def needs(database: Database, living: Iterable[Life]) -> list[Need]:
    """Values that wait for longer than their giver allows: one line for a queue, however long it is."""
    with database.snapshot() as tx:
        now = database.now(tx)
        found = waiting(tx, now, living)
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=(
                f"{wording.counted(one.queue.late, 'case')} of {one.queue.giver} that {one.queue.taker} should have taken"
            ),
            why=f"{one.why} The {one.queue.late_to} answers for it. They wait in front of it, and go on by themselves.",
            command="pilotage status",
            oldest=(now - one.queue.since) * _MICRO,
        )
        for one in found
        if one.queue.late
    ]

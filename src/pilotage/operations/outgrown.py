"""What needs somebody because SQLite's one write lock is too little for what this platform does."""

from collections.abc import Sequence

from pilotage.machinery.engine.store import Life
from pilotage.machinery.storage.waiting import LATE, MINUTES, Waited, together
from pilotage.operations.values import Condition, Need, Urgency


def needs(living: Sequence[Life]) -> list[Need]:
    """A word about moving to PostgreSQL, where the living processes wait too much for one another."""
    waited = together(life.waited for life in living)
    if not waited.outgrown:
        return []
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title="This platform has outgrown SQLite",
            why=f"{in_words(waited)} SQLite lets one write at a time. Move to PostgreSQL: end what works here, "
            "`pilotage export FILE`, then `pilotage import FILE` with PILOTAGE_DATABASE_URL set to the new database; "
            "docs/operations/carry.md says how. Fewer processes help until then.",
            command="pilotage export",
        )
    ]


def in_words(waited: Waited) -> str:
    """The figures."""
    return (
        f"In the last {MINUTES} minutes {waited.late:,} of {waited.writes:,} writes ({waited.late / max(1, waited.writes):.0%}) "
        f"waited for more than {LATE} s, the longest for {waited.longest:.1f} s."
    )

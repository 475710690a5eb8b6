"""What needs somebody because a place from which records come cannot be read, or is left alone."""

from pilotage.cases.store import sources
from pilotage.kernel.clock import from_micros
from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency


def needs(database: Database) -> list[Need]:
    """Every mailbox that is down."""
    with database.snapshot() as tx:
        now = database.now(tx)
        found = [one for one in sources.standing(tx) if one.down_since is not None]
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{one.source} of {one.automation} is down since {from_micros(one.down_since or now):%H:%M}",
            why=f"{one.words} What was sent there waits there; it is looked at again by itself.",
            command="pilotage status",
            oldest=from_micros(now) - from_micros(one.down_since or now),
        )
        for one in found
    ]

"""What needs somebody because intake pauses: an automation at its bound, or a disk that is nearly full."""

from collections.abc import Iterable

from pilotage.authoring.automation import Automation
from pilotage.cases.service.room import Room, share_in_use
from pilotage.cases.store import counting
from pilotage.kernel.counted import counted
from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency


def needs(database: Database, automations: Iterable[Automation], room: Room) -> list[Need]:
    """Everything that new records wait for."""
    found: list[Need] = []
    with database.snapshot() as tx:
        for one in automations:
            if (count := counting.open_cases(tx, one.name)) >= one.open_at_most:
                why = f"{counted(count, 'of its cases is', 'of its cases are')} open, and at most {one.open_at_most:,} may be: what comes has to wait."
                found.append(_need(f"Intake of {one.name} pauses", why))
    if room.folder is not None and (used := share_in_use(room.folder)) > room.disk_share:
        why = f"The disk is {used:.0%} full, and {room.disk_share:.0%} of it may be in use: what comes has to wait."
        found.append(_need("Intake pauses", why))
    return found


def _need(title: str, why: str) -> Need:
    return Need(condition=Condition.ATTENTION, urgency=Urgency.TROUBLE, title=title, why=why, command="pilotage status")

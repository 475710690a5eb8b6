"""What of releases needs somebody, for `pilotage status` and the page."""

from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency
from pilotage.releases.service import unserved


def needs(database: Database) -> list[Need]:
    """A release with open cases that no process serves."""
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{one.cases:,} open {'case' if one.cases == 1 else 'cases'} of {one.release} that nobody serves",
            why=f"They began on that release of {', '.join(one.automations)}, and end on it. No process has loaded it.",
            command=one.command,
        )
        for one in unserved(database)
    ]

"""What of releases needs somebody, for `pilotage status` and the page."""

from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency
from pilotage.releases.service import unserved
from pilotage.releases.values import WORKING_DIRECTORY, Unserved


def needs(database: Database) -> list[Need]:
    """A release with open cases that no process serves."""
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"{one.cases:,} open {'case' if one.cases == 1 else 'cases'} of {one.release} that nobody serves",
            why=f"They began on {_where(one)}, and end on it. No process has loaded it.",
            command=one.command,
        )
        for one in unserved(database)
    ]


def _where(one: Unserved) -> str:
    names = ", ".join(one.automations)
    if one.release == WORKING_DIRECTORY:
        return f"the working directory's {names}"
    return f"that release of {names}"

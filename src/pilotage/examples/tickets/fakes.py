"""The help desk as a rehearsal plays it: every ticket finds its queue."""

from pilotage.examples.tickets.automation import helpdesk
from pilotage.examples.tickets.contracts import Assigned, Team
from pilotage.testing import FakeService, Request

desk = FakeService(helpdesk)


@desk.on("POST", "/assignments")
def assign(request: Request) -> Assigned:
    """The assignment, under a number that says that nobody made it."""
    ticket = str(request.json["ticket"])
    return Assigned(assignment=f"rehearsed-{ticket}", ticket=ticket, team=Team(request.json["team"]))

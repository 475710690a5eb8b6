"""The errors of the frame of the pages: PLT-900 to PLT-909."""

from pilotage.kernel.errors import PilotageError


class PortTaken(PilotageError):
    """The address that the pages should be served on cannot be had."""

    code = "PLT-900"


class NotLoopback(PilotageError):
    """The pages were to be served on an address that other machines reach."""

    code = "PLT-901"


class PagesDoNotFit(PilotageError):
    """Pages and panels were declared that do not go together, or a template asks for what its context does not have."""

    code = "PLT-902"


class NotLetIn(PilotageError):
    """The door of the pages did not let a request in: another name, another page, or no session."""

    code = "PLT-903"


class NothingHere(PilotageError):
    """A page was asked about something that does not exist."""

    code = "PLT-904"

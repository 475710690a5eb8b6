"""What can be wrong with an answer. Codes PLT-401 to PLT-419."""

from pilotage.kernel.errors import PilotageError


class NoSuchDecision(PilotageError):
    """There is no decision of that number."""

    code = "PLT-401"


class AlreadySettled(PilotageError):
    """Somebody settled the decision before."""

    code = "PLT-402"


class NotAnAnswer(PilotageError):
    """The answer is none that this decision takes."""

    code = "PLT-403"


class ReasonMissing(PilotageError):
    """A decision needs its reason."""

    code = "PLT-404"

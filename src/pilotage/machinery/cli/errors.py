"""What can be wrong with a command line. Codes PLT-920 to PLT-929."""

from pilotage.kernel.errors import PilotageError


class WrongUsage(PilotageError):
    """A command was called with arguments that it does not take."""

    code = "PLT-920"


class NoSuchCommand(PilotageError):
    """There is no command of that name; the nearest names are in the remedy."""

    code = "PLT-921"


class CommandEnded(PilotageError):
    """A signal ended the command; with --json stdout says so where it had said nothing yet."""

    code = "PLT-922"
    retryable = True

"""Why a project is not made. Codes PLT-940 to PLT-949."""

from pilotage.kernel.errors import PilotageError


class NotAProjectName(PilotageError):
    """A project cannot have this name: it is no name, or Python already knows something else by it."""

    code = "PLT-940"


class FolderInUse(PilotageError):
    """Something is there already where the project would be written; nothing is ever written over."""

    code = "PLT-941"

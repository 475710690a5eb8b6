"""What can be wrong with a secret. No message ever holds a value. Codes PLT-231 to PLT-239."""

from pilotage.kernel.errors import PilotageError


class SecretMissing(PilotageError):
    """A secret has no value in this environment."""

    code = "PLT-231"


class SecretUnusable(PilotageError):
    """A secret has a value that must not or cannot be used."""

    code = "PLT-232"


class KeyMissing(PilotageError):
    """The key of the local store is not here, or cannot be used."""

    code = "PLT-233"


class StoreAltered(PilotageError):
    """What the local store holds does not open with its key: it was altered, or is another's."""

    code = "PLT-234"


class NotGranted(PilotageError):
    """An automation asked for a secret that it may not use."""

    code = "PLT-235"


class SourceAway(PilotageError):
    """A store of secrets does not answer."""

    code = "PLT-236"
    retryable = True


class StoresMisdescribed(PilotageError):
    """The project's file says something of its stores of secrets that cannot be done."""

    code = "PLT-237"


class StillHeld(PilotageError):
    """A process still holds the value that is to be retired."""

    code = "PLT-238"
    retryable = True


class NoSuchVersion(PilotageError):
    """The local store has nothing of that name that this could be done to."""

    code = "PLT-239"

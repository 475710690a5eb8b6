"""What can be wrong with a secret. No message ever holds a value. Codes PLT-231 to PLT-239."""

from pilotage.kernel.errors import PilotageError


class SecretMissing(PilotageError):
    """A secret has no value in this environment."""

    code = "PLT-231"


class SecretUnusable(PilotageError):
    """A secret has a value that must not or cannot be used."""

    code = "PLT-232"

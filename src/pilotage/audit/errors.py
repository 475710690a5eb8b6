"""What can be wrong with the audit trail. Codes PLT-290 to PLT-299 and PLT-551."""

from pilotage.kernel.errors import PilotageError


class SigningKeyUnusable(PilotageError):
    """The key that signs the head of the audit trail cannot be used."""

    code = "PLT-290"


class NotAHead(PilotageError):
    """What was given is no head of an audit trail."""

    code = "PLT-291"


class HeadsUnreadable(PilotageError):
    """The heads of the audit trail that are kept in a folder cannot be read."""

    code = "PLT-551"

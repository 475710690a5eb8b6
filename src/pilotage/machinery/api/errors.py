"""What can be wrong with a request of a program. Codes PLT-390 to PLT-399, of which 394 and 395 are the cases'; PLT-560 to PLT-563, PLT-590, PLT-592."""

from pilotage.kernel.errors import PilotageError


class TokenRefused(PilotageError):
    """No token came along that lets the caller in: there is none, or it is unknown, expired or revoked."""

    code = "PLT-390"


class ScopeMissing(PilotageError):
    """The token is valid, and not for this."""

    code = "PLT-391"


class BodyUnreadable(PilotageError):
    """What was sent is not in a form that is taken here."""

    code = "PLT-392"


class BodyTooLarge(PilotageError):
    """More was sent at once than is taken."""

    code = "PLT-393"


class AskedDifferently(PilotageError):
    """The key of a request came before with another request."""

    code = "PLT-396"


class SignatureRefused(PilotageError):
    """What was sent is not signed with the secret, or not at this time."""

    code = "PLT-397"


class TooBusy(PilotageError):
    """More requests wait than can be taken."""

    code = "PLT-398"
    retryable = True


class BodyTooSlow(PilotageError):
    """The rest of a request did not come in time."""

    code = "PLT-399"
    retryable = True


class AddressUnknown(PilotageError):
    """Nothing is at the address that was asked for."""

    code = "PLT-560"


class MethodRefused(PilotageError):
    """What is at the address cannot be used with this method."""

    code = "PLT-561"


class CursorUnreadable(PilotageError):
    """The cursor is none that a list here has given."""

    code = "PLT-562"


class Unforeseen(PilotageError):
    """Something failed here that nobody foresaw; the log has it under the reference."""

    code = "PLT-563"


class ParameterRefused(PilotageError):
    """The address has no parameter of this name, or takes it once."""

    code = "PLT-590"


class BodyTypeRefused(PilotageError):
    """What was sent is said to be of a type, or packed in a way, that is not taken here."""

    code = "PLT-592"

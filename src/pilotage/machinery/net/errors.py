"""What can go wrong on the way out: two plain exceptions about delivery, and the door's own refusals. Codes PLT-241 to PLT-249."""

from pilotage.kernel.errors import PilotageError


class NeverLeft(Exception):
    """No byte of the request left this process: whatever it asked for was not done."""

    def __init__(self, what: str, /) -> None:
        super().__init__(what)
        self.what = what


class TooLate(NeverLeft):
    """The time by which the request had to leave was over before its first byte did."""


class MayHaveLeft(Exception):
    """Bytes of the request may have left and no answer came: nobody here knows whether it was done."""

    def __init__(self, what: str, /) -> None:
        super().__init__(what)
        self.what = what


class TookTooLong(MayHaveLeft):
    """It left, and its time was over before an answer came."""


class DoorDisarmed(PilotageError):
    """A call was tried while the door to the network is disarmed."""

    code = "PLT-241"


class AddressRefused(PilotageError):
    """A name leads to an address that this environment does not allow, such as a private network's."""

    code = "PLT-242"


class NoSuchAddress(PilotageError):
    """A base URL or a path cannot be used as written."""

    code = "PLT-243"


class AnotherLoop(PilotageError):
    """The clients were used outside the event loop that opened them, or before or after it."""

    code = "PLT-244"

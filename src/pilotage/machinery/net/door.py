"""The switch at the door: armed, calls go out; disarmed, every call is refused and counted."""

from collections import Counter
from typing import Final

from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.errors import DoorDisarmed


class Door:
    """One process's door. A rehearsal disarms it for good before it loads anybody's code."""

    def __init__(self, addresses: Addresses, *, armed: bool = True) -> None:
        self.addresses: Final = addresses
        self._armed = armed
        self.refused: Final = Counter[str]()
        """Calls that were tried while disarmed, by method and origin."""

    @property
    def armed(self) -> bool:
        """Whether calls go out."""
        return self._armed

    def disarm(self) -> None:
        """Let nothing out any more, from the next call on."""
        self._armed = False

    def arm(self) -> None:
        """Let calls out again."""
        self._armed = True

    def pass_through(self, method: str, origin: str) -> None:
        """Go on, or count the call and raise DoorDisarmed."""
        if self._armed:
            return
        self.refused[f"{method} {origin}"] += 1
        raise DoorDisarmed(
            f"{method} {origin} was not called: the door to the network is disarmed.",
            "This is a rehearsal or a dry run; run the automation itself to let calls out.",
        )

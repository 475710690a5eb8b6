"""The switch at the door: armed, calls go out; disarmed, every call is refused and counted.

Everything that leaves this process asks here first, whatever carries it: HTTP, mail, SQL, files, notifications.
"""

from collections import Counter
from collections.abc import Callable
from typing import Final

from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.errors import DoorDisarmed

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
DOOR_SHUT: Final = "the door to the network is disarmed"
"""What every refusal says, wherever it is told."""


class Door:
    """One process's door. A rehearsal disarms it for good before it loads anybody's code."""

    def __init__(self, addresses: Addresses, *, armed: bool = True) -> None:
        self.addresses: Final = addresses
        self._armed = armed
        self.refused: Final = Counter[str]()
        """Calls that were tried while disarmed, by method and origin."""
        self.acts_refused = 0
        """How many of them would have changed something on the other side."""
        self.acts_sent = 0
        """Calls that may have changed something on the other side and were let out."""
        self.told: Callable[[bool], None] = lambda acts: None
        """Told of each call that is refused, in the context of its caller: whether it would have changed something."""

    @property
    def armed(self) -> bool:
        """Whether calls go out."""
        return self._armed

    def towards(self, connection: str) -> "Door":
        """The same door for one connection, which may be allowed addresses of its own."""
        return _Towards(self, self.addresses.towards(connection)) if connection in self.addresses.connections else self

    def disarm(self) -> None:
        """Let nothing out any more, from the next call on."""
        self._armed = False

    def arm(self) -> None:
        """Let calls out again."""
        self._armed = True

    def pass_through(self, method: str, origin: str, *, reads: bool = False) -> None:
        """Go on, or count the call and raise DoorDisarmed. `reads`: it changes nothing, whatever its method."""
        acts = not reads and method not in _READING
        if self._armed:
            self.acts_sent += acts
            return
        self.refused[f"{method} {origin}"] += 1
        self.acts_refused += acts
        self.told(acts)
        raise DoorDisarmed(
            f"{method} {origin} was not called: {DOOR_SHUT}.",
            "This is a rehearsal or a dry run; run the automation itself to let calls out.",
        )


class _Towards(Door):
    """A door that judges addresses by itself, and is armed, counts and tells as the whole one does."""

    def __init__(self, whole: Door, addresses: Addresses) -> None:
        super().__init__(addresses)
        self._whole = whole

    @property
    def armed(self) -> bool:
        """Whether calls go out."""
        return self._whole.armed

    def disarm(self) -> None:
        """Let nothing out any more, through the whole door."""
        self._whole.disarm()

    def arm(self) -> None:
        """Let calls out again, through the whole door."""
        self._whole.arm()

    def pass_through(self, method: str, origin: str, *, reads: bool = False) -> None:
        """As the whole door does."""
        self._whole.pass_through(method, origin, reads=reads)

"""What a process that takes webhooks in knows by heart: the keys of their signatures, and platform time."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol

from pilotage.credentials.asking import asked_by
from pilotage.credentials.errors import SecretUnusable
from pilotage.credentials.signatures import keys_of
from pilotage.credentials.values import SecretValue
from pilotage.kernel.clock import Clock, SystemClock, micros
from pilotage.machinery.storage.database import Database

_KNOWN: Final = 10.0
"""Seconds for which keys and the distance between the host's clock and the database's are remembered."""


class Secrets(Protocol):
    """Where the values of secrets come from."""

    def accepted(self, name: str) -> Sequence[SecretValue]:
        """The value that this process holds, and earlier ones that are still valid."""
        ...


@dataclass(kw_only=True)
class Listening:
    """Keys and time, for one process."""

    database: Database
    secrets: Secrets
    clock: Clock = field(default_factory=SystemClock)
    _keys: dict[tuple[str, str], tuple[float, Sequence[bytes]]] = field(
        default_factory=dict[tuple[str, str], tuple[float, Sequence[bytes]]]
    )
    _behind: tuple[float, float] | None = None

    def knows(self, secret: str, automation: str) -> bool:
        """Whether `keys` and `now` can be told without looking anywhere."""
        now = self.clock.monotonic()
        known = self._keys.get((secret, automation))
        return known is not None and now < known[0] and self._behind is not None and now < self._behind[0]

    def look(self, secret: str, automation: str) -> None:
        """Look again, for the automation: reads the secret and the database's clock. Raises what `held` and `keys_of` raise."""
        until = self.clock.monotonic() + _KNOWN
        with asked_by(automation):
            newest, *earlier = self.secrets.accepted(secret)
            keys = list(keys_of(newest))
            for one in earlier:
                with suppress(SecretUnusable):  # it was no key, and so nobody signed with it
                    keys += keys_of(one)
            self._keys[secret, automation] = (until, keys)
        with self.database.snapshot() as tx:
            self._behind = (until, (self.database.now(tx) - micros(self.clock.now())) / 1_000_000)

    def keys(self, secret: str, automation: str) -> Sequence[bytes]:
        """The keys with which a message may be signed."""
        return self._keys[secret, automation][1]

    def now(self) -> float:
        """Platform time in seconds since 1970."""
        assert self._behind is not None
        return self.clock.now().timestamp() + self._behind[1]

"""What is written down when a value is released to a process: a lease that says until when, and an act in the trail."""

import logging
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pilotage.credentials import store
from pilotage.credentials.asking import PLATFORM
from pilotage.credentials.errors import NotGranted
from pilotage.credentials.values import Found
from pilotage.kernel.ids import ids
from pilotage.machinery.events.recording import record
from pilotage.machinery.events.values import PROCESS, Event
from pilotage.machinery.storage.database import Database, Tx

FREE: Final = "dev"
"""The environment in which an automation may use what it declares, without a grant."""
_SECOND: Final = 1_000_000

_log = logging.getLogger("pilotage.secrets")


@dataclass(kw_only=True)
class Leases:
    """The leases of one process."""

    database: Database
    environment: str
    holder: str = field(default_factory=lambda: f"process-{os.getpid()}")

    def now(self) -> int:
        """Platform time."""
        with self.database.snapshot() as tx:
            return self.database.now(tx)

    def changed(self) -> int:
        """When a version or a grant changed last."""
        with self.database.snapshot() as tx:
            return store.changed(tx)

    def refuse_ungranted(self, name: str, automation: str) -> None:
        """Go on where this automation may use this secret. Raises NotGranted (PLT-235), and writes it down."""
        if self.environment == FREE:
            return
        with self.database.snapshot() as tx:
            granted = store.granted_to(tx, name)
        if automation in granted or (automation == PLATFORM and granted):
            return
        who = automation or "the platform"
        with self.database.transaction() as tx:
            self._record(
                tx,
                "refused",
                name,
                f"{who} asked for {name}, and was refused: nobody granted it",
                automation=automation,
            )
        raise NotGranted(
            f'{who} may not use the secret "{name}" in the environment "{self.environment}".',
            f"pilotage secret grant {name} {automation or 'AUTOMATION'}",
        )

    def taken(self, found: Found, automation: str, seconds: float, *, before: int | None, same: bool, why: str) -> int:
        """A value was released: write its lease and the act; `before` is the lease of the value held until now."""
        name = found.value.name
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            until = now + int(seconds * _SECOND)
            version = f" version {found.version}" if found.version else ""
            facts = {
                "version": found.version,
                "source": found.source.value,
                "automation": automation,
                "until": until,
                "seconds": round(seconds, 3),
                "why": why,
            }
            if same and before is not None:
                store.extend(tx, before, until)
                said = f"{self.holder} holds {name}{version} for another {seconds:g} s"
                self._record(tx, "renewed", name, said, **facts)
                return before
            if before is not None:
                self._end(tx, [before], now)
            lease = ids.one()
            row: dict[str, object] = {
                "id": lease,
                "secret": name,
                "version": found.version,
                "source": found.source.value,
                "automation": automation,
                "holder": self.holder,
                "host": platform.node(),
                "pid": os.getpid(),
                "taken_at": now,
                "until": until,
                "ended_at": None,
                "set_at": found.set_at,
                "expires_at": found.expires_at,
            }
            store.put_lease(tx, row)
            said = f"{name}{version} was released to {self.holder} for {seconds:g} s ({found.source.value})"
            self._record(tx, "released", name, said, **facts)
            return lease

    def compared(self, found: Found, automation: str) -> None:
        """An earlier value was released, only to compare with it what others sign: that ends with its version, without a lease."""
        name = found.value.name
        with self.database.transaction() as tx:
            said = f"{name} version {found.version} was released to {self.holder}, to know by it who signs until it is retired"
            facts = {
                "version": found.version,
                "source": found.source.value,
                "automation": automation,
                "why": "it is valid too",
            }
            self._record(tx, "released", name, said, **facts)

    def kept(self, name: str, automation: str, lease: int, seconds: float, why: str) -> None:
        """The source does not answer: the value is used on, and that is said."""
        _log.warning(
            "secret.kept", extra={"secret": name, "holder": self.holder, "seconds": round(seconds), "why": why}
        )
        with self.database.transaction() as tx:
            until = self.database.now(tx) + int(seconds * _SECOND)
            store.extend(tx, lease, until)
            said = f"{self.holder} goes on with the {name} that it holds, for {seconds:.0f} s at most: {why}"
            self._record(tx, "kept", name, said, automation=automation, until=until, seconds=round(seconds, 3))

    def ended(self, leases: Sequence[int]) -> None:
        """The process uses these values no more."""
        with self.database.transaction() as tx:
            self._end(tx, leases, self.database.now(tx))

    def _end(self, tx: Tx, leases: Sequence[int], now: int) -> None:
        for one in store.end_leases(tx, leases, now):
            seconds = round((now - one.taken_at) / _SECOND, 3)
            version = f" version {one.version}" if one.version else ""
            said = f"{one.holder} uses {one.secret}{version} no more; it held it for {seconds:g} s"
            self._record(
                tx, "ended", one.secret, said, version=one.version, automation=one.automation, held_seconds=seconds
            )

    def _record(self, tx: Tx, kind: str, name: str, said: str, **details: str | float | None) -> None:
        event = Event(
            kind=f"secret.{kind}",
            subject=f"secret {name}",
            said=said,
            by=self.holder,
            known=PROCESS,
            details={"host": platform.node(), "pid": os.getpid(), **details},
        )
        record(tx, self.database.now(tx), event)

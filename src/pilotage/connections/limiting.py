"""Limits at work: what a connection has left for everybody is read, taken and settled under the lock of its one row."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections import store
from pilotage.connections.counting import SECOND, Flight
from pilotage.connections.standing import CALLS, Standing
from pilotage.machinery.storage.database import Database, Tx

AGAIN: Final = 30 * SECOND
"""How often a process says what it declares."""
ANSWER_SOON: Final = SECOND // 50
"""When to look again where the room depends on answers still to come."""


@dataclass(kw_only=True)
class Limiter:
    """The limits of the connections that one process uses.

    `declared` names, for each automation and release that it serves, the connections with their limits.
    """

    database: Database
    declared: Mapping[str, Collection[Connection]]
    _told: int | None = None
    _own: dict[str, list[Rate | Quota | Window]] = field(init=False)
    """What this process declares of each connection; it counts here whatever the row says."""

    def __post_init__(self) -> None:
        self._own = {}
        for connection in (one for connections in self.declared.values() for one in connections):
            self._own.setdefault(connection.name, []).extend(connection.limits)

    def announce(self) -> int:
        """Say what is declared, now and then: it counts for every process as long as it is said."""
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
        if self._told is not None and now < self._told + AGAIN:
            return 0
        told: dict[str, dict[str, Connection]] = {}
        for by, connections in self.declared.items():
            for connection in connections:
                told.setdefault(connection.name, {})[by] = connection
        if told:
            with self.database.transaction() as tx:
                standings = self.lock(tx, told, now)
                for name, standing in standings.items():
                    for by, connection in told[name].items():
                        standing.declare(by, connection.limits)
                self.write(tx, standings)
        self._told = now
        return 0

    def lock(self, tx: Tx, names: Iterable[str], now: int) -> dict[str, Standing]:
        """How these connections stand; nobody else changes it until the transaction ends."""
        wanted = set(names)
        found = store.lock(tx, wanted)
        if missing := wanted - found.keys():
            store.add(tx, missing, now)
            found |= store.lock(tx, missing)
        return {name: Standing.read(text, now, own=self._own.get(name, ())) for name, text in found.items()}

    def peek(self, tx: Tx, names: Iterable[str], now: int) -> dict[str, Standing]:
        """How these connections stand, without a lock: good for a guess."""
        wanted = set(names)
        found = store.read(tx, wanted)
        return {name: Standing.read(found.get(name, "{}"), now) for name in wanted}

    def write(self, tx: Tx, standings: Mapping[str, Standing]) -> None:
        """Write what has changed."""
        changed = {name: standing for name, standing in standings.items() if standing.changed}
        for name, standing in changed.items():
            store.write(tx, {name: standing.text()}, standing.now)


def settle(standings: Mapping[str, Standing], answered: Mapping[tuple[str, Flight], int]) -> None:
    """Calls came back: so many of each flight, each counted as one call."""
    for (name, flight), count in answered.items():
        if standing := standings.get(name):
            standing.settle(flight, {CALLS: count}, {CALLS: count})


def read(tx: Tx, now: int) -> dict[str, Standing]:
    """How every connection stands; reads only."""
    return {name: Standing.read(text, now) for name, text in sorted(store.read(tx).items())}

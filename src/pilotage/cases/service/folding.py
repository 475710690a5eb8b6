"""Adding up the tallies of the past, so that a page always reads few rows."""

from dataclasses import dataclass, field
from typing import Final

from pilotage.cases.store import tallying
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.machinery.storage.database import Database

EVERY: Final = 60.0
"""Seconds between two times."""


@dataclass(kw_only=True)
class Folding:
    """A chore of workers."""

    database: Database
    clock: Clock = field(default_factory=SystemClock)
    _folded: float | None = None

    def fold(self) -> int:
        """Add up, where a minute has passed since the last time; how many rows were added to others."""
        now = self.clock.monotonic()
        if self._folded is not None and now - self._folded < EVERY:
            return 0
        self._folded = now
        with self.database.transaction() as tx:
            return tallying.fold(tx, self.database.now(tx))

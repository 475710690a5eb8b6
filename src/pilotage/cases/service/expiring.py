"""Raw responses go when their time is over: a chore."""

from dataclasses import dataclass
from typing import Final

from pilotage.cases.store import responses
from pilotage.machinery.storage.database import Database

_DAY: Final = 86_400_000_000


@dataclass(frozen=True, kw_only=True)
class Expiring:
    """Lets raw responses go after so many days."""

    database: Database
    keep: float

    def expire(self) -> int:
        """Let some of them go; how many."""
        with self.database.snapshot() as tx:
            before = self.database.now(tx) - int(self.keep * _DAY)
            if not responses.expired(tx, before):
                return 0
        with self.database.transaction() as tx:
            return responses.expire(tx, before)

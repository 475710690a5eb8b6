"""The tables of all subjects, brought to the form that this version needs."""

import pilotage.cases.tables
import pilotage.inbox.tables
import pilotage.releases.tables  # noqa: F401 - they put their tables into the one collection
from pilotage.cases.store.holding import make_gate
from pilotage.machinery.engine import tables as _engine_tables  # noqa: F401
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.tables import metadata


def prepare(database: Database) -> None:
    """Bring the database's tables to the form that this version needs; does nothing where they have it."""
    metadata.create_all(database.engine)
    with database.transaction() as tx:
        make_gate(tx)

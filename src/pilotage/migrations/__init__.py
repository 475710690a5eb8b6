"""The tables of all subjects, brought to the form that this version needs.

A revision's file is named `0007_pre_add_waivers.py` or `0008_post_drop_notes.py`: a `pre` one only adds, so that the code
of the release before still runs on the new form; a `post` one removes what no release needs any more.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from pilotage.cases import tables as cases
from pilotage.cases.store.holding import make_gate
from pilotage.connections import tables as connections
from pilotage.credentials import tables as credentials
from pilotage.inbox import tables as inbox
from pilotage.machinery.api import tables as api
from pilotage.machinery.contents import tables as contents
from pilotage.machinery.engine import tables as engine
from pilotage.machinery.events import tables as events
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.storage.tables import metadata
from pilotage.releases import tables as releases

TABLES: Final = (api, cases, connections, contents, credentials, engine, events, inbox, releases)
"""The modules that put their tables into the one collection, `metadata`."""
FOLDER: Final = Path(__file__).parent
HEAD: Final = max(file.name.split("_", 1)[0] for file in (FOLDER / "versions").glob("[0-9]*_*.py"))
"""The newest revision."""
_LOCK: Final = 7_214_509
"""The advisory lock of PostgreSQL under which one process at a time changes the form."""

__all__ = ["FOLDER", "HEAD", "TABLES", "metadata", "prepare"]


def prepare(database: Database) -> None:
    """Bring the database's tables to the form that this version needs; one look where they have it.

    A newer form carries older code: in a rolling upgrade, processes of both versions start on it.
    """
    revision = _revision(database)
    if revision is not None and revision >= HEAD:
        return
    with database.transaction() as tx:
        if tx.dialect.name == "postgresql":
            tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        _upgrade(tx)
        make_gate(tx)


def _revision(database: Database) -> str | None:
    """The revision that the database has, or None for one that is empty."""
    with database.engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(tx: Tx) -> None:
    from alembic import command  # noqa: PLC0415 - for the one process that changes the form
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")

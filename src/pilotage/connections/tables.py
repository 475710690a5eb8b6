"""The table of connections: one row for what all workers know of one."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

connection_standing: Final = sa.Table(
    "connection_standing",
    metadata,
    sa.Column("connection", sa.Text, primary_key=True),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

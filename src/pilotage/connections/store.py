"""SQL of what all workers know of a connection."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from pilotage.connections.tables import connection_standing as table
from pilotage.machinery.storage.bulk import insert
from pilotage.machinery.storage.database import Tx


def lock(tx: Tx, names: Collection[str]) -> dict[str, str]:
    """The standing of these connections, each locked until the transaction ends; in one order, so that nobody waits in a ring."""
    if not names:
        return {}
    query = (
        sa.select(table.c.connection, table.c.standing)
        .where(table.c.connection.in_(sorted(names)))
        .order_by(table.c.connection)
        .with_for_update()
    )
    return {row.connection: row.standing for row in tx.execute(query)}


def read(tx: Tx, names: Collection[str] | None = None) -> dict[str, str]:
    """The standing of every connection, or of these."""
    query = sa.select(table.c.connection, table.c.standing)
    if names is not None:
        query = query.where(table.c.connection.in_(sorted(names)))
    return {row.connection: row.standing for row in tx.execute(query)}


def write(tx: Tx, standings: Mapping[str, str], now: int) -> None:
    """Write the standing of connections that are locked."""
    if standings:
        change = (
            table.update()
            .where(table.c.connection == sa.bindparam("name"))
            .values(standing=sa.bindparam("text"), changed_at=sa.bindparam("now"))
        )
        tx.execute(change, [{"name": name, "text": text, "now": now} for name, text in standings.items()])


def add(tx: Tx, names: Collection[str], now: int) -> None:
    """A row for each connection that has none."""
    rows = [{"connection": name, "standing": "{}", "changed_at": now} for name in sorted(names)]
    insert(tx, table, rows, tail="ON CONFLICT DO NOTHING")

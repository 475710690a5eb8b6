"""Reads every text that is stored, whatever table it is in: for whoever looks for what must not be there."""

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.storage.tables import metadata

_AT_ONCE: Final = 200
"""Rows of one look: a row may hold megabytes."""


def tables(*, without: Sequence[str] = ()) -> list[sa.Table]:
    """The tables that have texts or bytes, but those named."""
    return [one for one in metadata.sorted_tables if one.name not in without and _held(one)]


def blocks(database: Database, table: sa.Table) -> Iterator[list[dict[str, object]]]:
    """A table's keys, texts and bytes in blocks of rows, each of a moment of its own, so that nobody waits for this."""
    after: tuple[object, ...] | None = None
    while True:
        with database.snapshot() as tx:
            found = _some(tx, table, after)
        if not found:
            return
        yield found
        after = tuple(found[-1][column.name] for column in table.primary_key)


def _some(tx: Tx, table: sa.Table, after: tuple[object, ...] | None) -> list[dict[str, object]]:
    keys = list(table.primary_key)
    beside = [table.c[name] for name in _OWNERS if name in table.c and table.c[name] not in keys]
    columns = [*keys, *beside, *(one for one in _held(table) if one not in keys)]
    query = sa.select(*columns).order_by(*keys).limit(_AT_ONCE)
    if after is not None:
        query = query.where(sa.tuple_(*keys) > after)
    return [dict(row) for row in tx.execute(query).mappings()]


_OWNERS: Final = ("case_id", "quarantine_id", "effect_id", "decision_id")


def _held(table: sa.Table) -> list[sa.Column[object]]:
    return [one for one in table.columns if isinstance(one.type, sa.Text | sa.LargeBinary)]

"""SQL of the audit trail."""

from collections.abc import Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from pilotage.audit.values import Entry, Head
from pilotage.machinery.events.tables import trail, trail_heads
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

_SEALING: Final = 7_214_520
"""The advisory lock of PostgreSQL under which one process at a time seals; on SQLite a transaction that writes has it."""
_COLUMNS: Final = rows.columns(trail, Entry)
_BLOCK: Final = 1000


def lock(tx: Tx) -> None:
    """Be the only one who seals, until the transaction ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALING)))


def has_unsealed(tx: Tx) -> bool:
    """Whether an act is not in the chain yet."""
    return tx.execute(sa.select(sa.literal(1)).where(trail.c.number.is_(None)).limit(1)).first() is not None


def unsealed(tx: Tx, most: int) -> list[Entry]:
    """Acts that are not in the chain yet, oldest first."""
    query = sa.select(*_COLUMNS).where(trail.c.number.is_(None)).order_by(trail.c.id).limit(most)
    return rows.values(Entry, tx.execute(query))


def count_unsealed(tx: Tx) -> int:
    """How many acts are not in the chain yet."""
    return tx.execute(sa.select(sa.func.count()).select_from(trail).where(trail.c.number.is_(None))).scalar_one()


def last(tx: Tx) -> tuple[int, str] | None:
    """Number and link of the last act in the chain."""
    query = sa.select(trail.c.number, trail.c.link).where(trail.c.number.isnot(None)).order_by(trail.c.number.desc())
    found = tx.execute(query.limit(1)).first()
    return None if found is None else (found.number, found.link)


def seal(tx: Tx, links: Sequence[bulk.Row]) -> None:
    """Write the links of acts."""
    bulk.update(tx, trail, links, key="id")


def sealed(tx: Tx) -> Iterator[Entry]:
    """Every act of the chain, in its order, read in blocks."""
    query = sa.select(*_COLUMNS).where(trail.c.number.isnot(None)).order_by(trail.c.number)
    for block in tx.execute(query.execution_options(yield_per=_BLOCK)).mappings().partitions():
        for row in block:
            yield rows.value(Entry, row)


def add_head(tx: Tx, head: bulk.Row) -> None:
    """Write a signed head."""
    bulk.insert(tx, trail_heads, [head])


def heads(tx: Tx) -> list[Head]:
    """Every signed head, in their order."""
    return rows.values(Head, tx.execute(sa.select(*rows.columns(trail_heads, Head)).order_by(trail_heads.c.number)))


def last_signed(tx: Tx) -> Head | None:
    """The newest signed head."""
    query = sa.select(*rows.columns(trail_heads, Head)).order_by(trail_heads.c.number.desc()).limit(1)
    return rows.value_or_none(Head, tx.execute(query))


def count(tx: Tx) -> int:
    """How many acts there are."""
    return tx.execute(sa.select(sa.func.count()).select_from(trail)).scalar_one()


def kinds(tx: Tx) -> list[str]:
    """The kinds of acts that there are."""
    return list(tx.execute(sa.select(trail.c.kind).distinct().order_by(trail.c.kind)).scalars())


def find(tx: Tx, *, kind: str | None, subject: str | None, since: int | None, most: int) -> list[Entry]:
    """Acts of a kind ("secret" is every kind of it), about a subject, since a time; the newest first."""
    query = sa.select(*_COLUMNS)
    if kind is not None:
        query = query.where(sa.or_(trail.c.kind == kind, trail.c.kind.startswith(f"{kind}.", autoescape=True)))
    if subject is not None:
        query = query.where(
            sa.or_(trail.c.subject == subject, trail.c.subject.endswith(f" {subject}", autoescape=True))
        )
    if since is not None:
        query = query.where(trail.c.at >= since)
    return rows.values(Entry, tx.execute(query.order_by(trail.c.id.desc()).limit(most)))

"""SQL of secrets."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from pilotage.credentials.tables import secret_grants, secret_leases, secret_versions
from pilotage.credentials.values import Grant, Lease, Sealed, Version
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

_VERSION: Final = rows.columns(secret_versions, Version)
_PRUNED: Final = 86_400_000_000
"""Leases that ended longer ago are no longer kept here."""


# -- versions ----------------------------------------------------------------------


def versions(tx: Tx, name: str | None = None) -> list[Version]:
    """The versions of a secret, or of all, oldest first."""
    query = sa.select(*_VERSION).order_by(secret_versions.c.secret, secret_versions.c.version)
    return rows.values(Version, tx.execute(query if name is None else query.where(secret_versions.c.secret == name)))


def newest(tx: Tx, name: str, now: int) -> Version | None:
    """The newest version that may be used."""
    return next((one for one in reversed(versions(tx, name)) if one.valid(now)), None)


def sealed(tx: Tx, name: str, version: int) -> Sealed | None:
    """What is kept of a version's value."""
    return next((one for one in every_sealed(tx, name) if one.version == version), None)


def every_sealed(tx: Tx, name: str | None = None) -> list[Sealed]:
    """What is kept of all values that are not forgotten."""
    query = sa.select(*rows.columns(secret_versions, Sealed)).where(secret_versions.c.sealed.isnot(None))
    return rows.values(Sealed, tx.execute(query if name is None else query.where(secret_versions.c.secret == name)))


def lock(tx: Tx) -> None:
    """Let nobody else change versions until the transaction ends."""
    if tx.dialect.name == "postgresql":
        tx.execute(sa.text("LOCK TABLE secret_versions IN SHARE ROW EXCLUSIVE MODE"))


def add_version(tx: Tx, row: bulk.Row) -> None:
    """Write a version."""
    bulk.insert(tx, secret_versions, [row])


def change_versions(tx: Tx, name: str, numbers: Sequence[int], values: bulk.Row) -> int:
    """Change these versions of a secret; how many."""
    table = secret_versions
    query = table.update().where(table.c.secret == name, table.c.version.in_(numbers)).values(**values)
    return tx.execute(query).rowcount


# -- grants ------------------------------------------------------------------------


def grants(tx: Tx, name: str | None = None) -> list[Grant]:
    """The grants that stand."""
    query = (
        sa.select(*rows.columns(secret_grants, Grant))
        .where(secret_grants.c.revoked_at.is_(None))
        .order_by(secret_grants.c.secret, secret_grants.c.automation)
    )
    return rows.values(Grant, tx.execute(query if name is None else query.where(secret_grants.c.secret == name)))


def granted_to(tx: Tx, name: str) -> set[str]:
    """The automations that may use a secret."""
    return {one.automation for one in grants(tx, name)}


def grant(tx: Tx, row: bulk.Row) -> None:
    """Write a grant, in the place of one that was revoked."""
    table = secret_grants
    tx.execute(table.delete().where(table.c.secret == row["secret"], table.c.automation == row["automation"]))
    bulk.insert(tx, table, [row])


def revoke(tx: Tx, name: str, automation: str, now: int) -> int:
    """Take a grant back; how many stood."""
    table = secret_grants
    return tx.execute(
        table.update()
        .where(table.c.secret == name, table.c.automation == automation, table.c.revoked_at.is_(None))
        .values(revoked_at=now, changed_at=now)
    ).rowcount


def changed(tx: Tx) -> int:
    """When a version or a grant changed last; 0 where there is none."""
    both = sa.union_all(
        sa.select(sa.func.max(secret_versions.c.changed_at).label("at")),
        sa.select(sa.func.max(secret_grants.c.changed_at)),
    ).subquery()
    return tx.execute(sa.select(sa.func.max(both.c.at))).scalar() or 0


# -- leases ------------------------------------------------------------------------


def put_lease(tx: Tx, lease: bulk.Row) -> None:
    """Write a lease; those that ended long ago go."""
    table = secret_leases
    tx.execute(table.delete().where(table.c.until < int(str(lease["taken_at"])) - _PRUNED))
    bulk.insert(tx, table, [lease])


def extend(tx: Tx, lease: int, until: int) -> None:
    """Let a lease end later."""
    tx.execute(secret_leases.update().where(secret_leases.c.id == lease).values(until=until, ended_at=None))


def end_leases(tx: Tx, leases: Sequence[int], now: int) -> list[Lease]:
    """Say that these leases are over; those that were not before."""
    table = secret_leases
    query = sa.select(table).where(bulk.among(tx, table.c.id, leases), table.c.ended_at.is_(None))
    found = rows.values(Lease, tx.execute(query))
    tx.execute(table.update().where(bulk.among(tx, table.c.id, leases)).values(ended_at=now))
    return found


def leases(tx: Tx) -> list[Lease]:
    """The leases that are kept: those that stand, and those that ended not long ago."""
    return rows.values(Lease, tx.execute(sa.select(secret_leases)))


def held(tx: Tx, now: int, name: str | None = None) -> list[Lease]:
    """Who holds values now."""
    table = secret_leases
    query = sa.select(table).where(table.c.ended_at.is_(None), table.c.until > now).order_by(table.c.secret, table.c.id)
    return rows.values(Lease, tx.execute(query if name is None else query.where(table.c.secret == name)))

"""The tables of secrets: sealed versions, who may use which, and who holds which."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

secret_versions: Final = sa.Table(
    "secret_versions",
    metadata,
    sa.Column("secret", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text),
    sa.Column("wrapped", sa.LargeBinary),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("set_at", sa.BigInteger, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("retires_at", sa.BigInteger),
    sa.Column("forgotten_at", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)
"""`sealed`: nonce and value under a data key; `wrapped`: nonce and data key under the key that `key` names, which is outside of
the database. Both are empty once the version is forgotten."""

secret_grants: Final = sa.Table(
    "secret_grants",
    metadata,
    sa.Column("secret", sa.Text, primary_key=True),
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("granted_at", sa.BigInteger, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

secret_leases: Final = sa.Table(
    "secret_leases",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("taken_at", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("set_at", sa.BigInteger),
    sa.Column("expires_at", sa.BigInteger),
    sa.Index("ix_secret_leases_secret_until", "secret", "until"),
)
"""Who holds a value now, and until when; `set_at` and `expires_at`: what its source says of it. Who held it before is in the
audit trail."""

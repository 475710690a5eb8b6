"""The tables of events: the trail, and the signed heads of its chain."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

trail: Final = sa.Table(
    "trail",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("said", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("details", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger),
    sa.Column("digest", sa.Text),
    sa.Column("link", sa.Text),
    sa.Column("sealed_at", sa.BigInteger),
    sa.Index("ix_trail_number", "number", unique=True),
    sa.Index("ix_trail_subject_id", "subject", "id"),
    sa.Index(
        "ix_trail_unsealed", "id", sqlite_where=sa.text("number IS NULL"), postgresql_where=sa.text("number IS NULL")
    ),
)
"""One row for each act. The last four columns are empty until the sealer has put the row into the chain: its place in it, the
digest of its contents, and the digest of all links so far."""

trail_heads: Final = sa.Table(
    "trail_heads",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("signed_at", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
)
"""Heads of the chain, signed with a key that lies outside of the database."""

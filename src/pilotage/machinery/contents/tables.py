"""Who refers to which content: one row for each owner and content. Contents themselves are files."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

content_references: Final = sa.Table(
    "content_references",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("owner_id", Id, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sqlite_with_rowid=False,
)
sa.Index("ix_content_references_digest", content_references.c.digest)
_expires = content_references.c.expires_at.isnot(None)
sa.Index(
    "ix_content_references_expires",
    content_references.c.expires_at,
    sqlite_where=_expires,
    postgresql_where=_expires,
)

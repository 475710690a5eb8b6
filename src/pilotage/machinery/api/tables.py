"""The tables of the JSON API: who may call it, and what it answered under which key."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

api_tokens: Final = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", sa.Text, nullable=False),
    sa.Column("salt", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Column("revoked_by", sa.Text),
)
"""One row for each token; of its secret half only a salted digest is kept."""

api_answers: Final = sa.Table(
    "api_answers",
    metadata,
    sa.Column("asker", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""What was answered to a request with a key, so that the same request again is answered the same and done once."""
sa.Index("ix_api_answers_at", api_answers.c.at)

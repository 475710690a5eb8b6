"""The table of releases. An artefact is a file; what is needed of a release without its file stands here."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

releases: Final = sa.Table(
    "releases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("automations", sa.Text, nullable=False),
    sa.Column("made_at", sa.BigInteger, nullable=False),
    sa.Column("made_by", sa.Text, nullable=False),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("artefact", sa.Text, nullable=False),
    sa.Column("python", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("current_since", sa.BigInteger, nullable=False),
)

release_outlines: Final = sa.Table(
    "release_outlines",
    metadata,
    sa.Column("release", sa.Text, primary_key=True),
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("outline", sa.Text, nullable=False),
)
"""The shape of each automation of a release: what it takes to settle a decision without loading its code."""

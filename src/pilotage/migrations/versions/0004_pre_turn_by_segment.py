"""Turns: ready cases and planned effects are found by their segments. Older code runs on, and sorts what it claims."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_READY = sa.text("place = 'ready'")
_PLANNED = sa.text("state = 'planned'")


def upgrade() -> None:
    """Put the new indexes in the place of the old ones."""
    op.create_index(
        "ix_cases_turns",
        "cases",
        ["automation", "release", "node", "segments", "id"],
        sqlite_where=_READY,
        postgresql_where=_READY,
    )
    op.create_index(
        "ix_effects_turns",
        "effects",
        ["connection", "automation", "release", "priority", "segments", "id"],
        sqlite_where=_PLANNED,
        postgresql_where=_PLANNED,
    )
    op.drop_index("ix_cases_ready", table_name="cases")
    op.drop_index("ix_effects_planned", table_name="effects")

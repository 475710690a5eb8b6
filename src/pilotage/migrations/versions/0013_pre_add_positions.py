"""How far a source was read, and in which word it fails. Older code watches mailboxes alone, which need neither."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("intake_sources", sa.Column("failing", sa.Text(), nullable=True))
    op.add_column("intake_sources", sa.Column("position", sa.Text(), nullable=True))

"""What each process has waited for SQLite's write lock in the last minutes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add three columns to the lives of processes."""
    op.add_column("life", sa.Column("writes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("life", sa.Column("late_writes", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("life", sa.Column("longest_wait", sa.BigInteger(), nullable=False, server_default="0"))

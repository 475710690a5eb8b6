"""What all workers know of a connection: its limits, and until when it is left alone. Older code does not look at it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "connection_standing",
        sa.Column("connection", sa.Text(), primary_key=True),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
    )

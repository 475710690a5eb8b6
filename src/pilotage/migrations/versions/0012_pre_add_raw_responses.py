"""What the other side said to calls that failed, for diagnosis and for a time. Older code does not look at it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "raw_responses",
        sa.Column("id", number, primary_key=True, autoincrement=False),
        sa.Column("case_id", number, nullable=False),
        sa.Column("effect_id", number),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_raw_responses_case", "raw_responses", ["case_id"])
    op.create_index("ix_raw_responses_at", "raw_responses", ["at"])

"""Hand-overs: what one automation gives to another, with what waits for a taker. Older code does not look at it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables, and to the files of archives how many hand-overs are in them."""
    op.create_table(
        "hand_overs",
        sa.Column("id", _ID, autoincrement=False, nullable=False),
        sa.Column("giver", sa.Text(), nullable=False),
        sa.Column("case_id", _ID, nullable=False),
        sa.Column("node", sa.Text(), nullable=False),
        sa.Column("onward", sa.Text(), nullable=True),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("took", _ID, nullable=True),
        sa.Column("kept", _ID, nullable=True),
        sa.Column("late_at", sa.BigInteger(), nullable=False),
        sa.Column("late_to", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_overs")),
        sa.UniqueConstraint("case_id", "node", "digest", name=op.f("uq_hand_overs_case_id_node_digest")),
    )
    op.create_index(
        "ix_hand_overs_waiting",
        "hand_overs",
        ["taker", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "hand_over_content",
        sa.Column("hand_over_id", _ID, autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hand_over_id", name=op.f("pk_hand_over_content")),
    )
    op.create_table(
        "takers",
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("open_at_most", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("automation", name=op.f("pk_takers")),
    )
    op.add_column("archive_runs", sa.Column("taken", sa.BigInteger(), nullable=False, server_default="0"))

"""Tallies: how many cases, effects and records have ended, counted where they end; indexes of the oldest, of the refused."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VACUUM = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_analyze_scale_factor = 0.05"
)
"""A case leaves dead rows behind in the indexes of what is open, which are small: a fifth of a million is too late."""
_OPEN = "(place NOT IN ('done', 'withdrawn', 'handed over'))"


def upgrade() -> None:
    """Add the table, count into it what is there, and make the index of open cases wider."""
    op.create_table(
        "tallies",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("automation", sa.Text(), nullable=False),
        sa.Column("through", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("writer", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "subject", "automation", "through", "what", "minute", "writer", name=op.f("pk_tallies")
        ),
        sqlite_with_rowid=False,
    )
    for subject, through, what, number, source, condition in (
        ("case", "''", "CASE WHEN parent IS NULL THEN 'arrived' ELSE 'born' END", "count(*)", "cases", ""),
        ("case", "''", "place", "count(*)", "cases", "WHERE place IN ('done', 'withdrawn', 'handed over')"),
        (
            "effect",
            "connection",
            "state",
            "count(*)",
            "effects",
            "WHERE state NOT IN ('planned', 'sending', 'unknown')",
        ),
        ("quarantine", "''", "state", "count(*)", "quarantine", "WHERE state <> 'waiting'"),
        ("submission", "''", "'arrived'", "sum(arrived)", "submissions", ""),
        ("submission", "''", "'accepted'", "sum(accepted)", "submissions", ""),
        ("submission", "''", "'duplicates'", "sum(duplicates)", "submissions", ""),
        ("submission", "''", "'quarantined'", "sum(quarantined)", "submissions", ""),
    ):
        op.execute(
            "INSERT INTO tallies (subject, automation, through, what, minute, writer, n) "  # noqa: S608 - words from above
            f"SELECT '{subject}', automation, {through}, {what}, 0, 0, {number} FROM {source} {condition} GROUP BY 2, 3, 4"
        )
    op.create_index(
        "ix_effects_refused",
        "effects",
        ["changed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'refused'"),
        postgresql_where=sa.text("state = 'refused'"),
    )
    op.drop_index("ix_cases_open", table_name="cases")
    op.create_index(
        "ix_cases_open",
        "cases",
        ["place", "automation", "release", "changed_at"],
        unique=False,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("cases", "case_content", "effects"):
            op.execute(f"ALTER TABLE {table} SET ({_VACUUM})")

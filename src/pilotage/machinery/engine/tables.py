"""The table of the lives of processes."""

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

life = sa.Table(
    "life",
    metadata,
    sa.Column("executor", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.BigInteger, nullable=False),
    sa.Column("pid_started", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("serves", sa.JSON, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("beat_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("taken_by", sa.Text),
    sa.Column("taken_at", sa.BigInteger),
    sa.Column("takeovers", sa.Integer, nullable=False, server_default="0"),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("writes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("late_writes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("longest_wait", sa.BigInteger, nullable=False, server_default="0"),
)
"""One row for each life of each process. `settled_at`: it is over, and what it left has been put back on the queues.

`writes`, `late_writes` and `longest_wait` (microseconds): what it has waited for SQLite's lock in the last minutes."""

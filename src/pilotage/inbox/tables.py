"""The tables of the inbox. What is personal (proposals, answers) stands apart."""

from typing import Final

import sqlalchemy as sa

from pilotage.machinery.storage.tables import metadata

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

decisions: Final = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("case_id", _Id, nullable=False),
    sa.Column("effect_id", _Id),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("chain", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("deadline", sa.BigInteger),
    sa.Column("asked_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("settled_by", sa.Text),
    sa.Column("known", sa.Text),
    sa.Column("reason", sa.Text),
)
_waiting = decisions.c.state == "waiting"
sa.Index(
    "ix_decisions_waiting",
    decisions.c.automation,
    decisions.c.asked,
    decisions.c.id,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
sa.Index("ix_decisions_deadline", decisions.c.deadline, sqlite_where=_waiting, postgresql_where=_waiting)
sa.Index("ix_decisions_case", decisions.c.case_id)

decision_content: Final = sa.Table(
    "decision_content",
    metadata,
    sa.Column("decision_id", _Id, primary_key=True, autoincrement=False),
    sa.Column("proposal", sa.Text),
    sa.Column("answer", sa.Text),
)

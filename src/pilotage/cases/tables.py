"""The tables of cases. Times are microseconds since 1970 in UTC; ids are time-ordered integers.

What is personal (records, values, results, original bytes) stands in tables of its own, apart from cases and ledger, so
that it can be erased or expire without touching the sums.
"""

from typing import Final

import sqlalchemy as sa

from pilotage.cases.values import EffectState, HandOverState, Place
from pilotage.machinery.storage.tables import metadata

Time = sa.BigInteger
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

cases: Final = sa.Table(
    "cases",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("node", sa.Text),
    sa.Column("waits_for", sa.Text),
    sa.Column("due_at", Time),
    sa.Column("batch", Id),
    sa.Column("parent", Id),
    sa.Column("item", sa.Integer),
    sa.Column("segments", sa.Text),
    sa.Column("submission", Id),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("deaths", sa.Integer, nullable=False, default=0),
    sa.Column("reason", sa.Text),
    sa.Column("accepted_at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
    sa.UniqueConstraint("automation", "key"),
)
_ready = cases.c.place == Place.READY.value
_waiting = cases.c.place == Place.WAITING.value
_moving = cases.c.place == Place.MOVING.value
_ended = cases.c.place.in_([Place.DONE.value, Place.WITHDRAWN.value, Place.HANDED_OVER.value])


def still_open() -> sa.ColumnElement[bool]:
    """The condition of the index of open cases, in the very words that let SQLite use it."""
    ended = [Place.DONE.value, Place.WITHDRAWN.value, Place.HANDED_OVER.value]
    return cases.c.place.not_in(sa.bindparam("ended", ended, expanding=True, literal_execute=True))


sa.Index(
    "ix_cases_turns",
    cases.c.automation,
    cases.c.release,
    cases.c.node,
    cases.c.segments,
    cases.c.id,
    sqlite_where=_ready,
    postgresql_where=_ready,
)
sa.Index("ix_cases_due", cases.c.due_at, sqlite_where=_waiting, postgresql_where=_waiting)
sa.Index("ix_cases_batch", cases.c.batch, sqlite_where=_moving, postgresql_where=_moving)
sa.Index(
    "ix_cases_open",
    cases.c.place,
    cases.c.automation,
    cases.c.release,
    cases.c.changed_at,
    sqlite_where=~_ended,
    postgresql_where=~_ended,
)
sa.Index(
    "ix_cases_parent",
    cases.c.parent,
    sqlite_where=cases.c.parent.isnot(None),
    postgresql_where=cases.c.parent.isnot(None),
)

case_content: Final = sa.Table(
    "case_content",
    metadata,
    sa.Column("case_id", Id, primary_key=True, autoincrement=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("given", sa.Text),
    sa.Column("judgements", sa.Text),
)

timeline: Final = sa.Table(
    "timeline",
    metadata,
    sa.Column("case_id", Id, primary_key=True, autoincrement=False),
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("batch", Id),
    sa.Column("story", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

submissions: Final = sa.Table(
    "submissions",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text),
    sa.Column("next_byte", sa.BigInteger, nullable=False, default=0),
    sa.Column("next_number", sa.BigInteger, nullable=False, default=1),
    sa.Column("arrived", sa.BigInteger, nullable=False, default=0),
    sa.Column("accepted", sa.BigInteger, nullable=False, default=0),
    sa.Column("duplicates", sa.BigInteger, nullable=False, default=0),
    sa.Column("quarantined", sa.BigInteger, nullable=False, default=0),
    sa.Column("finished", sa.Boolean, nullable=False, default=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
)
sa.Index("ix_submissions_fingerprint", submissions.c.automation, submissions.c.fingerprint)

quarantine: Final = sa.Table(
    "quarantine",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("submission", Id),
    sa.Column("number", sa.BigInteger),
    sa.Column("start", sa.BigInteger),
    sa.Column("end", sa.BigInteger),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("whole", sa.Boolean, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("field", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("shape", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Column("beside", Id),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("case_id", Id),
    sa.Column("at", Time, nullable=False),
    sa.Column("settled_at", Time),
    sa.Column("settled_by", sa.Text),
    sa.Column("settled_why", sa.Text),
)
_kept = quarantine.c.state == "waiting"
sa.Index(
    "ix_quarantine_waiting", quarantine.c.automation, quarantine.c.shape, sqlite_where=_kept, postgresql_where=_kept
)
sa.Index("ix_quarantine_digest", quarantine.c.automation, quarantine.c.digest)

quarantine_content: Final = sa.Table(
    "quarantine_content",
    metadata,
    sa.Column("quarantine_id", Id, primary_key=True, autoincrement=False),
    sa.Column("original", sa.LargeBinary, nullable=False),
    sa.Column("fields", sa.Text),
)

batches: Final = sa.Table(
    "batches",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("checkpoints", sa.Integer, nullable=False, default=0),
    sa.Column("ended", sa.Boolean, nullable=False, default=False),
    sa.Column("takeovers", sa.Integer, nullable=False, default=0),
    sa.Column("executor", sa.Text, nullable=False),
    sa.Column("formed_at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
)
_open_batch = sa.not_(batches.c.ended)
sa.Index("ix_batches_open", batches.c.executor, sqlite_where=_open_batch, postgresql_where=_open_batch)
sa.Index("ix_batches_ended", batches.c.changed_at, sqlite_where=batches.c.ended, postgresql_where=batches.c.ended)

effects: Final = sa.Table(
    "effects",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("automation", sa.Text, nullable=False),
    sa.Column("release", sa.Text, nullable=False),
    sa.Column("case_id", Id, nullable=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("segments", sa.Text),
    sa.Column("generation", sa.Integer, nullable=False, default=0),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("repeat", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False, default=0),
    sa.Column("attempt", sa.Integer, nullable=False, default=0),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("asked", sa.Integer, nullable=False, default=0),
    sa.Column("asking", sa.Boolean, nullable=False, default=False),
    sa.Column("doubtful", sa.Boolean, nullable=False, default=False),
    sa.Column("sender", sa.Text),
    sa.Column("send_by", Time),
    sa.Column("due_at", Time),
    sa.Column("planned_at", Time, nullable=False),
    sa.Column("sent_at", Time),
    sa.Column("changed_at", Time, nullable=False),
    sa.Column("words", sa.Text),
)
_planned = effects.c.state == EffectState.PLANNED.value
_sending = effects.c.state == EffectState.SENDING.value
_unknown = effects.c.state == EffectState.UNKNOWN.value
_refused = effects.c.state == EffectState.REFUSED.value
sa.Index(
    "ix_effects_turns",
    effects.c.connection,
    effects.c.automation,
    effects.c.release,
    effects.c.priority,
    effects.c.segments,
    effects.c.id,
    sqlite_where=_planned,
    postgresql_where=_planned,
)
sa.Index("ix_effects_sending", effects.c.sender, sqlite_where=_sending, postgresql_where=_sending)
sa.Index("ix_effects_unknown", effects.c.due_at, sqlite_where=_unknown, postgresql_where=_unknown)
sa.Index("ix_effects_refused", effects.c.changed_at, sqlite_where=_refused, postgresql_where=_refused)
sa.Index("ix_effects_case", effects.c.case_id)

effect_content: Final = sa.Table(
    "effect_content",
    metadata,
    sa.Column("effect_id", Id, primary_key=True, autoincrement=False),
    sa.Column("case_id", Id, nullable=False, index=True),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)

raw_responses: Final = sa.Table(
    "raw_responses",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("case_id", Id, nullable=False),
    sa.Column("effect_id", Id),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("cut", sa.Boolean, nullable=False),
)
"""What the other side said to a call that failed: credentials taken out, cut to a size, gone after a time."""
sa.Index("ix_raw_responses_case", raw_responses.c.case_id)
sa.Index("ix_raw_responses_at", raw_responses.c.at)

send_gate: Final = sa.Table(
    "send_gate",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("turned", sa.BigInteger, nullable=False, default=0),
)
"""One row. Every permission to send reads it in share mode, every hold writes it: so they exclude each other."""

holds: Final = sa.Table(
    "holds",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False, default=""),
    sa.Column("intake", sa.Boolean, nullable=False, default=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("known", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("lifted_at", Time),
    sa.Column("lifted_by", sa.Text),
)

hand_overs: Final = sa.Table(
    "hand_overs",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("giver", sa.Text, nullable=False),
    sa.Column("case_id", Id, nullable=False),
    sa.Column("node", sa.Text, nullable=False),
    sa.Column("onward", sa.Text),
    sa.Column("taker", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("took", Id),
    sa.Column("kept", Id),
    sa.Column("late_at", Time, nullable=False),
    sa.Column("late_to", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
    sa.UniqueConstraint("case_id", "node", "digest"),
)
"""One row for each value that a case handed over: `took` is the taker's case, `kept` its record in quarantine.

The unique columns make a second arrival harmless: the same case with the same value is handed over once.
"""
_offered = hand_overs.c.state == HandOverState.WAITING.value
sa.Index("ix_hand_overs_waiting", hand_overs.c.taker, hand_overs.c.id, sqlite_where=_offered, postgresql_where=_offered)

hand_over_content: Final = sa.Table(
    "hand_over_content",
    metadata,
    sa.Column("hand_over_id", Id, primary_key=True, autoincrement=False),
    sa.Column("value", sa.Text, nullable=False),
)
"""What waits to be handed over, as JSON; it goes when it is taken."""

takers: Final = sa.Table(
    "takers",
    metadata,
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("open_at_most", sa.BigInteger, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
)
"""How many cases of an automation may be open, as the last process said that took what was handed over to it."""

archive_runs: Final = sa.Table(
    "archive_runs",
    metadata,
    sa.Column("id", Id, primary_key=True, autoincrement=False),
    sa.Column("file", sa.Text, nullable=False),
    sa.Column("automation", sa.Text),
    sa.Column("ended_before", Time, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cases", sa.BigInteger, nullable=False),
    sa.Column("born", sa.BigInteger, nullable=False),
    sa.Column("taken", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.Text),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sa.Column("changed_at", Time, nullable=False),
)
"""One row for each file of ended cases: how many are in it now, which the sums include, and how long it is for sure."""

archived_keys: Final = sa.Table(
    "archived_keys",
    metadata,
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("case_id", Id, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("run", Id, nullable=False),
    sqlite_with_rowid=False,
)
"""What stays of an archived case: enough to know that a record has been here before."""

tallies: Final = sa.Table(
    "tallies",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("through", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
    sa.Column("minute", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("writer", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("n", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How many there are of what grows without end, written where it changes; the sum over minutes and writers counts."""

intake_sources: Final = sa.Table(
    "intake_sources",
    metadata,
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text),
    sa.Column("held_until", Time, nullable=False, default=0),
    sa.Column("next_at", Time, nullable=False, default=0),
    sa.Column("looked_at", Time),
    sa.Column("failures", sa.Integer, nullable=False, default=0),
    sa.Column("down_since", Time),
    sa.Column("words", sa.Text),
    sa.Column("failing", sa.Text),
    sa.Column("position", sa.Text),
    sqlite_with_rowid=False,
)
"""One row for each place outside that is watched: who looks there now, when somebody looks next, and how it stands."""

source_items: Final = sa.Table(
    "source_items",
    metadata,
    sa.Column("automation", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("at", Time, nullable=False),
    sqlite_with_rowid=False,
)
"""What was taken of a place that cannot say what is new there: an object of a bucket, in its version."""

"""SQL of the tallies: how many have arrived, have ended, were sent, so that no page counts what is stored.

Whoever changes such a number writes by how much into the tallies, in the same transaction. Each connection to PostgreSQL has
rows of its own (`writer`), so that nobody waits for anybody; SQLite has one writer at a time anyway. A row is of one minute;
`fold` adds up the minutes and writers of the past. `doubts` compares all of it with what is stored.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import sqlalchemy as sa

from pilotage.cases.tables import cases, effects, hand_overs, quarantine, submissions, tallies
from pilotage.cases.values import ENDED_PLACES, EffectState, HandOverState
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

CASE: Final = "case"
EFFECT: Final = "effect"
QUARANTINE: Final = "quarantine"
SUBMISSION: Final = "submission"
MODEL: Final = "model"
"""What models took: counted as it is asked, so nothing that is stored could be counted instead."""
HAND_OVER: Final = "hand-over"
ARRIVED: Final = "arrived"
BORN: Final = "born"
MINUTE: Final = 60_000_000
RIGHT: Final = "the tallies are what is stored"
"""The invariant that `doubts` looks at."""
UNTOLD: Final = frozenset({EffectState.PLANNED.value, EffectState.SENDING.value, EffectState.UNKNOWN.value})
"""States of effects that are few and have indexes of their own: they are counted, not tallied."""
ARRIVED_BY_HAND_OVER: Final = frozenset(
    {HandOverState.TAKEN.value, HandOverState.DUPLICATE.value, HandOverState.QUARANTINED.value}
)
"""States of hand-overs that are tallied: what has come to the taker."""
ENDED: Final = frozenset(place.value for place in ENDED_PLACES)

_STORED: Final = (CASE, EFFECT, QUARANTINE, SUBMISSION, HAND_OVER)
"""Subjects that can be counted anew."""

Key: TypeAlias = tuple[str, str, str, str]
"""Subject, automation, connection (or nothing), and what: a place, a state, or a word above."""
Changes: TypeAlias = Counter[Key]
"""By how much each number changes; may be below zero."""

_COLUMNS: Final = "subject, automation, through, what, minute, writer, n"
_ADD: Final = (
    "ON CONFLICT (subject, automation, through, what, minute, writer) DO UPDATE SET n = tallies.n + excluded.n"
)
_INSERT: Final = {
    "sqlite": f"INSERT INTO tallies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, 0, ?) {_ADD}",  # noqa: S608 - names of our own columns
    "postgresql": (
        f"INSERT INTO tallies ({_COLUMNS}) SELECT s, a, t, w, m, pg_backend_pid(), n FROM unnest("  # noqa: S608
        f"%b::text[], %b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[]) AS x(s, a, t, w, m, n) {_ADD}"
    ),
}


def add(tx: Tx, changes: Changes, at: int) -> None:
    """Change the tallies, in one statement. `at` is now, or 0 for what is not of this minute, such as what is restored."""
    minute = at - at % MINUTE
    rows = [(*key, minute, number) for key, number in sorted(changes.items()) if number]
    if not rows:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_INSERT["sqlite"], rows)
    else:
        tx.exec_driver_sql(_INSERT["postgresql"], tuple(list(column) for column in zip(*rows, strict=True)))


def of_cases(automation: str, numbers: Mapping[str, int]) -> Changes:
    """Changes of cases of one automation: by place, "arrived" or "born"."""
    return Counter({(CASE, automation, "", what): number for what, number in numbers.items()})


def of_intake(automation: str, numbers: Mapping[str, int], *, cases: int) -> Changes:
    """Changes by a block that was taken in: the submission's numbers, and the new cases."""
    changes: Changes = Counter({(SUBMISSION, automation, "", what): number for what, number in numbers.items()})
    changes[CASE, automation, "", ARRIVED] = cases
    return changes


def of_effects(states: Iterable[tuple[str, str, str]], by: int = 1) -> Changes:
    """Changes of effects, each as (automation, connection, state); states that are not tallied are left out."""
    changes: Changes = Counter()
    for automation, connection, state in states:
        if state not in UNTOLD:
            changes[EFFECT, automation, connection, state] += by
    return changes


def of_stored(
    rows: Iterable[Mapping[str, object]],
    sent: Iterable[Mapping[str, object]],
    passed: Iterable[Mapping[str, object]],
    *,
    by: int,
) -> Changes:
    """Changes by rows of cases, of effects and of hand-overs that come (1) or go (-1) as they are."""
    changes = of_effects(((str(e["automation"]), str(e["connection"]), str(e["state"])) for e in sent), by)
    for one in passed:
        if one["state"] in ARRIVED_BY_HAND_OVER:
            changes[HAND_OVER, str(one["taker"]), "", str(one["state"])] += by
    for row in rows:
        automation, place = str(row["automation"]), str(row["place"])
        changes[CASE, automation, "", ARRIVED if row["parent"] is None else BORN] += by
        if place in ENDED:
            changes[CASE, automation, "", place] += by
    return changes


def read(tx: Tx, subject: str) -> Changes:
    """All numbers of one subject."""
    t = tallies.c
    found = tx.execute(
        sa.select(t.automation, t.through, t.what, sa.func.sum(t.n))
        .where(t.subject == subject)
        .group_by(t.automation, t.through, t.what)
    )
    return Counter({(subject, a, c, w): int(n) for a, c, w, n in found})


def words(tx: Tx, subject: str) -> Counter[str]:
    """All numbers of one subject over all automations and connections."""
    found: Counter[str] = Counter()
    for (_, _, _, what), number in read(tx, subject).items():
        found[what] += number
    return found


def minutes(tx: Tx, since: int, what: str, automation: str | None = None) -> dict[int, int]:
    """How many cases, of one automation or all, arrived or ended in each minute since then: minute -> count."""
    t = tallies.c
    query = sa.select(t.minute, sa.func.sum(t.n)).where(
        t.subject == CASE, t.what == what, t.minute >= since - since % MINUTE
    )
    if automation is not None:
        query = query.where(t.automation == automation)
    found = tx.execute(query.group_by(t.minute))
    return {int(minute) // MINUTE: int(n) for minute, n in found}


def fold(tx: Tx, now: int, *, hours: int = 2, minutes: int = 5) -> int:
    """Add up rows of the past: minutes that nobody shows any more into minute 0, and all writers into one; how many went.

    Rows that somebody else has in hand are left for the next time.
    """
    t = tallies.c
    if (
        tx.dialect.name == "postgresql"
        and not tx.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_FOLDING))).scalar()
    ):
        return 0
    old, quiet = now - hours * 60 * MINUTE, now - minutes * MINUTE
    past = sa.or_(sa.and_(t.minute > 0, t.minute < old), sa.and_(t.writer != 0, t.minute < quiet))
    rows = tx.execute(sa.select(tallies).where(past).limit(10_000).with_for_update(skip_locked=True)).all()
    if not rows:
        return 0
    added: Counter[tuple[str, str, str, str, int]] = Counter()
    for row in rows:
        added[row.subject, row.automation, row.through, row.what, 0 if row.minute < old else row.minute] += row.n
    for row in rows:
        tx.execute(
            tallies.delete().where(
                *(column == value for column, value in zip(tallies.primary_key.columns, row[:6], strict=True))
            )
        )
    bulk.insert(tx, tallies, [_row(key, number) for key, number in sorted(added.items())], tail=_ADD)
    return len(rows)


_FOLDING: Final = 7_214_511
"""The advisory lock of PostgreSQL under which one process at a time folds."""


def _row(key: tuple[str, str, str, str, int], number: int) -> dict[str, object]:
    subject, automation, through, what, minute = key
    return {
        "subject": subject,
        "automation": automation,
        "through": through,
        "what": what,
        "minute": minute,
        "writer": 0,
        "n": number,
    }


def counted(tx: Tx) -> Changes:
    """The same numbers, counted in the tables themselves: takes as long as there is much."""
    c, e, q, s, h = cases.c, effects.c, quarantine.c, submissions.c, hand_overs.c
    born = sa.case((c.parent.is_(None), ARRIVED), else_=BORN)
    none = sa.literal("")
    found: Changes = Counter()
    for subject, query in (
        (CASE, sa.select(c.automation, none, born, sa.func.count()).group_by(c.automation, born)),
        (
            CASE,
            sa.select(c.automation, none, c.place, sa.func.count())
            .where(c.place.in_(ENDED))
            .group_by(c.automation, c.place),
        ),
        (
            EFFECT,
            sa.select(e.automation, e.connection, e.state, sa.func.count())
            .where(e.state.not_in(UNTOLD))
            .group_by(e.automation, e.connection, e.state),
        ),
        (
            QUARANTINE,
            sa.select(q.automation, none, q.state, sa.func.count())
            .where(q.state != "waiting")
            .group_by(q.automation, q.state),
        ),
        (
            HAND_OVER,
            sa.select(h.taker, none, h.state, sa.func.count())
            .where(h.state.in_(ARRIVED_BY_HAND_OVER))
            .group_by(h.taker, h.state),
        ),
        *(
            (
                SUBMISSION,
                sa.select(s.automation, none, sa.literal(column.name), sa.func.sum(column)).group_by(s.automation),
            )
            for column in (s.arrived, s.accepted, s.duplicates, s.quarantined)
        ),
    ):
        for automation, through, what, number in tx.execute(query):
            found[subject, automation, through, what] += int(number)
    return found


def doubts(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """Where the tallies are not what is stored: what, how many there are, how many the tallies say."""
    really = counted(tx)
    told: Changes = Counter()
    for subject in _STORED:
        told.update(read(tx, subject))
    wrong: list[tuple[object, ...]] = [
        (*(word for word in key if word), f"there are {really[key]:,}, the tallies say {told[key]:,}")
        for key in sorted({*really, *told})
        if really[key] != told[key]
    ]
    return {RIGHT: wrong[:20]}


def count_anew(tx: Tx) -> None:
    """Throw the tallies away and count what is stored. Nobody writes meanwhile."""
    if tx.dialect.name == "postgresql":  # SQLite has the write lock
        tx.execute(
            sa.text(
                "LOCK TABLE cases, effects, hand_overs, quarantine, submissions, tallies IN SHARE ROW EXCLUSIVE MODE"
            )
        )
    really = counted(tx)
    tx.execute(tallies.delete().where(tallies.c.subject.in_(_STORED)))
    add(tx, really, 0)

"""SQL of permissions to send: what is due at each connection, by automation, priority and segment, and taking shares of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import sqlalchemy as sa

from pilotage.cases.store import turns
from pilotage.cases.store.holding import held_effects
from pilotage.cases.store.turns import Segment
from pilotage.cases.tables import effects
from pilotage.cases.values import EffectState
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

Pairs = tuple[tuple[str, str], ...]
Lines = tuple[tuple[str, str, str], ...]
"""(connection, automation, release)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """Effects of an automation that are due at a connection, at their first priority."""

    connection: str
    automation: str
    release: str
    priority: int
    count: int
    """How many, as far as they were counted."""
    more: bool
    """Whether there are some of a later priority."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """So many planned effects may be sent now: all of an automation, or those of one of its segments."""

    of: Planned
    segment: Segment
    whole: bool
    most: int


_DUE: Final = "(e.due_at IS NULL OR e.due_at <= :now)"
_LINE: Final = (
    "e.state = 'planned' AND e.connection = w.connection AND e.automation = w.automation AND e.release = w.release"
)


@lru_cache(maxsize=64)
def _planned(lines: Lines) -> tuple[sa.TextClause, dict[str, str]]:
    rows, values = turns.listed(lines, "c", "a", "r")
    text = f"""
        WITH lines(connection, automation, release) AS (VALUES {rows}),
        first(connection, automation, release, priority) AS (
            SELECT w.connection, w.automation, w.release,
                (SELECT e.priority FROM effects e WHERE {_LINE} AND {_DUE} ORDER BY e.priority LIMIT 1)
            FROM lines w
        )
        SELECT w.connection, w.automation, w.release, w.priority,
            (SELECT count(*) FROM (
                SELECT 1 FROM effects e WHERE {_LINE} AND e.priority = w.priority AND {_DUE}
                ORDER BY e.segments, e.id LIMIT :most) counted),
            EXISTS (SELECT 1 FROM effects e WHERE {_LINE} AND e.priority > w.priority)
        FROM first w WHERE w.priority IS NOT NULL
    """  # noqa: S608 - texts of our own; every value is a parameter
    return sa.text(text), values


def planned(tx: Tx, lines: Lines, *, now: int, most: int) -> list[Planned]:
    """What is due to be sent on each of these lines, at its first priority, counted up to `most`."""
    if not lines:
        return []
    turns.plan_by_index(tx)
    text, values = _planned(lines)
    return [
        Planned(connection=c, automation=a, release=r, priority=p, count=n, more=bool(more))
        for c, a, r, p, n, more in tx.execute(text, {**values, "now": now, "most": most})
    ]


def segments(tx: Tx, line: Planned, *, now: int, after: Segment, most: int) -> dict[Segment, int]:
    """How many of these are due in each segment, up to `most`; segments in turn, beginning behind `after`."""
    place = (
        "state = 'planned' AND connection = :c AND automation = :a AND release = :r AND priority = :p "
        "AND (due_at IS NULL OR due_at <= :now)"
    )
    values = {"c": line.connection, "a": line.automation, "r": line.release, "p": line.priority, "now": now}
    return turns.in_turn(tx, "effects", place, values, after=after, most=most)


_Kind = Literal["whole", "none", "one"]


@lru_cache(maxsize=256)
def _permit(kinds: tuple[_Kind, ...]) -> sa.UpdateBase:
    now = sa.bindparam("now", type_=sa.BigInteger)
    chosen = [_chosen(at, kind, now).subquery() for at, kind in enumerate(kinds)]
    return (
        effects.update()
        .where(effects.c.id.in_(sa.union_all(*(sa.select(one.c.id) for one in chosen))))
        .values(
            state=EffectState.SENDING.value,
            sender=sa.bindparam("by", type_=sa.Text),
            attempt=effects.c.attempt + 1,
            send_by=sa.bindparam("until", type_=sa.BigInteger),
            sent_at=now,
            changed_at=now,
            due_at=None,
            asking=False,
        )
        .returning(effects.c.id)
    )


def _chosen(at: int, kind: _Kind, now: sa.BindParameter[int]) -> sa.Select[int]:
    query = sa.select(effects.c.id).where(
        effects.c.state == sa.literal_column(f"'{EffectState.PLANNED.value}'"),
        effects.c.connection == sa.bindparam("through", type_=sa.Text),
        effects.c.automation == sa.bindparam(f"a{at}", type_=sa.Text),
        effects.c.release == sa.bindparam(f"r{at}", type_=sa.Text),
        effects.c.priority == sa.bindparam(f"p{at}", type_=sa.Integer),
        sa.or_(effects.c.due_at.is_(None), effects.c.due_at <= now),
        ~held_effects(),
    )
    if kind == "one":
        query = query.where(effects.c.segments == sa.bindparam(f"s{at}", type_=sa.Text))
    elif kind == "none":
        query = query.where(effects.c.segments.is_(None))
    most = sa.bindparam(f"m{at}", type_=sa.Integer)
    return query.order_by(effects.c.segments, effects.c.id).limit(most).with_for_update(skip_locked=True)


def permit(tx: Tx, connection: str, shares: Sequence[Share], *, sender: str, now: int, send_by: int) -> list[int]:
    """Turn the shares of planned effects to `sending`, oldest first; holds are respected.

    The caller has read the gate in this transaction, so that no hold can be written meanwhile.
    """
    if not shares:
        return []
    values: dict[str, object] = {"through": connection, "by": sender, "now": now, "until": send_by}
    kinds: list[_Kind] = []
    for at, one in enumerate(shares):
        kinds.append("whole" if one.whole else "none" if one.segment is None else "one")
        values |= {f"a{at}": one.of.automation, f"r{at}": one.of.release, f"p{at}": one.of.priority, f"m{at}": one.most}
        if kinds[-1] == "one":
            values[f"s{at}"] = one.segment
    return list(tx.execute(_permit(tuple(kinds)), values).scalars())


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """An effect that was permitted in this transaction, and was sent or asked about before."""

    effect: int
    segments: str | None
    asking: bool


def repeats_among(tx: Tx, ids: Sequence[int]) -> list[Repeat]:
    """Which of these effects, permitted in this transaction, were sent or asked about before, oldest first."""
    before = sa.case((effects.c.asking, effects.c.asked), else_=effects.c.attempt) > 1
    query = sa.select(effects.c.id, effects.c.segments, effects.c.asking)
    found = tx.execute(query.where(bulk.among(tx, effects.c.id, ids), before).order_by(effects.c.id))
    return [Repeat(effect=effect, segments=segments, asking=asking) for effect, segments, asking in found]


def put_back(tx: Tx, due: Mapping[int, int]) -> None:
    """Effects permitted in this transaction are as they were before, each until later; no attempt is used up."""
    bulk.update(tx, effects, [{"id": effect, "due_at": at} for effect, at in due.items()], key="id")
    mine = bulk.among(tx, effects.c.id, list(due))
    asked = {"sender": None, "asked": effects.c.asked - 1, "asking": False}
    tx.execute(effects.update().where(mine, effects.c.asking).values(asked))
    tx.execute(
        effects.update()
        .where(mine, effects.c.state == EffectState.SENDING.value)
        .values(state=EffectState.PLANNED.value, attempt=effects.c.attempt - 1, sender=None, send_by=None)
    )


@lru_cache(maxsize=64)
def _to_ask(served: Pairs) -> sa.Select[str]:
    return (
        sa.select(effects.c.connection)
        .distinct()
        .where(
            effects.c.state == sa.literal_column(f"'{EffectState.UNKNOWN.value}'"),
            effects.c.due_at <= sa.bindparam("now", type_=sa.BigInteger),
            sa.tuple_(effects.c.automation, effects.c.release).in_(list(served)),
        )
    )


def to_ask(tx: Tx, served: Pairs, *, now: int) -> set[str]:
    """Connections with an unknown effect whose time to ask the other side has come."""
    return set(tx.execute(_to_ask(served), {"now": now}).scalars()) if served else set()


@lru_cache(maxsize=64)
def _permit_asking(served: Pairs) -> sa.UpdateBase:
    now = sa.bindparam("now", type_=sa.BigInteger)
    chosen = (
        sa.select(effects.c.id)
        .where(
            effects.c.state == EffectState.UNKNOWN.value,
            effects.c.connection == sa.bindparam("through", type_=sa.Text),
            effects.c.due_at <= now,
            sa.tuple_(effects.c.automation, effects.c.release).in_(list(served)),
        )
        .order_by(effects.c.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True)
    )
    return (
        effects.update()
        .where(effects.c.id.in_(chosen))
        .values(
            sender=sa.bindparam("by", type_=sa.Text),
            asked=effects.c.asked + 1,
            # due again later: if this sender dies while it asks, the next one asks
            due_at=sa.bindparam("until", type_=sa.BigInteger),
            changed_at=now,
            asking=True,
        )
        .returning(effects.c.id)
    )


def permit_asking(
    tx: Tx, connection: str, *, sender: str, most: int, now: int, send_by: int, served: Pairs
) -> list[int]:
    """Take up to `most` unknown effects of the connection whose time to ask the other side has come."""
    values = {"through": connection, "by": sender, "most": most, "now": now, "until": send_by}
    return list(tx.execute(_permit_asking(served), values).scalars())

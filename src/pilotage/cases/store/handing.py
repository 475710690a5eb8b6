"""SQL of hand-overs: what waits for a taker, what became of it, and the cases of the giver that go on by it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from pilotage.cases.store import tallying
from pilotage.cases.tables import archived_keys, cases, hand_over_content, hand_overs, takers
from pilotage.cases.values import HandOverState, Place, WaitsFor
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

ARRIVED: Final = tallying.ARRIVED_BY_HAND_OVER
"""States of what has come to the taker."""
_WAITING: Final = sa.literal(HandOverState.WAITING.value, literal_execute=True)


class Offered(NamedTuple):
    """A value that waits to be taken. The columns of `offered`, in their order."""

    id: int
    giver: str
    case_id: int
    node: str
    onward: str | None
    version: int
    value: str
    """JSON text."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """Values that wait for one taker, as the page shows them."""

    giver: str
    taker: str
    count: int
    since: int
    """When the oldest of them came."""
    late: int
    """How many of them wait for longer than their giver allows."""
    late_to: str
    """The role that answers for those."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One hand-over of a case."""

    node: str
    taker: str
    state: str
    took: int | None
    kept: int | None
    at: int
    late_at: int


# -- the giver's side ------------------------------------------------------------------


def earlier(tx: Tx, ids: Sequence[int]) -> dict[tuple[int, str], dict[str, tuple[str, int | None]]]:
    """What these cases handed over before: (case, node) -> digest -> (state, the taker's case)."""
    h = hand_overs.c
    query = sa.select(h.case_id, h.node, h.digest, h.state, h.took).where(bulk.among(tx, h.case_id, ids))
    found: dict[tuple[int, str], dict[str, tuple[str, int | None]]] = {}
    for case, node, digest, state, took in tx.execute(query):
        found.setdefault((case, node), {})[digest] = (state, took)
    return found


def add(tx: Tx, rows: Sequence[bulk.Row], contents: Sequence[bulk.Row]) -> None:
    """Insert hand-overs, and the values of those that wait."""
    bulk.insert(tx, hand_overs, rows)
    bulk.insert(tx, hand_over_content, contents)


def call_off(tx: Tx, ids: Sequence[int], now: int) -> None:
    """Cases that were withdrawn hand nothing over any more."""
    h = hand_overs.c
    gone = (
        tx.execute(
            hand_overs.update()
            .where(bulk.among(tx, h.case_id, ids), h.state == HandOverState.WAITING.value)
            .values(state=HandOverState.CALLED_OFF.value, changed_at=now)
            .returning(h.id)
        )
        .scalars()
        .all()
    )
    drop_contents(tx, gone)


def go_on(tx: Tx, onward: Mapping[str | None, Sequence[int]], now: int) -> list[int]:
    """Cases whose value was taken go on at their next node, or (None) have ended here; those that ended and are items."""
    ended = list[int]()
    for node, ids in onward.items():
        values: dict[str, object] = {
            "place": (Place.HANDED_OVER if node is None else Place.READY).value,
            "node": node,
            "waits_for": None,
            "due_at": None,
            "reason": None,
            "changed_at": now,
        }
        done = cases.update().where(bulk.among(tx, cases.c.id, ids), *_offering()).values(values)
        if node is not None:
            tx.execute(done)
            continue
        rows = tx.execute(done.returning(cases.c.id, cases.c.automation, cases.c.parent)).all()
        changes = Counter((tallying.CASE, row.automation, "", Place.HANDED_OVER.value) for row in rows)
        tallying.add(tx, changes, now)
        ended = [row.id for row in rows if row.parent is not None]
    return ended


def _offering() -> tuple[sa.ColumnElement[bool], ...]:
    return cases.c.place == Place.WAITING.value, cases.c.waits_for == WaitsFor.HAND_OVER.value


def links(tx: Tx, case: int) -> list[Link]:
    """What a case has handed over, or wants to."""
    h = hand_overs.c
    query = sa.select(h.node, h.taker, h.state, h.took, h.kept, h.at, h.late_at).where(h.case_id == case).order_by(h.id)
    return [Link(**row) for row in tx.execute(query).mappings()]


def elsewhere(tx: Tx, ids: Sequence[int]) -> list[tuple[str, int]]:
    """Cases of other automations that these were handed over to, or that handed these over. Reads every hand-over."""
    h = hand_overs.c
    to = sa.select(h.taker, h.took).where(bulk.among(tx, h.case_id, ids), h.took.isnot(None))
    by = sa.select(h.giver, h.case_id).where(bulk.among(tx, h.took, ids))
    return [(automation, case) for query in (to, by) for automation, case in tx.execute(query.distinct())]


# -- the taker's side ------------------------------------------------------------------


@lru_cache(maxsize=2)
def _offered(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    h = hand_overs.c
    query = (
        sa.select(h.id, h.giver, h.case_id, h.node, h.onward, h.version, hand_over_content.c.value)
        .join(hand_over_content, hand_over_content.c.hand_over_id == h.id)
        .join(cases, cases.c.id == h.case_id)
        .where(h.state == _WAITING, h.taker == sa.bindparam("its_taker"), *_offering())
        .order_by(h.id)
        .limit(sa.bindparam("most"))
    )
    # the giver's case alone: who withdraws it locks it too, and then calls the hand-over off
    return query.with_for_update(of=cases, skip_locked=True) if dialect == "postgresql" else query


def offered(tx: Tx, taker: str, most: int) -> list[Offered]:
    """What waits for a taker, oldest first, locked: nobody else takes it, and nobody withdraws its case meanwhile."""
    found = tx.execute(_offered(tx.dialect.name), {"its_taker": taker, "most": most})
    return list(map(Offered._make, found.all()))


_WANTED: Final = sa.select(sa.literal(1)).where(hand_overs.c.state == _WAITING).limit(1)


def any_offered(tx: Tx, taker: str) -> bool:
    """Whether anything waits for a taker."""
    return tx.execute(_WANTED.where(hand_overs.c.taker == taker)).first() is not None


def taken(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Write what became of hand-overs; rows of id, state, took, kept, changed_at. Their values go."""
    bulk.update(tx, hand_overs, rows, key="id")
    drop_contents(tx, [int(str(row["id"])) for row in rows])


def drop_contents(tx: Tx, ids: Sequence[int]) -> None:
    """Values that wait for nobody any more go."""
    if ids:
        tx.execute(hand_over_content.delete().where(bulk.among(tx, hand_over_content.c.hand_over_id, ids)))


def note_taker(tx: Tx, automation: str, open_at_most: int, now: int) -> None:
    """Write down how many cases of a taker may be open."""
    values = {"automation": automation, "open_at_most": open_at_most, "changed_at": now}
    known = sa.select(takers.c.open_at_most).where(takers.c.automation == automation)
    if tx.execute(known).scalar() != open_at_most:
        tail = "ON CONFLICT (automation) DO UPDATE SET open_at_most = excluded.open_at_most, changed_at = excluded.changed_at"
        bulk.insert(tx, takers, [values], tail=tail)


# -- looking -----------------------------------------------------------------------------


def bounds(tx: Tx) -> dict[str, int]:
    """How many cases of each taker may be open."""
    return {row.automation: row.open_at_most for row in tx.execute(sa.select(takers))}


def queues(tx: Tx, now: int) -> list[Queue]:
    """What waits, by giver, taker and who answers for what is late."""
    h = hand_overs.c
    late = sa.func.sum(sa.case((h.late_at <= now, 1), else_=0))
    query = (
        sa.select(h.giver, h.taker, sa.func.count(), sa.func.min(h.at), late, h.late_to)
        .where(h.state == _WAITING)
        .group_by(h.giver, h.taker, h.late_to)
        .order_by(h.giver, h.taker, h.late_to)
    )
    return [
        Queue(giver=giver, taker=taker, count=int(count), since=since, late=int(late), late_to=role)
        for giver, taker, count, since, late, role in tx.execute(query)
    ]


def waiting_for(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """How many values wait for each of these takers; those for which there are none are left out."""
    h = hand_overs.c
    query = sa.select(h.taker, sa.func.count()).where(h.state == _WAITING, bulk.among_texts(tx, h.taker, list(names)))
    return {taker: int(count) for taker, count in tx.execute(query.group_by(h.taker))}


def states(tx: Tx) -> Counter[str]:
    """How many hand-overs are in each state."""
    query = sa.select(hand_overs.c.state, sa.func.count()).group_by(hand_overs.c.state)
    return Counter({state: int(count) for state, count in tx.execute(query)})


def doubts(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """Rows that break an invariant of hand-overs; all lists are empty on a sound platform."""
    c, h = cases.c, hand_overs.c
    its_own = sa.exists().where(h.case_id == c.id, h.node == c.node, h.state == _WAITING)
    ended = sa.exists().where(h.case_id == c.id, h.onward.is_(None), h.state.in_(ARRIVED))
    somewhere = sa.union_all(sa.select(c.id), sa.select(archived_keys.c.case_id))
    looked_for = {
        "a case that waits for a hand-over offers something": sa.select(c.id, c.node).where(*_offering(), ~its_own),
        "what is offered has its case, which waits, and its value": sa.select(h.id, h.case_id).where(
            h.state == _WAITING,
            ~sa.and_(
                sa.exists().where(c.id == h.case_id, *_offering()),
                sa.exists().where(hand_over_content.c.hand_over_id == h.id),
            ),
        ),
        "a case that was handed over has arrived": sa.select(c.id, c.automation).where(
            c.place == Place.HANDED_OVER.value, ~ended
        ),
        "what was taken is a case of the taker": sa.select(h.id, h.taker).where(
            h.state == HandOverState.TAKEN.value, sa.or_(h.took.is_(None), h.took.not_in(somewhere))
        ),
        "nothing is handed over twice": sa.select(h.case_id, h.node)
        .where(h.state == HandOverState.TAKEN.value)
        .group_by(h.case_id, h.node)
        .having(sa.func.count() > 1),
    }
    return {name: [tuple(row) for row in tx.execute(query.limit(20))] for name, query in looked_for.items()}

"""SQL of holds and of the gate that they share with every permission to send."""

from typing import Final

import sqlalchemy as sa

from pilotage.cases.tables import effects, holds, send_gate
from pilotage.cases.values import EffectState, Hold, OnItsWay
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

GATE: Final = 1


def make_gate(tx: Tx) -> None:
    """Put the gate's one row there."""
    tx.execute(sa.text("INSERT INTO send_gate (id, turned) VALUES (:id, 0) ON CONFLICT (id) DO NOTHING"), {"id": GATE})


_SHARE_GATE: Final = sa.select(send_gate.c.id).where(send_gate.c.id == GATE).with_for_update(read=True)


def share_gate(tx: Tx) -> None:
    """Hold the gate in share mode until the transaction ends: no hold is written meanwhile.

    On SQLite the transaction has the write lock already, which excludes everybody.
    """
    if tx.dialect.name == "postgresql":
        tx.execute(_SHARE_GATE)


def turn_gate(tx: Tx) -> None:
    """Take the gate alone: waits until every permission under way has been committed."""
    tx.execute(send_gate.update().where(send_gate.c.id == GATE).values(turned=send_gate.c.turned + 1))


def held_effects() -> sa.ColumnElement[bool]:
    """True for an effect that a hold stops: everything, its automation, a segment, its connection or its case."""
    named = sa.or_(
        holds.c.scope == "everything",
        sa.and_(holds.c.scope == "automation", holds.c.name == effects.c.automation),
        sa.and_(holds.c.scope == "connection", holds.c.name == effects.c.connection),
        sa.and_(holds.c.scope == "case", holds.c.name == sa.cast(effects.c.case_id, sa.Text)),
        sa.and_(
            holds.c.scope == "segment",
            effects.c.segments.isnot(None),
            sa.func.replace(effects.c.segments, sa.literal("|") + holds.c.name + sa.literal("|"), "")
            != effects.c.segments,
        ),
    )
    return sa.exists().where(holds.c.lifted_at.is_(None), named)


def add_hold(tx: Tx, row: bulk.Row) -> None:
    """Insert a hold; the caller has turned the gate."""
    bulk.insert(tx, holds, [row])


def lift(tx: Tx, *, scope: str, name: str, now: int, by: str) -> int:
    """Lift every hold of this scope and name; how many."""
    done = tx.execute(
        holds.update()
        .where(holds.c.scope == scope, holds.c.name == name, holds.c.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=by)
    )
    return done.rowcount


def standing(tx: Tx) -> list[Hold]:
    """Holds in force, oldest first."""
    query = sa.select(*rows.columns(holds, Hold)).where(holds.c.lifted_at.is_(None)).order_by(holds.c.id)
    return rows.values(Hold, tx.execute(query))


_INTAKE_HELD: Final = (
    sa.select(holds.c.reason)
    .where(
        holds.c.lifted_at.is_(None),
        holds.c.intake,
        sa.or_(
            holds.c.scope == "everything",
            sa.and_(holds.c.scope == "automation", holds.c.name == sa.bindparam("automation")),
        ),
    )
    .limit(1)
)


def intake_held(tx: Tx, automation: str) -> str | None:
    """The reason of a hold that stops intake for this automation, if there is one."""
    return tx.execute(_INTAKE_HELD, {"automation": automation}).scalar()


def on_their_way(tx: Tx, scope: str, name: str) -> list[OnItsWay]:
    """Calls that were permitted before the hold, oldest first."""
    query = sa.select(
        effects.c.id.label("effect"),
        effects.c.case_id.label("case"),
        effects.c.node,
        effects.c.connection,
        effects.c.sender,
        effects.c.send_by,
    ).where(effects.c.state == EffectState.SENDING.value)
    match scope:
        case "automation":
            query = query.where(effects.c.automation == name)
        case "connection":
            query = query.where(effects.c.connection == name)
        case "case":
            query = query.where(effects.c.case_id == int(name))
        case "segment":
            query = query.where(effects.c.segments.contains(f"|{name}|", autoescape=True))
        case _:
            pass
    return rows.values(OnItsWay, tx.execute(query.order_by(effects.c.id)))

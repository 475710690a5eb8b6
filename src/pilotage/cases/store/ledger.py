"""SQL of the effect ledger: planning, the permission to send, results, what became unknown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from pilotage.cases.store import tallying
from pilotage.cases.store.moving import effect_results
from pilotage.cases.tables import case_content, cases, effect_content, effects
from pilotage.cases.values import EffectState, Permitted
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.storage.rows import value


def plan(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Write planned effects. An effect whose key stands there already is left as it is."""
    bulk.insert(tx, effects, rows, tail='ON CONFLICT ("key") DO NOTHING')


def of_cases(tx: Tx, ids: Sequence[int]) -> list[sa.Row[int, int, str, str, int, str, str]]:
    """Effects of these cases, oldest first: (id, case_id, node, step, generation, state, inputs)."""
    return list(
        tx.execute(
            sa.select(
                effects.c.id,
                effects.c.case_id,
                effects.c.node,
                effects.c.step,
                effects.c.generation,
                effects.c.state,
                effects.c.inputs,
            )
            .where(bulk.among(tx, effects.c.case_id, ids))
            .order_by(effects.c.id)
        )
    )


_STATE: Final = (effects.c.automation, effects.c.connection, effects.c.state)
"""What the tallies of effects are made of."""


# The statements of the hot path are built once: building one costs more than running it.


@lru_cache(maxsize=2)
def _load(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            effects.c.id,
            effects.c.key,
            effects.c.automation,
            effects.c.release,
            effects.c.case_id.label("case"),
            cases.c.key.label("case_key"),
            effects.c.node,
            effects.c.connection,
            effects.c.repeat,
            effects.c.attempt,
            effects.c.failures,
            effects.c.asked,
            effects.c.planned_at,
            effects.c.doubtful,
            effects.c.segments,
            case_content.c.record,
            case_content.c.given,
            cases.c.item,
            cases.c.parent,
        )
        .join(cases, cases.c.id == effects.c.case_id)
        .join(case_content, case_content.c.case_id == effects.c.case_id)
        .where(bulk.within(dialect, effects.c.id, "ids"))
        .order_by(effects.c.id)
    )


def load(tx: Tx, ids: Sequence[int]) -> list[Permitted]:
    """Permitted effects with the record and values of their cases."""
    if not ids:
        return []
    dialect = tx.dialect.name
    found = tx.execute(_load(dialect), {"ids": bulk.listed(dialect, ids)}).mappings().all()
    earlier = effect_results(tx, [row["case"] for row in found])
    return [value(Permitted, row, earlier=earlier.get(row["case"], {})) for row in found]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One transition of the ledger, the same for several effects."""

    state: EffectState
    words: str | None = None
    due_at: int | None = None
    failures: int = 0
    """How many failures this adds to the effect's account."""
    doubtful: bool = False
    """An attempt up to now may have acted."""


@lru_cache(maxsize=4)
def _settle(dialect: str, asking: bool) -> sa.UpdateBase:  # noqa: FBT001
    counter = effects.c.asked if asking else effects.c.attempt
    expected = EffectState.UNKNOWN if asking else EffectState.SENDING
    return (
        effects.update()
        .where(
            bulk.within(dialect, effects.c.id, "ids"),
            effects.c.state == expected.value,
            effects.c.sender == sa.bindparam("by", type_=sa.Text),
            counter == sa.bindparam("turn", type_=sa.Integer),
        )
        .values(
            state=sa.bindparam("to", type_=sa.Text),
            words=sa.bindparam("said", type_=sa.Text),
            due_at=sa.bindparam("due", type_=sa.BigInteger),
            changed_at=sa.bindparam("now", type_=sa.BigInteger),
            sender=None,
            send_by=None,
            asking=False,
            doubtful=sa.bindparam("doubt", type_=sa.Boolean),
            failures=effects.c.failures + sa.bindparam("more", type_=sa.Integer),
        )
        .returning(effects.c.id)
    )


def settle(tx: Tx, ids: Sequence[int], turn: Turn, *, sender: str, asking: bool, count: int, now: int) -> set[int]:
    """Turn effects that this sender has in hand; the ids of those that were still its own.

    `count` is the attempt (or, while asking, the number of the question) that the sender was permitted: a result of an
    earlier attempt that comes late changes nothing.
    """
    dialect = tx.dialect.name
    values = {
        "ids": bulk.listed(dialect, ids),
        "by": sender,
        "turn": count,
        "to": turn.state.value,
        "said": turn.words,
        "due": turn.due_at,
        "now": now,
        "more": turn.failures,
        "doubt": turn.doubtful,
    }
    return set(tx.execute(_settle(dialect, asking), values).scalars())


def settle_by_person(tx: Tx, effect: int, *, now: int, state: EffectState, words: str) -> bool:
    """A person says what became of an unknown effect."""
    turned = tx.execute(
        effects.update()
        .where(effects.c.id == effect, effects.c.state == EffectState.UNKNOWN.value)
        .values(state=state.value, words=words, due_at=None, changed_at=now, sender=None, asking=False, doubtful=False)
        .returning(*_STATE)
    ).all()
    tallying.add(tx, tallying.of_effects(turned), now)
    return len(turned) == 1


def add_results(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Keep what confirmed effects gave."""
    bulk.insert(tx, effect_content, rows)


def on_their_way(tx: Tx, served: Sequence[tuple[str, str]]) -> list[sa.Row[int, str, int, str, int]]:
    """Effects of the served pairs that some sender has on their way: (id, sender, send_by, repeat, case)."""
    return list(
        tx.execute(
            sa.select(effects.c.id, effects.c.sender, effects.c.send_by, effects.c.repeat, effects.c.case_id).where(
                effects.c.state == EffectState.SENDING.value,
                sa.tuple_(effects.c.automation, effects.c.release).in_(list(served)),
            )
        )
    )


def lose(tx: Tx, effect: int, *, sender: str, now: int, due_at: int | None, words: str) -> bool:
    """An effect whose sender is gone is unknown."""
    done = tx.execute(
        effects.update()
        .where(effects.c.id == effect, effects.c.state == EffectState.SENDING.value, effects.c.sender == sender)
        .values(
            state=EffectState.UNKNOWN.value,
            words=words,
            due_at=due_at,
            changed_at=now,
            sender=None,
            send_by=None,
            failures=effects.c.failures + 1,
        )
    )
    return done.rowcount == 1


def plan_again(tx: Tx, rows: Sequence[tuple[int, str]], *, release: str, now: int) -> None:
    """Refused or still planned effects of replayed cases are planned afresh, with the inputs of now: (id, inputs)."""
    if rows:
        before = tx.execute(sa.select(*_STATE).where(bulk.among(tx, effects.c.id, [effect for effect, _ in rows])))
        tallying.add(tx, tallying.of_effects(before, -1), now)
    bulk.update(
        tx,
        effects,
        [
            {
                "id": effect,
                "inputs": inputs,
                "state": EffectState.PLANNED.value,
                "failures": 0,
                "due_at": None,
                "release": release,
                "changed_at": now,
                "words": None,
            }
            for effect, inputs in rows
        ],
        key="id",
    )


def plan_lost(tx: Tx, effect: int, *, due_at: int, now: int) -> None:
    """An effect that is safe to repeat, and whose outcome nobody knows, is planned again."""
    tx.execute(
        effects.update()
        .where(effects.c.id == effect, effects.c.state == EffectState.UNKNOWN.value)
        .values(state=EffectState.PLANNED.value, due_at=due_at, changed_at=now, doubtful=True)
    )


def call_off(tx: Tx, cases_: Sequence[int], *, now: int, words: str) -> None:
    """Planned effects of withdrawn cases will not be sent (again): refused, or unknown where an attempt may have acted."""
    ended = sa.case((effects.c.doubtful, EffectState.UNKNOWN.value), else_=EffectState.REFUSED.value)
    turned = tx.execute(
        effects.update()
        .where(bulk.among(tx, effects.c.case_id, cases_), effects.c.state == EffectState.PLANNED.value)
        .values(state=ended, words=words, due_at=None, changed_at=now)
        .returning(*_STATE)
    )
    tallying.add(tx, tallying.of_effects(turned), now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """A confirmed effect that is to be undone."""

    id: int
    key: str
    automation: str
    release: str
    case: int
    case_key: str
    node: str
    result: str


def begin_undo(tx: Tx, effect: int, now: int) -> Confirmed | None:
    """Turn a confirmed effect (or one whose undo was refused) to `undoing`; None where it is neither."""
    may = effects.c.state.in_([EffectState.CONFIRMED.value, EffectState.UNDO_REFUSED.value])
    before = tx.execute(sa.select(*_STATE).where(effects.c.id == effect, may).with_for_update()).one_or_none()
    if before is None:
        return None
    tx.execute(effects.update().where(effects.c.id == effect).values(state=EffectState.UNDOING.value, changed_at=now))
    changes = tallying.of_effects([before], -1)
    changes.update(tallying.of_effects([(before.automation, before.connection, EffectState.UNDOING.value)]))
    tallying.add(tx, changes, now)
    query = (
        sa.select(
            effects.c.id,
            effects.c.key,
            effects.c.automation,
            effects.c.release,
            effects.c.case_id.label("case"),
            cases.c.key.label("case_key"),
            effects.c.node,
            effect_content.c.result,
        )
        .join(cases, cases.c.id == effects.c.case_id)
        .join(effect_content, effect_content.c.effect_id == effects.c.id)
        .where(effects.c.id == effect)
    )
    return value(Confirmed, tx.execute(query).mappings().one())


def end_undo(tx: Tx, effect: int, state: EffectState, *, words: str, now: int) -> None:
    """What became of the undo."""
    turned = tx.execute(
        effects.update()
        .where(effects.c.id == effect, effects.c.state == EffectState.UNDOING.value)
        .values(state=state.value, words=words, changed_at=now)
        .returning(*_STATE)
    ).all()
    changes = tallying.of_effects(turned)
    changes.update(
        tallying.of_effects([(one.automation, one.connection, EffectState.UNDOING.value) for one in turned], -1)
    )
    tallying.add(tx, changes, now)


def confirmed_at(tx: Tx, automation: str, node: str) -> list[int]:
    """The confirmed effects of one act."""
    return list(
        tx.execute(
            sa.select(effects.c.id)
            .where(
                effects.c.automation == automation,
                effects.c.node == node,
                effects.c.state == EffectState.CONFIRMED.value,
            )
            .order_by(effects.c.id)
        ).scalars()
    )


def move_to_node(tx: Tx, effect: int, node: str) -> None:
    """The act of a step that stands on several branches is found by the branch that the case takes now."""
    tx.execute(effects.update().where(effects.c.id == effect).values(node=node))
    tx.execute(effect_content.update().where(effect_content.c.effect_id == effect).values(node=node))

"""SQL of moving cases: claiming them into batches, loading a batch, saving a checkpoint, timers."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import sqlalchemy as sa

from pilotage.cases.store import tallying
from pilotage.cases.tables import batches, case_content, cases, effect_content
from pilotage.cases.values import (
    BatchRow,
    EffectState,
    HandOverState,
    Place,
    WaitsFor,
    connection_waited_for,
    waiting_for,
)
from pilotage.kernel.ids import BatchId
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx

_SOMETHING_TO_DO: Final = (
    f"SELECT EXISTS (SELECT 1 FROM cases WHERE place = '{Place.READY.value}') OR EXISTS (SELECT 1 FROM effects "  # noqa: S608
    f"WHERE state = '{EffectState.PLANNED.value}' AND coalesce(due_at, 0) <= extract(epoch FROM clock_timestamp()) * 1000000)"
    f" OR EXISTS (SELECT 1 FROM hand_overs WHERE state = '{HandOverState.WAITING.value}' AND taker IN ("
)


def something_to_do(takers: Iterable[str]) -> str:
    """Whether cases are ready, acts are due, or something is handed over to these automations: asked on PostgreSQL.

    The names are written out, because whoever asks so often asks without parameters; a name has letters, digits and hyphens.
    """
    names = ", ".join(f"'{name}'" for name in sorted(set(takers)))
    return f"{_SOMETHING_TO_DO}{names or 'NULL'}))"


class StoredCase(NamedTuple):
    """A case of a batch as it is stored. The columns of `load_batch`, in their order."""

    id: int
    key: str
    node: str | None
    record: str
    given: str | None
    judgements: str | None
    attempts: int
    parent: int | None
    item: int | None
    segments: str | None
    accepted_at: int


def add_batch(tx: Tx, row: bulk.Row) -> None:
    """Insert a batch."""
    bulk.insert(tx, batches, [row])


_BATCH: Final = sa.select(
    batches.c.id,
    batches.c.automation,
    batches.c.release,
    batches.c.checkpoints,
    batches.c.ended,
    batches.c.takeovers,
    batches.c.size,
).where(batches.c.id == sa.bindparam("batch"))


def find_batch(tx: Tx, batch: int) -> BatchRow | None:
    """A batch by its id."""
    row = tx.execute(_BATCH, {"batch": batch}).one_or_none()
    if row is None:
        return None
    return BatchRow(
        id=BatchId(row.id),
        automation=row.automation,
        release=row.release,
        checkpoints=row.checkpoints,
        ended=row.ended,
        takeovers=row.takeovers,
        size=row.size,
    )


_MOVING: Final = sa.and_(cases.c.batch == sa.bindparam("its_batch"), cases.c.place == Place.MOVING.value)
_MEMBERS: Final = (
    sa.select(
        cases.c.id,
        cases.c.key,
        cases.c.node,
        case_content.c.record,
        case_content.c.given,
        case_content.c.judgements,
        cases.c.attempts,
        cases.c.parent,
        cases.c.item,
        cases.c.segments,
        cases.c.accepted_at,
    )
    .join(case_content, case_content.c.case_id == cases.c.id)
    .where(_MOVING)
    .order_by(cases.c.id)
)


def load_batch(tx: Tx, batch: int) -> tuple[list[StoredCase], dict[int, dict[str, str]]]:
    """The cases that move in the batch, and what their confirmed effects gave: case -> node -> JSON text."""
    found = list(map(StoredCase._make, tx.execute(_MEMBERS, {"its_batch": batch}).all()))
    return found, effect_results(tx, [case.id for case in found if case.given is not None or case.node is not None])


@lru_cache(maxsize=2)
def _effect_results(dialect: str) -> sa.Select[int, str, str]:
    c = effect_content.c
    return sa.select(c.case_id, c.node, c.result).where(bulk.within(dialect, c.case_id, "ids"))


def effect_results(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """What the confirmed effects of these cases gave: case -> node -> JSON text."""
    results: dict[int, dict[str, str]] = {}
    if ids:
        dialect = tx.dialect.name
        for case, node, result in tx.execute(_effect_results(dialect), {"ids": bulk.listed(dialect, ids)}):
            results.setdefault(case, {})[node] = result
    return results


_PASS: Final = (
    batches.update()
    .where(
        batches.c.id == sa.bindparam("batch"),
        batches.c.checkpoints == sa.bindparam("number"),
        sa.not_(batches.c.ended),
    )
    .values(
        checkpoints=sa.bindparam("number") + 1,
        changed_at=sa.bindparam("now"),
        ended=sa.bindparam("ends", type_=sa.Boolean),
    )
)


def pass_checkpoint(tx: Tx, batch: int, *, number: int, now: int, ended: bool) -> bool:
    """Turn the batch from checkpoint `number` to the next; False when another run has done so already."""
    return tx.execute(_PASS, {"batch": batch, "number": number, "now": now, "ends": ended}).rowcount == 1


def save_contents(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Write what cases were given; rows of case_id, given, judgements."""
    bulk.update(tx, case_content, rows, key="case_id")


def stand_at(tx: Tx, rows: Sequence[bulk.Row]) -> None:
    """Write the nodes at which cases of a batch stand after a checkpoint; rows of id, node."""
    bulk.update(tx, cases, rows, key="id")


@lru_cache(maxsize=16)
def _leave(names: tuple[str, ...]) -> sa.Update:
    values = {name: sa.bindparam(f"to_{name}", type_=cases.c[name].type) for name in names}
    return cases.update().where(_MOVING).values(batch=None, changed_at=sa.bindparam("now"), **values)


def leave(tx: Tx, ids: Sequence[int] | None, *, batch: int, now: int, values: dict[str, object]) -> int:
    """Cases leave their batch for the place in `values`, these or (None) all of them; how many did."""
    leaving = _leave(tuple(values))
    if ids is not None:
        leaving = leaving.where(bulk.among(tx, cases.c.id, ids))
    named = {f"to_{name}": value for name, value in values.items()}
    return tx.execute(leaving, {"its_batch": batch, "now": now, **named}).rowcount


def _due(now: int) -> tuple[sa.ColumnElement[bool], ...]:
    return cases.c.place == Place.WAITING.value, cases.c.due_at <= now


def waited_for(tx: Tx, now: int) -> set[str]:
    """The connections for which cases wait whose time has come."""
    found = tx.execute(sa.select(cases.c.waits_for).where(*_due(now), _waits_for_one()).distinct()).scalars()
    return {name for name in map(connection_waited_for, found) if name is not None}


def _waits_for_one() -> sa.ColumnElement[bool]:
    return cases.c.waits_for.startswith(waiting_for(""), autoescape=True)


def wake_waiting_for(tx: Tx, connection: str, now: int, *, most: int) -> int:
    """The oldest of the cases that wait for this connection, and whose time has come, are ready again; how many."""
    chosen = (
        sa.select(cases.c.id)
        .where(*_due(now), cases.c.waits_for == waiting_for(connection))
        .order_by(cases.c.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    done = tx.execute(
        cases.update()
        .where(cases.c.id.in_(chosen))
        .values(place=Place.READY.value, waits_for=None, due_at=None, reason=None, changed_at=now)
    )
    return done.rowcount


def put_off(tx: Tx, connection: str, now: int, *, until: int) -> None:
    """Cases that wait for a connection which is left alone are looked at again later."""
    tx.execute(cases.update().where(*_due(now), cases.c.waits_for == waiting_for(connection)).values(due_at=until))


def wake(tx: Tx, now: int) -> int:
    """Waiting cases whose time has come are ready again, but those that wait for a connection."""
    done = tx.execute(
        cases.update()
        .where(*_due(now), sa.or_(cases.c.waits_for.is_(None), sa.not_(_waits_for_one())))
        .values(place=Place.READY.value, waits_for=None, due_at=None, reason=None, changed_at=now)
    )
    return done.rowcount


def go_on(tx: Tx, ids: Sequence[int], *, now: int, node: str | None, places: Sequence[Place]) -> int:
    """Cases that stood in one of `places` are ready at `node`."""
    done = tx.execute(
        cases.update()
        .where(bulk.among(tx, cases.c.id, ids), cases.c.place.in_([place.value for place in places]))
        .values(
            place=Place.READY.value, node=node, waits_for=None, due_at=None, reason=None, attempts=0, changed_at=now
        )
    )
    return done.rowcount


@lru_cache(maxsize=2)
def _after_effect(dialect: str) -> sa.UpdateBase:
    return (
        cases.update()
        .where(
            bulk.within(dialect, cases.c.id, "ids"),
            cases.c.place == Place.WAITING.value,
            cases.c.waits_for == WaitsFor.EFFECT.value,
        )
        .values(
            place=sa.bindparam("to", type_=sa.Text),
            node=sa.case(
                (sa.bindparam("stays", type_=sa.Boolean), cases.c.node), else_=sa.bindparam("at", type_=sa.Text)
            ),
            reason=sa.bindparam("why", type_=sa.Text),
            waits_for=None,
            due_at=None,
            changed_at=sa.bindparam("now", type_=sa.BigInteger),
        )
        .returning(cases.c.id)
    )


def after_effect(
    tx: Tx,
    ids: Sequence[int],
    *,
    now: int,
    place: Place,
    node: str | None = None,
    stays: bool = True,
    reason: str | None = None,
) -> set[int]:
    """Cases that waited for an effect go to `place`, and stay at their node or go to `node`.

    Which did: a withdrawn one stays withdrawn.
    """
    dialect = tx.dialect.name
    values = {
        "ids": bulk.listed(dialect, ids),
        "to": place.value,
        "stays": stays,
        "at": node,
        "why": reason,
        "now": now,
    }
    return set(tx.execute(_after_effect(dialect), values).scalars())


def items_of(tx: Tx, parents: Sequence[int]) -> list[sa.Row[int, int, int, str]]:
    """The items of cases that wait for them: (parent, id, item, place)."""
    return list(
        tx.execute(
            sa.select(cases.c.parent, cases.c.id, cases.c.item, cases.c.place)
            .where(bulk.among(tx, cases.c.parent, parents))
            .order_by(cases.c.item)
        )
    )


def parents_waiting(tx: Tx, children: Sequence[int]) -> list[int]:
    """Parents of these cases that wait for nothing more than their items, all of which are done."""
    parent = cases.alias("parent")
    child = cases.alias("child")
    sibling = cases.alias("sibling")
    ended = [Place.DONE.value, Place.HANDED_OVER.value]
    open_sibling = sa.exists().where(sibling.c.parent == parent.c.id, sibling.c.place.not_in(ended))
    return list(
        tx.execute(
            sa.select(parent.c.id)
            .distinct()
            .join(child, child.c.parent == parent.c.id)
            .where(
                bulk.among(tx, child.c.id, children),
                parent.c.place == Place.WAITING.value,
                parent.c.waits_for == WaitsFor.ITEMS.value,
                ~open_sibling,
            )
        ).scalars()
    )


def open_batches(tx: Tx, *, before: int, most: int = 100) -> list[sa.Row[int, str, str, str]]:
    """Batches that have not moved since `before`: (id, automation, release, executor)."""
    return list(
        tx.execute(
            sa.select(batches.c.id, batches.c.automation, batches.c.release, batches.c.executor)
            .where(sa.not_(batches.c.ended), batches.c.changed_at < before)
            .order_by(batches.c.id)
            .limit(most)
        )
    )


def ended_batches(tx: Tx, *, before: int, most: int = 500) -> list[int]:
    """Batches that ended before then, and whose engine records may go."""
    return list(
        tx.execute(sa.select(batches.c.id).where(batches.c.ended, batches.c.changed_at < before).limit(most)).scalars()
    )


def drop_batches(tx: Tx, ids: Sequence[int]) -> None:
    """Delete ended batches; the timelines keep their numbers."""
    tx.execute(batches.delete().where(bulk.among(tx, batches.c.id, ids), batches.c.ended))


_STILL_MOVING: Final = sa.select(cases.c.id).where(_MOVING).with_for_update()
_HOW_MANY_MOVE: Final = sa.select(sa.func.count()).select_from(_STILL_MOVING.subquery())


def all_moving(tx: Tx, batch: int, number: int) -> bool:
    """Whether so many cases, hence all of them, are still in the batch; they are locked until the transaction ends."""
    return tx.execute(_HOW_MANY_MOVE, {"its_batch": batch}).scalar_one() == number


def still_moving(tx: Tx, batch: int) -> set[int]:
    """The cases that are still in the batch, locked until the transaction ends: nobody withdraws them meanwhile."""
    return set(tx.execute(_STILL_MOVING, {"its_batch": batch}).scalars())


def go_on_where_they_stand(tx: Tx, ids: Sequence[int], *, now: int) -> None:
    """Waiting cases are ready again at the node where they are."""
    tx.execute(
        cases.update()
        .where(bulk.among(tx, cases.c.id, ids), cases.c.place == Place.WAITING.value)
        .values(place=Place.READY.value, waits_for=None, due_at=None, reason=None, changed_at=now)
    )


def outputs(tx: Tx, ids: Sequence[int]) -> dict[int, dict[str, object]]:
    """All that nodes and effects gave to these cases: case -> node -> plain data."""
    given: dict[int, dict[str, object]] = {}
    if not ids:
        return given
    for case, text in tx.execute(
        sa.select(case_content.c.case_id, case_content.c.given).where(bulk.among(tx, case_content.c.case_id, ids))
    ):
        given[case] = json.loads(text) if text else {}
    for case, results in effect_results(tx, ids).items():
        given.setdefault(case, {}).update({node: json.loads(result) for node, result in results.items()})
    return given


def finish(tx: Tx, case: int, *, now: int) -> int | None:
    """A case that was with people is done; its parent, if it is an item."""
    done = tx.execute(
        cases.update()
        .where(cases.c.id == case, cases.c.place == Place.WITH_PEOPLE.value)
        .values(place=Place.DONE.value, node=None, reason=None, changed_at=now)
        .returning(cases.c.parent, cases.c.automation)
    ).one_or_none()
    if done is None:
        return None
    tallying.add(tx, tallying.of_cases(done.automation, {Place.DONE.value: 1}), now)
    return done.parent


def wait_for_effect(tx: Tx, case: int, *, now: int) -> None:
    """A case that was with people waits for its effect again."""
    tx.execute(
        cases.update()
        .where(cases.c.id == case, cases.c.place == Place.WITH_PEOPLE.value)
        .values(place=Place.WAITING.value, waits_for=WaitsFor.EFFECT.value, reason=None, changed_at=now)
    )


def end(tx: Tx, ids: Sequence[int], *, now: int, reason: str) -> set[int]:
    """Open cases are withdrawn; which were."""
    ended = [Place.DONE.value, Place.WITHDRAWN.value, Place.HANDED_OVER.value]
    rows = tx.execute(
        cases.update()
        .where(bulk.among(tx, cases.c.id, ids), cases.c.place.notin_(ended))
        .values(place=Place.WITHDRAWN.value, waits_for=None, due_at=None, batch=None, reason=reason, changed_at=now)
        .returning(cases.c.id, cases.c.automation)
    ).all()
    changes = Counter((tallying.CASE, row.automation, "", Place.WITHDRAWN.value) for row in rows)
    tallying.add(tx, changes, now)
    return {row.id for row in rows}


def revive(tx: Tx, ids: Sequence[int], *, now: int, node: str | None) -> list[int]:
    """Dead letters are ready again, where they failed or at `node`; which were dead letters."""
    values: dict[str, object] = {
        "place": Place.READY.value,
        "reason": None,
        "attempts": 0,
        "deaths": 0,
        "changed_at": now,
        "waits_for": None,
        "due_at": None,
    }
    if node is not None:
        values["node"] = node
    return sorted(
        tx.execute(
            cases.update()
            .where(bulk.among(tx, cases.c.id, ids), cases.c.place == Place.DEAD_LETTER.value)
            .values(values)
            .returning(cases.c.id)
        ).scalars()
    )


def any_due(tx: Tx, now: int) -> bool:
    """Whether a waiting case's time has come."""
    query = sa.select(cases.c.id).where(cases.c.place == Place.WAITING.value, cases.c.due_at <= now).limit(1)
    return tx.execute(query).first() is not None


def count_takeovers(tx: Tx, ids: Sequence[int], now: int) -> None:
    """Batches that were taken over once more."""
    tx.execute(
        batches.update()
        .where(bulk.among(tx, batches.c.id, ids))
        .values(takeovers=batches.c.takeovers + 1, changed_at=now)
    )


def end_batch(tx: Tx, batch: int, *, now: int) -> bool:
    """End a batch whose cases go on in others; False when it has ended already."""
    done = tx.execute(
        batches.update().where(batches.c.id == batch, sa.not_(batches.c.ended)).values(ended=True, changed_at=now)
    )
    return done.rowcount == 1


def rebatch(tx: Tx, ids: Sequence[int], *, batch: int) -> None:
    """Moving cases go on in another batch."""
    tx.execute(
        cases.update().where(bulk.among(tx, cases.c.id, ids), cases.c.place == Place.MOVING.value).values(batch=batch)
    )


def count_death(tx: Tx, case: int) -> int:
    """One more process ended while it worked on this case alone; how many have."""
    return tx.execute(
        cases.update().where(cases.c.id == case).values(deaths=cases.c.deaths + 1).returning(cases.c.deaths)
    ).scalar_one()

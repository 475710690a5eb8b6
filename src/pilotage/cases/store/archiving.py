"""SQL of archives: which ended cases may go, taking them out whole, the keys that stay, and putting them back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

import sqlalchemy as sa

from pilotage.cases.store import responses, tallying
from pilotage.cases.tables import (
    archive_runs,
    archived_keys,
    case_content,
    cases,
    effect_content,
    effects,
    hand_overs,
    timeline,
)
from pilotage.cases.values import EffectState, HandOverState, Place
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.storage.plain import to_plain, to_row

Packed: TypeAlias = dict[str, list[dict[str, object]]]
"""The rows of one case as plain data: table -> rows."""

_ENDED: Final = (Place.DONE.value, Place.HANDED_OVER.value, Place.WITHDRAWN.value)
_SETTLED: Final = (EffectState.CONFIRMED.value, EffectState.REFUSED.value, EffectState.UNDONE.value)
_PARTS: Final = (
    (cases, cases.c.id),
    (case_content, case_content.c.case_id),
    (timeline, timeline.c.case_id),
    (effects, effects.c.case_id),
    (effect_content, effect_content.c.case_id),
    (hand_overs, hand_overs.c.case_id),
)
_STAY: Final = (HandOverState.DUPLICATE.value, HandOverState.QUARANTINED.value)
"""Hand-overs that made no case stay: they are few, and the sum of what arrived counts them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """One file of ended cases."""

    id: int
    file: str
    automation: str | None
    ended_before: int
    state: str
    """open: it is being written; written; restored: nothing in it is missing here any more."""
    cases: int
    born: int
    taken: int
    """Hand-overs in it that made cases of other automations."""
    bytes: int
    """So much of the file is whole, and what is in it is not here."""
    digest: str | None


def run_of(tx: Tx, *, file: str | None = None, number: int | None = None, lock: bool = False) -> Run | None:
    """The newest run of a file, or the run of a number; with `lock`, nobody else goes on with it meanwhile."""
    r = archive_runs.c
    query = sa.select(*rows.columns(archive_runs, Run)).order_by(r.id.desc()).limit(1)
    query = query.where(r.file == file) if number is None else query.where(r.id == number)
    return rows.value_or_none(Run, tx.execute(query.with_for_update() if lock else query))


def begin_run(tx: Tx, row: bulk.Row) -> None:
    """Insert a run."""
    bulk.insert(tx, archive_runs, [row])


def turn_run(tx: Tx, number: int, *, now: int, **values: object) -> None:
    """Change a run: how much is in its file, or its state."""
    tx.execute(archive_runs.update().where(archive_runs.c.id == number).values(changed_at=now, **values))


def drop_run(tx: Tx, number: int) -> None:
    """Delete a run that took nothing."""
    tx.execute(archive_runs.delete().where(archive_runs.c.id == number))


def ended(tx: Tx, automation: str | None, *, before: int, after: int, most: int) -> list[int]:
    """Cases that ended before then and are nobody's items, oldest first, locked: those behind the case `after`."""
    c = cases.c
    query = (
        sa.select(c.id)
        .where(c.place.in_(_ENDED), c.changed_at < before, c.parent.is_(None), c.id > after)
        .order_by(c.id)
        .limit(most)
        .with_for_update()
    )
    return list(tx.execute(query if automation is None else query.where(c.automation == automation)).scalars())


def families(tx: Tx, roots: Sequence[int], *, before: int) -> list[int]:
    """Those of the cases that may go, with all their items: everybody ended before then, and every effect is settled."""
    root_of, stay = {root: root for root in roots}, set[int]()
    level = list(roots)
    while level:
        c = cases.c
        items = tx.execute(
            sa.select(c.id, c.parent, c.place, c.changed_at).where(bulk.among(tx, c.parent, level)).with_for_update()
        ).all()
        level = list[int]()
        for number, parent, place, changed_at in items:
            root_of[number] = root_of[parent]
            level.append(number)
            if place not in _ENDED or changed_at >= before:
                stay.add(root_of[number])
    e = effects.c
    unsettled = sa.select(e.case_id).where(bulk.among(tx, e.case_id, root_of), e.state.notin_(_SETTLED))
    stay |= {root_of[case] for case in tx.execute(unsettled).scalars()}
    return sorted(case for case, root in root_of.items() if root not in stay)


def pack(tx: Tx, ids: Sequence[int]) -> dict[int, Packed]:
    """Everything of these cases as plain data."""
    found: dict[int, Packed] = {number: {} for number in ids}
    for table, owner in _PARTS:
        query = table.select().where(_goes(tx, table, owner, ids)).order_by(*table.primary_key.columns)
        for row in tx.execute(query).mappings():
            plain = to_plain(table, cast("Mapping[str, object]", row))
            found[row[owner.name]].setdefault(table.name, []).append(plain)
    return found


def _goes(tx: Tx, table: sa.Table, owner: sa.Column[int], ids: Sequence[int]) -> sa.ColumnElement[bool]:
    mine = bulk.among(tx, owner, ids)
    return sa.and_(mine, hand_overs.c.state.not_in(_STAY)) if table is hand_overs else mine


def remove(tx: Tx, ids: Sequence[int], *, run: int) -> None:
    """Delete these cases, which are in the run's file; their keys stay."""
    c = cases.c
    responses.forget(tx, ids)
    left = tx.execute(sa.select(c.automation, c.key, c.id, c.digest).where(bulk.among(tx, c.id, ids)))
    keys = [
        {"automation": automation, "key": key, "case_id": number, "digest": digest, "run": run}
        for automation, key, number, digest in left
    ]
    bulk.insert(tx, archived_keys, keys)
    gone = tx.execute(sa.select(c.automation, c.place, c.parent).where(bulk.among(tx, c.id, ids))).mappings().all()
    e = effects.c
    sent = tx.execute(sa.select(e.automation, e.connection, e.state).where(bulk.among(tx, e.case_id, ids))).mappings()
    h = hand_overs.c
    passed = tx.execute(sa.select(h.taker, h.state).where(_goes(tx, hand_overs, h.case_id, ids))).mappings()
    tallying.add(tx, tallying.of_stored(_plain(gone), _plain(sent), _plain(passed), by=-1), 0)
    for table, owner in reversed(_PARTS):
        tx.execute(table.delete().where(_goes(tx, table, owner, ids)))


def _plain(found: Iterable[sa.RowMapping]) -> list[dict[str, object]]:
    return [dict(cast("Mapping[str, object]", row)) for row in found]


def still_out(tx: Tx, run: int, automation: str, keys: Sequence[str]) -> set[int]:
    """Which cases of these keys are in the run's file and not here."""
    a = archived_keys.c
    query = sa.select(a.case_id).where(a.run == run, a.automation == automation, bulk.among_texts(tx, a.key, keys))
    return set(tx.execute(query).scalars())


def put_back(tx: Tx, run: int, packed: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
    """Insert what `pack` gave; the tables know those keys again."""
    for table, _ in _PARTS:
        bulk.insert(tx, table, [to_row(table, row) for row in packed.get(table.name, ())])
    stored = [packed.get(table.name, ()) for table in (cases, effects, hand_overs)]
    tallying.add(tx, tallying.of_stored(*stored, by=1), 0)
    numbers = [int(str(row["id"])) for row in packed.get(cases.name, ())]
    back = sa.select(cases.c.key).where(
        cases.c.automation == archived_keys.c.automation, cases.c.key == archived_keys.c.key
    )
    tx.execute(
        archived_keys.delete().where(
            archived_keys.c.run == run,
            back.where(bulk.among(tx, cases.c.id, numbers)).correlate(archived_keys).exists(),
        )
    )


def files_of(tx: Tx, key: str, automation: str | None) -> list[str]:
    """The files that archived cases of this key are in."""
    a, r = archived_keys.c, archive_runs.c
    query = sa.select(r.file).join(archived_keys, a.run == r.id).where(a.key == key).limit(20)
    return list(tx.execute(query if automation is None else query.where(a.automation == automation)).scalars())

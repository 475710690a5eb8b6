"""SQL of erasing: what is personal of a case goes, what the sums and the proof need stays."""

import json
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from pilotage.cases.store import responses
from pilotage.cases.tables import (
    archive_runs,
    archived_keys,
    case_content,
    cases,
    effect_content,
    effects,
    quarantine,
    quarantine_content,
    timeline,
)
from pilotage.cases.values import EffectState
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Database, Tx

_OPEN_EFFECTS = (EffectState.PLANNED, EffectState.SENDING, EffectState.UNKNOWN, EffectState.UNDOING)


def family(tx: Tx, automation: str, key: str) -> dict[int, str]:
    """The case of a key with its items, locked: case -> place."""
    c = cases.c
    named = sa.select(c.id, c.place).where(c.automation == automation, c.key == key)
    found = {row.id: row.place for row in tx.execute(named.with_for_update())}
    level = list(found)
    while level:
        below = sa.select(c.id, c.place).where(bulk.among(tx, c.parent, level))
        items = {row.id: row.place for row in tx.execute(below.with_for_update())}
        found |= items
        level = list(items)
    return found


def open_effects(tx: Tx, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Effects of these cases of which more may become: (id, state)."""
    e = effects.c
    query = sa.select(e.id, e.state).where(
        bulk.among(tx, e.case_id, ids), e.state.in_([state.value for state in _OPEN_EFFECTS])
    )
    return [(number, state) for number, state in tx.execute(query)]


def quarantined(tx: Tx, automation: str, key: str, ids: Sequence[int]) -> list[tuple[int, str]]:
    """Records in quarantine that are of this key, became one of the cases, or stand beside one: (id, state)."""
    q = quarantine.c
    mine = sa.or_(q.key == key, bulk.among(tx, q.case_id, ids), bulk.among(tx, q.beside, ids))
    return [(n, state) for n, state in tx.execute(sa.select(q.id, q.state).where(q.automation == automation, mine))]


def archived_in(tx: Tx, automation: str, key: str) -> tuple[int, int, str] | None:
    """Where the archived case of a key is: (case, run, file)."""
    a, r = archived_keys.c, archive_runs.c
    query = sa.select(a.case_id, r.id, r.file).join(archive_runs, a.run == r.id)
    row = tx.execute(query.where(a.automation == automation, a.key == key)).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def zero_what_is_freed(tx: Tx) -> None:
    """On SQLite, write zeros over what the changes of this transaction free in the file."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA secure_delete=ON")


def empty_log(database: Database) -> None:
    """On SQLite, bring the log of changes into the file and make it empty: it holds older pages."""
    if database.dialect == "sqlite":
        connection = database.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            connection.close()


def erase_cases(tx: Tx, ids: Sequence[int], bare: Callable[[str], str]) -> None:
    """Contents, words and reasons of these cases go; `bare` leaves of a story what may stay."""
    tx.execute(
        case_content.update()
        .where(bulk.among(tx, case_content.c.case_id, ids))
        .values(record="null", given=None, judgements=None)
    )
    tx.execute(effect_content.update().where(bulk.among(tx, effect_content.c.case_id, ids)).values(result="null"))
    responses.forget(tx, ids)
    tx.execute(effects.update().where(bulk.among(tx, effects.c.case_id, ids)).values(words=None, segments=None))
    tx.execute(cases.update().where(bulk.among(tx, cases.c.id, ids)).values(reason=None, segments=None))
    t = timeline.c
    for case, number, story in tx.execute(
        sa.select(t.case_id, t.id, t.story).where(bulk.among(tx, t.case_id, ids))
    ).all():
        tx.execute(timeline.update().where(t.case_id == case, t.id == number).values(story=bare(story)))


def erase_quarantined(tx: Tx, records: Sequence[int]) -> None:
    """The original bytes and fields of these records go."""
    content = quarantine_content.c
    tx.execute(
        quarantine_content.update()
        .where(bulk.among(tx, content.quarantine_id, records))
        .values(original=b"", fields=None)
    )
    q = quarantine.c
    tx.execute(quarantine.update().where(bulk.among(tx, q.id, records)).values(reason="(erased)", settled_why=None))


def tell(tx: Tx, ids: Sequence[int], numbers: Sequence[int], *, now: int, by: str, reason: str) -> None:
    """Say in the timelines that it was erased."""
    story = json.dumps([["erased", by, reason]])
    rows = [
        {"case_id": case, "id": number, "at": now, "batch": None, "story": story}
        for case, number in zip(ids, numbers, strict=True)
    ]
    bulk.insert(tx, timeline, rows)

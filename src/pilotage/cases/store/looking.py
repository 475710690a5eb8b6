"""SQL that only looks: one case, lists, counts for status and the page, and the sums that `doctor` proves."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from pilotage.cases.store import handing, standing
from pilotage.cases.store.found import (
    CaseRow,
    Content,
    DeadLetter,
    EffectRow,
    Quarantined,
    QuarantinedWhole,
    Shape,
    Stands,
    Told,
)
from pilotage.cases.sums import Tally
from pilotage.cases.tables import (
    case_content,
    cases,
    effect_content,
    effects,
    quarantine,
    quarantine_content,
    still_open,
    submissions,
    timeline,
)
from pilotage.cases.values import EffectState, HandOverState, Place
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

_LAST: Final = "\U0010ffff"
"""Comes behind every other sign, where signs are compared by their numbers."""

Broken: TypeAlias = tuple[object, ...]
"""A row that breaks an invariant: its id, and a second column that helps to find out why."""


def content(tx: Tx, case: int) -> Content | None:
    """What a case holds: record, given, judgements (JSON texts)."""
    c = case_content.c
    query = sa.select(c.record, c.given, c.judgements).where(c.case_id == case)
    return rows.value_or_none(Content, tx.execute(query))


def case_by_id(tx: Tx, case: int) -> CaseRow | None:
    """The row of a case."""
    query = sa.select(*rows.columns(cases, CaseRow)).where(cases.c.id == case)
    return rows.value_or_none(CaseRow, tx.execute(query))


def cases_by_key(tx: Tx, key: str, automation: str | None = None) -> list[CaseRow]:
    """The rows of cases with this key, in one automation or all."""
    names = _automations(tx) if automation is None else [automation]
    query = sa.select(*rows.columns(cases, CaseRow)).where(cases.c.automation.in_(names), cases.c.key == key)
    return rows.values(CaseRow, tx.execute(query.limit(20)))


def _automations(tx: Tx) -> list[str]:
    """The automations that have cases, one step of the index of keys for each."""
    found: list[str] = []
    query = sa.select(sa.func.min(cases.c.automation))
    while (name := tx.execute(query).scalar()) is not None:
        found.append(name)
        query = sa.select(sa.func.min(cases.c.automation)).where(cases.c.automation > name)
    return found


def keys_like(tx: Tx, text: str) -> list[str]:
    """Some keys that begin like the text, as far as any does, for "did you mean"."""
    names = _automations(tx)
    for length in range(len(text) - 1, 0, -1):
        begins = text[:length]
        query = sa.select(cases.c.key).where(
            cases.c.automation.in_(names), cases.c.key >= begins, cases.c.key < begins + _LAST
        )
        if found := [key for key in tx.execute(query.limit(500)).scalars() if key.startswith(begins)]:
            return found
    return []


def places(tx: Tx, ids: Sequence[int]) -> list[Stands]:
    """Where these cases are."""
    query = sa.select(*rows.columns(cases, Stands)).where(bulk.among(tx, cases.c.id, ids)).order_by(cases.c.id)
    return rows.values(Stands, tx.execute(query))


def story(tx: Tx, case: int) -> list[Told]:
    """The timeline of a case."""
    query = sa.select(*rows.columns(timeline, Told)).where(timeline.c.case_id == case).order_by(timeline.c.id)
    return rows.values(Told, tx.execute(query))


def effects_of(tx: Tx, case: int) -> list[EffectRow]:
    """The ledger rows of a case with what they gave."""
    return rows.values(EffectRow, tx.execute(_effect_rows().where(effects.c.case_id == case)))


def effects_at(tx: Tx, automation: str, node: str) -> list[EffectRow]:
    """The ledger rows of one act over all cases, with what they gave."""
    query = _effect_rows().where(effects.c.automation == automation, effects.c.node == node)
    return rows.values(EffectRow, tx.execute(query))


def _effect_rows() -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(*rows.columns(effects, EffectRow), effect_content.c.result)
        .outerjoin(effect_content, effect_content.c.effect_id == effects.c.id)
        .order_by(effects.c.id)
    )


def dead_letters(
    tx: Tx, automation: str | None, *, node: str | None = None, reason: str | None = None, most: int = 100_000
) -> list[DeadLetter]:
    """Dead letters, oldest first."""
    c = cases.c
    query = (
        sa.select(*rows.columns(cases, DeadLetter))
        .where(c.place == Place.DEAD_LETTER.value, still_open())
        .order_by(c.id)
        .limit(most)
    )
    if automation is not None:
        query = query.where(c.automation == automation)
    if node is not None:
        query = query.where(c.node == node)
    if reason is not None:
        query = query.where(c.reason.contains(reason, autoescape=True))
    return rows.values(DeadLetter, tx.execute(query))


def count_places(tx: Tx) -> list[tuple[str, str, int, int | None]]:
    """Cases by automation and place: (automation, place, count, oldest change)."""
    c = cases.c
    found = tx.execute(
        sa.select(c.automation, c.place, sa.func.count(), sa.func.min(c.changed_at)).group_by(c.automation, c.place)
    )
    return [(a, p, n, oldest) for a, p, n, oldest in found]


def count_waiting(tx: Tx) -> list[tuple[str, str | None, int]]:
    """Waiting cases by what they wait for: (automation, waits_for, count)."""
    c = cases.c
    found = tx.execute(
        sa.select(c.automation, c.waits_for, sa.func.count())
        .where(c.place == Place.WAITING.value, still_open())
        .group_by(c.automation, c.waits_for)
    )
    return [(a, w, n) for a, w, n in found]


def count_reasons(tx: Tx, place: Place, automation: str | None = None, most: int = 8) -> list[tuple[str, int]]:
    """The commonest reasons for a place at which cases are open."""
    c = cases.c
    query = sa.select(c.reason, sa.func.count()).where(c.place == place.value, still_open())
    if automation is not None:
        query = query.where(c.automation == automation)
    found = tx.execute(query.group_by(c.reason).order_by(sa.func.count().desc()).limit(most))
    return [(reason or "", count) for reason, count in found]


def count_arrivals(tx: Tx) -> list[tuple[str, int, int, int, int]]:
    """By automation: arrived, accepted, duplicates, quarantined."""
    s = submissions.c
    found = tx.execute(
        sa.select(
            s.automation,
            sa.func.sum(s.arrived),
            sa.func.sum(s.accepted),
            sa.func.sum(s.duplicates),
            sa.func.sum(s.quarantined),
        ).group_by(s.automation)
    )
    return [(a, int(n), int(ok), int(twice), int(bad)) for a, n, ok, twice, bad in found]


def count_quarantine(tx: Tx) -> list[tuple[str, str, int]]:
    """Records by automation and state (waiting, released, discarded)."""
    q = quarantine.c
    found = tx.execute(sa.select(q.automation, q.state, sa.func.count()).group_by(q.automation, q.state))
    return [(a, s, n) for a, s, n in found]


def count_shapes(tx: Tx, automation: str | None = None) -> list[Shape]:
    """Records in quarantine by shape, the commonest first."""
    q = quarantine.c
    query = (
        sa.select(
            q.automation,
            q.shape,
            q.kind,
            sa.func.min(q.reason).label("reason"),
            sa.func.count().label("count"),
            sa.func.min(q.id).label("first"),
            sa.func.min(q.at).label("oldest"),
        )
        .where(q.state == "waiting")
        .group_by(q.automation, q.shape, q.kind)
        .order_by(sa.func.count().desc())
    )
    if automation is not None:
        query = query.where(q.automation == automation)
    return rows.values(Shape, tx.execute(query))


def quarantined(tx: Tx, record: int) -> QuarantinedWhole | None:
    """One record of quarantine with its original bytes and fields."""
    content = quarantine_content.c
    query = (
        sa.select(*rows.columns(quarantine, QuarantinedWhole), content.original, content.fields)
        .outerjoin(quarantine_content, content.quarantine_id == quarantine.c.id)
        .where(quarantine.c.id == record)
    )
    return rows.value_or_none(QuarantinedWhole, tx.execute(query))


def quarantined_of(
    tx: Tx, *, automation: str | None = None, shape: str | None = None, most: int = 20
) -> list[Quarantined]:
    """Records that wait in quarantine, oldest first."""
    q = quarantine.c
    query = sa.select(*rows.columns(quarantine, Quarantined)).where(q.state == "waiting").order_by(q.id).limit(most)
    if automation is not None:
        query = query.where(q.automation == automation)
    if shape is not None:
        query = query.where(q.shape == shape)
    return rows.values(Quarantined, tx.execute(query))


def doubles(tx: Tx) -> dict[str, list[Broken]]:
    """Rows that break an invariant, by the name of the invariant; all lists are empty on a sound platform."""
    c, e = cases.c, effects.c
    open_effect = e.state.in_([EffectState.PLANNED.value, EffectState.SENDING.value, EffectState.UNKNOWN.value])
    waits = sa.and_(c.place == Place.WAITING.value, c.waits_for == "an effect")
    looked_for = {
        "a moving case has a batch": sa.select(c.id, c.place).where(
            (c.place == Place.MOVING.value) != c.batch.isnot(None)
        ),
        "a case that waits for an effect has one that is open": sa.select(c.id, c.node).where(
            waits, ~sa.exists().where(e.case_id == c.id, e.node == c.node, open_effect)
        ),
        "a confirmed effect has its result": sa.select(e.id, e.key).where(
            e.state == EffectState.CONFIRMED.value, ~sa.exists().where(effect_content.c.effect_id == e.id)
        ),
        "an effect on its way has a sender": sa.select(e.id, e.key).where(
            (e.state == EffectState.SENDING.value) & e.sender.is_(None)
        ),
    }
    return {name: [tuple(row) for row in tx.execute(query.limit(20))] for name, query in looked_for.items()}


def tally(tx: Tx) -> Tally:
    """What the two sums are made of."""
    arrivals = count_arrivals(tx)
    kept: dict[str, int] = {}
    for _, state, number in count_quarantine(tx):
        kept[state] = kept.get(state, 0) + number
    counted: dict[Place, int] = {}
    for _, place, number, _ in count_places(tx):
        counted[Place(place)] = counted.get(Place(place), 0) + number
    born = tx.execute(sa.select(sa.func.count()).select_from(cases).where(cases.c.parent.isnot(None))).scalar_one()
    archived = standing.archived(tx)
    passed = handing.states(tx)
    return Tally(
        arrived=sum(row[1] for row in arrivals),
        accepted=sum(row[2] for row in arrivals),
        duplicates=sum(row[3] for row in arrivals),
        in_quarantine=kept.get("waiting", 0),
        released=kept.get("released", 0),
        discarded=kept.get("discarded", 0),
        born=born + archived.born,
        taken_over=passed[HandOverState.TAKEN] + archived.taken,
        had_already=passed[HandOverState.DUPLICATE],
        not_fitting=passed[HandOverState.QUARANTINED],
        archived=archived.cases,
        places=counted,
    )

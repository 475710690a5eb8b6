"""SQL that reads: old cases with what was recorded of them, and what became of the records of a rehearsal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pilotage.cases.tables import case_content, cases, effect_content, effects, quarantine
from pilotage.inbox.tables import decision_content, decisions
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Database, Tx

TOGETHER = 1000
"""Cases that are read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OldCase:
    """A stored case, as far as it is rehearsed: its record, and where it is now."""

    id: int
    key: str
    place: str
    record: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OldResult:
    """What a confirmed effect of a stored case gave."""

    key: str
    node: str
    inputs: str
    result: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedCase:
    """A case at the end of a rehearsal."""

    id: int
    automation: str
    key: str
    place: str
    node: str | None
    waits_for: str | None
    due_at: int | None
    parent: int | None
    reason: str | None
    given: str | None
    judgements: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedEffect:
    """A ledger row at the end of a rehearsal."""

    id: int
    case_id: int
    node: str
    connection: str
    state: str
    attempt: int
    words: str | None
    result: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedDecision:
    """A question that the rehearsal came to."""

    case_id: int
    node: str
    kind: str
    why: str
    asked: str
    proposal: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A record in quarantine."""

    id: int
    kind: str
    field: str | None
    reason: str
    key: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some cases with everything that hangs on them."""

    cases: Sequence[EndedCase]
    effects: Mapping[int, Sequence[EndedEffect]]
    decisions: Mapping[int, Sequence[AskedDecision]]


def last(tx: Tx, automation: str, *, most: int | None, since: int | None) -> list[OldCase]:
    """The last cases of an automation whose records are still there, oldest first; items of a for-each are none of them."""
    query = (
        sa.select(cases.c.id, cases.c.key, cases.c.place, case_content.c.record)
        .join(case_content, case_content.c.case_id == cases.c.id)
        .where(cases.c.automation == automation, cases.c.parent.is_(None))
        .order_by(cases.c.id.desc())
    )
    if since is not None:
        query = query.where(cases.c.accepted_at >= since)
    if most is not None:
        query = query.limit(most)
    return rows.values(OldCase, tx.execute(query))[::-1]


def results(tx: Tx, ids: Sequence[int]) -> list[OldResult]:
    """What the confirmed effects of these cases gave."""
    query = (
        sa.select(cases.c.key, effects.c.node, effects.c.inputs, effect_content.c.result)
        .join(cases, cases.c.id == effects.c.case_id)
        .join(effect_content, effect_content.c.effect_id == effects.c.id)
        .where(bulk.among(tx, effects.c.case_id, ids))
        .order_by(effects.c.id)
    )
    return rows.values(OldResult, tx.execute(query))


def inputs(tx: Tx, ids: Sequence[int]) -> dict[int, str]:
    """The digests of what these effects were planned with."""
    query = sa.select(effects.c.id, effects.c.inputs).where(bulk.among(tx, effects.c.id, ids))
    return {row.id: row.inputs for row in tx.execute(query)}


def pages(database: Database) -> Iterator[Page]:
    """Every case of a rehearsal's database, oldest first."""
    after = 0
    while True:
        with database.snapshot() as tx:
            found = _cases(tx, after)
            if not found:
                return
            ids = [one.id for one in found]
            page = Page(cases=found, effects=_effects(tx, ids), decisions=_decisions(tx, ids))
        after = ids[-1]
        yield page


def _cases(tx: Tx, after: int) -> list[EndedCase]:
    query = (
        sa.select(*rows.columns(cases, EndedCase), case_content.c.given, case_content.c.judgements)
        .outerjoin(case_content, case_content.c.case_id == cases.c.id)
        .where(cases.c.id > after)
        .order_by(cases.c.id)
        .limit(TOGETHER)
    )
    return rows.values(EndedCase, tx.execute(query))


def _effects(tx: Tx, ids: Sequence[int]) -> dict[int, list[EndedEffect]]:
    query = (
        sa.select(*rows.columns(effects, EndedEffect), effect_content.c.result)
        .outerjoin(effect_content, effect_content.c.effect_id == effects.c.id)
        .where(bulk.among(tx, effects.c.case_id, ids))
        .order_by(effects.c.id)
    )
    found: dict[int, list[EndedEffect]] = {}
    for one in rows.values(EndedEffect, tx.execute(query)):
        found.setdefault(one.case_id, []).append(one)
    return found


def _decisions(tx: Tx, ids: Sequence[int]) -> dict[int, list[AskedDecision]]:
    query = (
        sa.select(*rows.columns(decisions, AskedDecision), decision_content.c.proposal)
        .outerjoin(decision_content, decision_content.c.decision_id == decisions.c.id)
        .where(bulk.among(tx, decisions.c.case_id, ids))
        .order_by(decisions.c.id)
    )
    found: dict[int, list[AskedDecision]] = {}
    for one in rows.values(AskedDecision, tx.execute(query)):
        found.setdefault(one.case_id, []).append(one)
    return found


def kept(tx: Tx) -> list[Kept]:
    """The records that stayed in quarantine."""
    return rows.values(Kept, tx.execute(sa.select(*rows.columns(quarantine, Kept)).order_by(quarantine.c.id)))

"""A batch as it is loaded: its rows in one read, its cases with their typed records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import from_json

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Plan
from pilotage.cases import leaving
from pilotage.cases.leaving import Leaving
from pilotage.cases.service.served import Served
from pilotage.cases.store import moving
from pilotage.cases.store.moving import StoredCase
from pilotage.cases.values import LiveCase, Question
from pilotage.cases.walk import Walk
from pilotage.kernel.ids import CaseId
from pilotage.machinery.storage.database import Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """What is stored of a batch."""

    plan: Plan
    rows: Sequence[StoredCase]
    results: Mapping[int, Mapping[str, str]]
    """What confirmed effects gave: case -> node -> JSON text."""
    collected: dict[int, list[object]]
    """For cases whose items have all come back: what each item gave, encoded."""


def load(tx: Tx, batch: int, automation: Automation, served: Served) -> Loaded:
    """Read a batch."""
    rows, results = moving.load_batch(tx, batch)
    plan = served.plan_of(automation, next((row.node for row in rows if row.node is not None), None))
    return Loaded(plan=plan, rows=rows, results=results, collected=_collected(tx, plan, rows))


def live_cases(loaded: Loaded, env: Walk) -> tuple[list[LiveCase], list[Leaving]]:
    """The cases with their records, and those whose records no longer fit the contract."""
    cases = [_live(row, loaded.results.get(row.id, {})) for row in loaded.rows]
    try:
        records = loaded.plan.record.decode_texts([row.record for row in loaded.rows])
    except ValidationError:
        return _fitting(loaded, env, cases)
    for case, record in zip(cases, records, strict=True):
        case.record = record
    return cases, []


def _fitting(loaded: Loaded, env: Walk, cases: Sequence[LiveCase]) -> tuple[list[LiveCase], list[Leaving]]:
    fitting: list[LiveCase] = []
    unfit: list[Leaving] = []
    for case, row in zip(cases, loaded.rows, strict=True):
        try:
            case.record = loaded.plan.record.decode_text(row.record)
        except ValidationError as error:
            unfit.append(leaving.asks(case, _unfit(env, case, loaded.plan.first, error)))
        else:
            fitting.append(case)
    return fitting, unfit


def _collected(tx: Tx, plan: Plan, rows: Sequence[StoredCase]) -> dict[int, list[object]]:
    """What the items of cases that stand at a for-each gave, where there are items."""
    bodies = {name: node.body for name, node in plan.nodes.items() if node.body is not None}
    parents = [row.id for row in rows if row.node in bodies]
    if not parents:
        return {}
    node_of = {row.id: row.node for row in rows}
    items = moving.items_of(tx, parents)
    outputs = moving.outputs(tx, [row.id for row in items])
    collected: dict[int, list[object]] = {}
    for row in items:
        body = bodies[node_of[row.parent] or ""]
        given = outputs.get(row.id, {})
        for source in reversed(body.output_sources if body else ()):
            if source in given:
                collected.setdefault(row.parent, []).append(given[source])
                break
    return collected


def _live(row: StoredCase, results: Mapping[str, str]) -> LiveCase:
    stored: dict[str, object] = from_json(row.given) if row.given else {}
    for node, text in results.items():
        stored[node] = from_json(text)
    return LiveCase(
        id=CaseId(row.id),
        key=row.key,
        node=row.node,
        record=None,
        values={},
        stored=stored,
        judgements=from_json(row.judgements) if row.judgements else {},
        attempts=row.attempts,
        parent=CaseId(row.parent) if row.parent is not None else None,
        item=row.item,
        segments=row.segments,
    )


def _unfit(env: Walk, case: LiveCase, first: str | None, error: ValidationError) -> Question:
    return Question(
        case=case.id,
        automation=env.automation,
        node=case.node or first or "",
        kind="no longer fits",
        chain=((env.owner, "1d"),),
        why=f"Its record no longer fits the contract: {error.errors()[0]['msg']}",
    )

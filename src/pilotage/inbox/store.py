"""SQL of the inbox."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa

from pilotage.cases.tables import cases, still_open
from pilotage.cases.values import Place
from pilotage.inbox.escalation import Asked
from pilotage.inbox.tables import decision_content, decisions
from pilotage.inbox.values import Answer, Decision, Kind
from pilotage.kernel.ids import CaseId, DecisionId
from pilotage.machinery.storage import bulk
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.storage.plain import to_plain, to_row


def add(tx: Tx, rows: Sequence[bulk.Row], contents: Sequence[bulk.Row]) -> None:
    """Insert decisions that wait."""
    bulk.insert(tx, decisions, rows)
    bulk.insert(tx, decision_content, contents)


def _query() -> sa.Select[*tuple[Any, ...]]:
    d = decisions.c
    return (
        sa.select(
            d.id,
            d.automation,
            cases.c.release,
            d.case_id.label("case"),
            cases.c.key.label("case_key"),
            d.effect_id.label("effect"),
            d.node,
            d.kind,
            d.why,
            d.asked,
            d.step,
            d.chain,
            d.deadline,
            d.asked_at,
            d.state,
            decision_content.c.proposal,
            decision_content.c.answer,
            d.settled_by,
            d.known,
            d.reason,
            d.settled_at,
        )
        .join(decision_content, decision_content.c.decision_id == d.id)
        .join(cases, cases.c.id == d.case_id)
    )


def _decision(row: sa.RowMapping) -> Decision:
    values = dict(cast("Mapping[str, Any]", row))
    values["id"] = DecisionId(values["id"])
    values["case"] = CaseId(values["case"])
    values["kind"] = Kind(values["kind"])
    values["chain"] = tuple((role, within) for role, within in json.loads(values["chain"]))
    for name in ("proposal", "answer"):
        values[name] = json.loads(values[name]) if values[name] is not None else None
    return Decision(**values)


def find(tx: Tx, decision: int, *, lock: bool = False) -> Decision | None:
    """One decision; with `lock`, nobody else settles it until the transaction ends."""
    query = _query().where(decisions.c.id == decision)
    row = tx.execute(query.with_for_update(of=decisions) if lock else query).mappings().one_or_none()
    return None if row is None else _decision(row)


def waiting(
    tx: Tx,
    *,
    automation: str | None = None,
    asked: str | None = None,
    kind: str | None = None,
    case: int | None = None,
    most: int = 50,
) -> list[Decision]:
    """Decisions that wait: first those that everybody asked has let pass, then by the time to answer in."""
    order = (decisions.c.deadline.asc().nulls_first(), decisions.c.id)
    query = _query().where(decisions.c.state == "waiting").order_by(*order).limit(most)
    for column, value in (
        (decisions.c.automation, automation),
        (decisions.c.asked, asked),
        (decisions.c.kind, kind),
        (decisions.c.case_id, case),
    ):
        if value is not None:
            query = query.where(column == value)
    return [_decision(row) for row in tx.execute(query).mappings()]


def of_case(tx: Tx, case: int) -> list[Decision]:
    """All decisions of a case, oldest first."""
    query = _query().where(decisions.c.case_id == case).order_by(decisions.c.id)
    return [_decision(row) for row in tx.execute(query).mappings()]


def count_waiting(tx: Tx, automation: str | None = None) -> list[sa.Row[str, str, int, int]]:
    """Waiting decisions by kind and role: (kind, asked, count, oldest asked_at)."""
    query = (
        sa.select(decisions.c.kind, decisions.c.asked, sa.func.count(), sa.func.min(decisions.c.asked_at))
        .where(decisions.c.state == "waiting")
        .group_by(decisions.c.kind, decisions.c.asked)
        .order_by(sa.func.count().desc())
    )
    if automation is not None:
        query = query.where(decisions.c.automation == automation)
    return list(tx.execute(query))


def settle(tx: Tx, decision: int, answer: Answer, now: int) -> bool:
    """Write the answer; False when somebody else settled it first."""
    done = tx.execute(
        decisions.update()
        .where(decisions.c.id == decision, decisions.c.state == "waiting")
        .values(
            state="settled",
            settled_at=now,
            settled_by=answer.by,
            known=answer.known,
            reason=answer.reason,
            deadline=None,
        )
    )
    if done.rowcount != 1:
        return False
    said = json.dumps({"word": answer.word, "value": answer.value})
    tx.execute(decision_content.update().where(decision_content.c.decision_id == decision).values(answer=said))
    return True


def drop(tx: Tx, cases_: Sequence[int], *, now: int, why: str) -> None:
    """Decisions of these cases wait no more."""
    tx.execute(
        decisions.update()
        .where(bulk.among(tx, decisions.c.case_id, cases_), decisions.c.state == "waiting")
        .values(state="dropped", settled_at=now, reason=why, deadline=None)
    )


def late(tx: Tx, now: int, *, most: int = 500, lock: bool = True) -> list[sa.Row[int, str, int, str]]:
    """Decisions whose time has passed: (id, chain, step, zone)."""
    query = (
        sa.select(decisions.c.id, decisions.c.chain, decisions.c.step, decisions.c.zone)
        .where(decisions.c.state == "waiting", decisions.c.deadline <= now)
        .order_by(decisions.c.deadline)
        .limit(most)
    )
    return list(tx.execute(query.with_for_update(skip_locked=True) if lock else query))


def escalate(tx: Tx, decision: int, asked: Asked) -> None:
    """Somebody else is asked now."""
    tx.execute(
        decisions.update()
        .where(decisions.c.id == decision, decisions.c.state == "waiting")
        .values(asked=asked.role, step=asked.step, deadline=asked.deadline)
    )


def count_whys(tx: Tx, submission: int | None = None) -> list[tuple[str, str, int]]:
    """Waiting decisions by kind and why, of one submission or all: (kind, why, count), the commonest first.

    Why a judgement was not sure enough is different for each case; it counts as one.
    """
    why = sa.case((decisions.c.kind == Kind.JUDGEMENT.value, ""), else_=decisions.c.why)
    query = (
        sa.select(decisions.c.kind, why, sa.func.count())
        .where(decisions.c.state == "waiting")
        .group_by(decisions.c.kind, why)
        .order_by(sa.func.count().desc())
    )
    if submission is not None:
        query = query.join(cases, cases.c.id == decisions.c.case_id).where(cases.c.submission == submission)
    return [(kind, words, number) for kind, words, number in tx.execute(query)]


def doubles(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    """Rows that break what the inbox and the cases must agree on; all lists are empty on a sound platform."""
    waits = sa.exists().where(decisions.c.case_id == cases.c.id, decisions.c.state == "waiting")
    with_people = cases.c.place == Place.WITH_PEOPLE.value
    stands = sa.and_(with_people, still_open())
    twice = (
        sa.select(decisions.c.case_id)
        .where(decisions.c.state == "waiting")
        .group_by(decisions.c.case_id)
        .having(sa.func.count() > 1)
        .limit(20)
    )
    stray = (
        sa.select(decisions.c.id, decisions.c.case_id)
        .join(cases, cases.c.id == decisions.c.case_id)
        .where(decisions.c.state == "waiting", ~with_people)
        .limit(20)
    )
    looked_for: dict[str, sa.Select[*tuple[Any, ...]]] = {
        "a case with people has a decision that waits": sa.select(cases.c.id).where(stands, ~waits).limit(20),
        "a decision that waits has a case with people": stray,
        "a case has one decision that waits": twice,
    }
    return {name: [tuple(row) for row in tx.execute(query)] for name, query in looked_for.items()}


def pack(tx: Tx, cases_: Sequence[int]) -> dict[int, dict[str, list[dict[str, object]]]]:
    """The decisions of these cases as plain data, for an archive: case -> table -> rows."""
    found: dict[int, dict[str, list[dict[str, object]]]] = {}
    owner: dict[int, int] = {}
    query = decisions.select().where(bulk.among(tx, decisions.c.case_id, cases_)).order_by(decisions.c.id)
    for row in tx.execute(query).mappings():
        plain = to_plain(decisions, cast("Mapping[str, object]", row))
        owner[row["id"]] = row["case_id"]
        found.setdefault(row["case_id"], {}).setdefault(decisions.name, []).append(plain)
    query = decision_content.select().where(bulk.among(tx, decision_content.c.decision_id, owner))
    for row in tx.execute(query).mappings():
        plain = to_plain(decision_content, cast("Mapping[str, object]", row))
        found[owner[row["decision_id"]]].setdefault(decision_content.name, []).append(plain)
    return found


def remove(tx: Tx, cases_: Sequence[int]) -> None:
    """Delete the decisions of these cases, which are in an archive."""
    mine = sa.select(decisions.c.id).where(bulk.among(tx, decisions.c.case_id, cases_))
    tx.execute(decision_content.delete().where(decision_content.c.decision_id.in_(mine)))
    tx.execute(decisions.delete().where(bulk.among(tx, decisions.c.case_id, cases_)))


def put_back(tx: Tx, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> None:
    """Insert what `pack` gave."""
    for table in (decisions, decision_content):
        bulk.insert(tx, table, [to_row(table, row) for row in rows.get(table.name, ())])


def erase(tx: Tx, cases_: Sequence[int]) -> None:
    """What was proposed, answered and said in the decisions of these cases goes; who decided and when stays."""
    mine = sa.select(decisions.c.id).where(bulk.among(tx, decisions.c.case_id, cases_))
    contents = decision_content.update().where(decision_content.c.decision_id.in_(mine))
    tx.execute(contents.values(proposal=None, answer=None))
    said = decisions.update().where(bulk.among(tx, decisions.c.case_id, cases_))
    tx.execute(said.values(why="(erased)", reason=None))

"""Batches: forming them, running them through the walk, saving their checkpoints.

A batch is one durable workflow. Its run is: replay the checkpoints that are recorded, load the cases, then walk and save in
turn until every case has left. The first statement of a checkpoint turns the batch's own counter, guarded by its old value:
of two runs of one batch, whatever the engine believes, only one saves.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node, Plan
from pilotage.cases import leaving
from pilotage.cases.calling import RunsAsync
from pilotage.cases.leaving import Leaving
from pilotage.cases.nodes.chains import chain_of
from pilotage.cases.ports import Autonomy, Decisions
from pilotage.cases.service.planning import plan_effects
from pilotage.cases.store import arriving, moving
from pilotage.cases.store.moving import StoredCase
from pilotage.cases.values import BatchRow, LiveCase, Place, Question
from pilotage.cases.walk import Walk
from pilotage.cases.walking import Walked, walk
from pilotage.kernel.clock import from_micros
from pilotage.kernel.errors import UnknownName
from pilotage.kernel.ids import CaseId, ids
from pilotage.machinery.engine.port import Checkpoint, Overtaken
from pilotage.machinery.storage.database import Database, Tx

MOST: Final = 1000
"""The most cases in a batch."""


DEATHS: Final = 3
"""How often a single case may end the process that works on it."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """The automations that this process has loaded, each as one release."""

    automations: Mapping[tuple[str, str], Automation]
    """(automation, release) -> its declaration."""

    @cached_property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The (automation, release) pairs."""
        return tuple(self.automations)

    def node(self, automation: str, release: str, name: str) -> Node:
        """A node of a served automation, at any depth."""
        plan = _plan_with(self.automations[automation, release].plan, name)
        if plan is None or name not in plan.nodes:
            msg = f"{automation} has no step {name} in release {release}."
            raise UnknownName(msg, "Serve the release that the case began on, or move its cases.")
        return plan.nodes[name]

    def plan_of(self, automation: Automation, node: str | None) -> Plan:
        """The plan that a node stands in: the automation's own, or the body of a for-each."""
        return _plan_with(automation.plan, node) or automation.plan


def _plan_with(plan: Plan, node: str | None) -> Plan | None:
    if node is None or node in plan.nodes:
        return plan
    for one in plan.nodes.values():
        if one.body is not None and (found := _plan_with(one.body, node)) is not None:
            return found
    return None


@dataclass(kw_only=True)
class Mover:
    """Forms and runs batches in this process."""

    database: Database
    served: Served
    decisions: Decisions
    autonomy: Autonomy
    run_async: RunsAsync
    within: Callable[[Automation, Node], AbstractContextManager[None]]
    environment: str
    executor: str
    chance: Random = field(default_factory=Random)
    after_save: Callable[[list[Leaving]], None] = lambda left: None

    def form(self, *, most: int = MOST) -> list[int]:
        """Claim ready cases into one batch for each group of them; the new batches."""
        formed: list[int] = []
        with self.database.snapshot() as tx:
            groups = moving.ready_groups(tx, self.served.pairs)
        for group in groups:
            batch = ids.one()
            with self.database.transaction() as tx:
                now = self.database.now(tx)
                size = moving.claim(tx, group, batch=batch, most=most, now=now)
                if size:
                    moving.add_batch(tx, self.batch_row(batch, group.automation, group.release, size, now))
                    formed.append(batch)
        return formed

    def batch_row(self, batch: int, automation: str, release: str, size: int, now: int) -> dict[str, object]:
        """A new batch of this process."""
        return {
            "id": batch,
            "automation": automation,
            "release": release,
            "size": size,
            "checkpoints": 0,
            "ended": False,
            "takeovers": 0,
            "executor": self.executor,
            "formed_at": now,
            "changed_at": now,
        }

    def wake(self) -> int:
        """Waiting cases whose time has come are ready again; how many."""
        with self.database.snapshot() as tx:
            if not moving.any_due(tx, self.database.now(tx)):
                return 0
        with self.database.transaction() as tx:
            return moving.wake(tx, self.database.now(tx))

    def batch(self, number: int) -> BatchRow | None:
        """A batch as it is stored."""
        with self.database.snapshot() as tx:
            return moving.find_batch(tx, number)

    def open_batches(self, idle: int) -> list[tuple[int, str, str, str]]:
        """Batches that have not moved for `idle` microseconds: (id, automation, release, executor)."""
        with self.database.snapshot() as tx:
            rows = moving.open_batches(tx, before=self.database.now(tx) - idle)
        return [(row.id, row.automation, row.release, row.executor) for row in rows]

    def ended_batches(self, since: int) -> list[int]:
        """Batches that ended more than `since` microseconds ago."""
        with self.database.snapshot() as tx:
            return moving.ended_batches(tx, before=self.database.now(tx) - since)

    def drop_batches(self, batches: Sequence[int]) -> None:
        """Delete ended batches; the timelines keep their numbers."""
        with self.database.transaction() as tx:
            moving.drop_batches(tx, batches)

    def count_takeovers(self, batches: Sequence[int]) -> None:
        """Note that these batches were taken over once more."""
        if batches:
            with self.database.transaction() as tx:
                moving.count_takeovers(tx, batches, self.database.now(tx))

    def divide(self, batch_id: int) -> list[int]:
        """Halve a batch that was taken over before: whatever kills its workers stands alone in the end.

        A single case that has ended its process `DEATHS` times is a dead letter. Gives the new batches, to be started.
        """
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            row = moving.find_batch(tx, batch_id)
            if row is None or not moving.end_batch(tx, batch_id, now=now):
                return []
            members = sorted(moving.still_moving(tx, batch_id))
            if len(members) == 1 and moving.count_death(tx, members[0]) >= DEATHS:
                reason = f"It ended the process that worked on it {DEATHS} times."
                values: dict[str, object] = {"place": Place.DEAD_LETTER.value, "reason": reason}
                moving.leave(tx, members, batch=batch_id, now=now, values=values)
                story = json.dumps([["dead", "", reason]])
                arriving.tell(
                    tx, [{"case_id": members[0], "id": ids.one(), "at": now, "batch": batch_id, "story": story}]
                )
                return []
            middle = (len(members) + 1) // 2
            halves = [half for half in (members[:middle], members[middle:]) if half]
            numbers = ids.make(len(halves))
            for number, half in zip(numbers, halves, strict=True):
                batch = self.batch_row(number, row.automation, row.release, len(half), now) | {"takeovers": 1}
                moving.add_batch(tx, batch)
                moving.rebatch(tx, half, batch=number)
        return numbers

    def run(self, batch_id: int, checkpoint: Checkpoint) -> None:
        """Run a batch to its end; safe to be called again, and at the same time as another call."""
        passed = 0
        while True:
            with self.database.snapshot() as tx:
                batch = moving.find_batch(tx, batch_id)
            if batch is None or batch.ended:
                return
            while passed < batch.checkpoints:  # recorded: each call gives back its result and runs nothing
                checkpoint(_passed)
                passed += 1
            automation = self.served.automations.get((batch.automation, batch.release))
            if automation is None:
                msg = f"{batch.automation} in release {batch.release} is not loaded in this process."
                raise UnknownName(msg, "The batch stays for a process that serves the release.")
            if self._walk_on(batch, automation, checkpoint):
                return
            passed = batch.checkpoints + 1

    def _walk_on(self, batch: BatchRow, automation: Automation, checkpoint: Checkpoint) -> bool:
        """Walk from what is stored and save, until the batch ends (True) or another run saved instead (False)."""
        number = batch.checkpoints
        env, cases, unfit = self._load(batch, automation)
        while True:
            walked = walk(env, cases)
            walked.left.extend(unfit)
            unfit = []
            saving = Saving(mover=self, batch=batch, env=env, number=number, walked=walked)
            checkpoint(saving)
            if not saving.ran:
                return False
            self.after_save(saving.left)
            if not walked.moving:
                return True
            number += 1
            cases = walked.moving
            for case in cases:
                case.stored.update(case.fresh)
                case.fresh.clear()
                case.story.clear()

    def _load(self, batch: BatchRow, automation: Automation) -> tuple[Walk, list[LiveCase], list[Leaving]]:
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            rows, results = moving.load_batch(tx, batch.id)
            plan = self.served.plan_of(automation, next((row.node for row in rows if row.node is not None), None))
            collected = self._collected(tx, plan, rows)
        zone = ZoneInfo(automation.timezone)
        accepted = {row.id: row.accepted_at for row in rows}

        def day_of(case: LiveCase) -> date:
            dated = automation.dated_of(case.record) if case.parent is None else None
            return dated or from_micros(accepted[case.id]).astimezone(zone).date()

        def within(node: Node) -> AbstractContextManager[None]:
            return self.within(automation, node)

        env = Walk(
            automation=batch.automation,
            release=batch.release,
            timezone=automation.timezone,
            owner=automation.owner.name,
            plan=plan,
            unknown=chain_of(automation.unknown)
            if automation.unknown is not None
            else ((automation.owner.name, "1d"),),
            now=from_micros(now),
            run_async=self.run_async,
            within=within,
            autonomy=self.autonomy,
            chance=self.chance,
            day_of=day_of,
            collected=collected,
        )
        cases: list[LiveCase] = []
        unfit: list[Leaving] = []
        for row in rows:
            case = _live(row, results.get(row.id, {}))
            try:
                case.record = plan.record.decode_text(row.record)
            except ValidationError as error:
                unfit.append(leaving.asks(case, _unfit(env, case, plan.first, error)))
            else:
                cases.append(case)
        return env, cases, unfit

    def _collected(self, tx: Tx, plan: Plan, rows: Sequence[StoredCase]) -> dict[int, list[object]]:
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


def _passed(tx: Tx) -> str:
    """A checkpoint that the batch's own row says was saved: nothing is written, should the engine have lost its record."""
    del tx
    return "on"


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


@dataclass(kw_only=True)
class Saving:
    """One checkpoint: what the walk came to, written in one transaction."""

    mover: Mover
    batch: BatchRow
    env: Walk
    number: int
    walked: Walked
    ran: bool = False
    left: list[Leaving] = field(default_factory=list[Leaving])
    marks: list[tuple[LiveCase, int]] = field(default_factory=list[tuple[LiveCase, int]])

    def __post_init__(self) -> None:
        self.marks = [(one.case, len(one.case.story)) for one in self.walked.left]

    def __call__(self, tx: Tx) -> str:
        """Save; raises Overtaken when another run of the batch has saved this checkpoint."""
        database = self.mover.database
        now = database.now(tx)
        for case, length in self.marks:  # the engine may call again after a deadlock: only the transaction remembers
            del case.story[length:]
        ended = not self.walked.moving
        if not moving.pass_checkpoint(tx, self.batch.id, number=self.number, now=now, ended=ended):
            msg = f"Checkpoint {self.number} of batch {self.batch.id} was saved by another run."
            raise Overtaken(msg)
        still = moving.still_moving(tx, self.batch.id)
        self.left = [one for one in self.walked.left if one.case.id in still]
        standing = [case for case in self.walked.moving if case.id in still]
        changed = [case for case in (*(one.case for one in self.left), *standing) if case.fresh or case.judgements]
        moving.save_contents(tx, [_content(case) for case in changed])
        moving.stand_at(tx, [{"id": case.id, "node": case.node} for case in standing])
        told = [*(one.case for one in self.left), *standing]
        self.left = plan_effects(
            tx, self.left, batch=self.batch, env=self.env, environment=self.mover.environment, now=now
        )
        self._leave(tx, now)
        arriving.tell(
            tx,
            [
                {"case_id": case.id, "id": number, "at": now, "batch": self.batch.id, "story": json.dumps(case.story)}
                for case, number in zip(told, ids.make(len(told)), strict=True)
                if case.story
            ],
        )
        self.ran = True
        return "ended" if ended else "on"

    def _leave(self, tx: Tx, now: int) -> None:
        groups: dict[tuple[object, ...], list[int]] = {}
        for one in self.left:
            how = (
                one.place.value,
                one.node,
                one.waits_for.value if one.waits_for else None,
                one.due_at,
                one.reason,
                one.attempts,
            )
            groups.setdefault(how, []).append(one.case.id)
        for (place, node, waits_for, due_at, reason, attempts), members in groups.items():
            moving.leave(
                tx,
                members,
                batch=self.batch.id,
                now=now,
                values={
                    "place": place,
                    "node": node,
                    "waits_for": waits_for,
                    "due_at": due_at,
                    "reason": reason,
                    "attempts": attempts,
                },
            )
        self.mover.decisions.ask(tx, [one.question for one in self.left if one.question is not None], now)
        self._bear(tx, now)
        finished = [one.case.id for one in self.left if one.place is Place.DONE and one.case.parent is not None]
        wake_parents(tx, finished, now)

    def _bear(self, tx: Tx, now: int) -> None:
        """Insert the cases that are born of for-each items."""
        born: list[dict[str, object]] = []
        contents: list[dict[str, object]] = []
        for one in self.left:
            if one.items is None or one.node is None:
                continue
            body = self.env.plan.nodes[one.node].body
            for number, (record, item) in enumerate(zip(ids.make(len(one.items)), one.items, strict=True)):
                born.append(
                    {
                        "id": record,
                        "automation": self.batch.automation,
                        "key": f"{one.case.key}/{one.node}/{number}",
                        "digest": "",
                        "release": self.batch.release,
                        "place": Place.READY.value,
                        "node": body.first if body else None,
                        "waits_for": None,
                        "due_at": None,
                        "batch": None,
                        "parent": one.case.id,
                        "item": number,
                        "segments": one.case.segments,
                        "submission": None,
                        "attempts": 0,
                        "deaths": 0,
                        "reason": None,
                        "accepted_at": now,
                        "changed_at": now,
                    }
                )
                contents.append(
                    {"case_id": record, "record": to_json(item).decode(), "given": None, "judgements": None}
                )
        arriving.add_cases(tx, born)
        arriving.add_contents(tx, contents)


def wake_parents(tx: Tx, finished: Sequence[int], now: int) -> None:
    """Cases whose items are all done go on at the for-each that bore them."""
    if finished and (parents := moving.parents_waiting(tx, finished)):
        moving.go_on_where_they_stand(tx, parents, now=now)


def _content(case: LiveCase) -> dict[str, object]:
    return {
        "case_id": case.id,
        "given": to_json({**case.stored, **case.fresh}).decode(),
        "judgements": to_json(case.judgements).decode() if case.judgements else None,
    }

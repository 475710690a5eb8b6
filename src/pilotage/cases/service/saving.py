"""A checkpoint: what a walk came to, written in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic_core import to_json

from pilotage.authoring.documents import Document
from pilotage.cases.leaving import Leaving
from pilotage.cases.ports import Decisions
from pilotage.cases.service import documents
from pilotage.cases.service.offering import offer
from pilotage.cases.service.planning import plan_effects
from pilotage.cases.store import arriving, moving, responses, tallying
from pilotage.cases.store.responses import Kept
from pilotage.cases.values import BatchRow, LiveCase, Place, waiting_for
from pilotage.cases.walk import Walk
from pilotage.cases.walking import Walked
from pilotage.kernel.ids import ids
from pilotage.machinery.engine.port import Overtaken
from pilotage.machinery.storage.database import Database, Tx

ENDED: Final = (Place.DONE, Place.HANDED_OVER)
"""Places at which a case comes to its end by itself."""


@dataclass(kw_only=True)
class Saving:
    """One checkpoint: what the walk came to, written in one transaction."""

    database: Database
    decisions: Decisions
    environment: str
    batch: BatchRow
    env: Walk
    number: int
    walked: Walked
    given: Sequence[tuple[int, Document]] = ()
    """Documents that steps gave, each with the case that needs it; they are in the file store."""
    ran: bool = False
    left: list[Leaving] = field(default_factory=list[Leaving])
    marks: list[tuple[LiveCase, int]] = field(default_factory=list[tuple[LiveCase, int]])

    def __post_init__(self) -> None:
        self.marks = [(one.case, len(one.case.story)) for one in self.walked.left]

    def __call__(self, tx: Tx) -> str:
        """Save; raises Overtaken when another run of the batch has saved this checkpoint."""
        now = self.database.now(tx)
        for case, length in self.marks:  # the engine may call again after a deadlock: only the transaction remembers
            del case.story[length:]
        ended = not self.walked.moving
        if not moving.pass_checkpoint(tx, self.batch.id, number=self.number, now=now, ended=ended):
            msg = f"Checkpoint {self.number} of batch {self.batch.id} was saved by another run."
            raise Overtaken(msg)
        self.left, standing = self._still_here(tx)
        changed = [case for case in (*(one.case for one in self.left), *standing) if case.fresh or case.judgements]
        moving.save_contents(tx, [_content(case) for case in changed])
        moving.stand_at(tx, [{"id": case.id, "node": case.node} for case in standing])
        told = [*(one.case for one in self.left), *standing]
        responses.keep(tx, self._responses(), now)
        if self.given:
            here = {case.id for case in told}
            documents.refer_given(tx, [one for one in self.given if one[0] in here], now)
        self.left = plan_effects(tx, self.left, batch=self.batch, env=self.env, environment=self.environment, now=now)
        self.left = offer(tx, self.left, batch=self.batch, env=self.env, now=now)
        self._leave(tx, now)
        arriving.tell(
            tx,
            [
                {
                    "case_id": case.id,
                    "id": number,
                    "at": now,
                    "batch": self.batch.id,
                    "story": to_json(case.story).decode(),
                }
                for case, number in zip(told, ids.make(len(told)), strict=True)
                if case.story
            ],
        )
        self.ran = True
        return "ended" if ended else "on"

    def _responses(self) -> list[Kept]:
        """What was said to reading calls that failed."""
        return [
            Kept(
                case=one.case.id,
                effect=None,
                node=one.node or "",
                connection=", ".join(self.env.plan.nodes[one.node].connections) if one.node else "",
                attempt=one.attempts,
                response=one.response,
            )
            for one in self.left
            if one.response is not None
        ]

    def _still_here(self, tx: Tx) -> tuple[list[Leaving], list[LiveCase]]:
        """Who leaves and who stays; without those that were withdrawn meanwhile."""
        left, standing = self.walked.left, self.walked.moving
        if moving.all_moving(tx, self.batch.id, len(left) + len(standing)):
            return list(left), list(standing)
        still = moving.still_moving(tx, self.batch.id)
        return [one for one in left if one.case.id in still], [case for case in standing if case.id in still]

    def _leave(self, tx: Tx, now: int) -> None:
        groups: dict[tuple[object, ...], list[int]] = {}
        for one in self.left:
            how = (
                one.place,
                one.node,
                waiting_for(one.connection) if one.connection else one.waits_for.value if one.waits_for else None,
                one.due_at,
                one.reason,
                one.attempts,
            )
            groups.setdefault(how, []).append(one.case.id)
        together = len(groups) == 1 and not self.walked.moving
        numbers = Counter[str]()
        for (place, node, waits_for, due_at, reason, attempts), members in groups.items():
            left = moving.leave(
                tx,
                None if together else members,
                batch=self.batch.id,
                now=now,
                values={
                    "place": str(place),
                    "node": node,
                    "waits_for": waits_for,
                    "due_at": due_at,
                    "reason": reason,
                    "attempts": attempts,
                },
            )
            if place in ENDED:
                numbers[str(place)] += left
        self.decisions.ask(tx, [one.question for one in self.left if one.question is not None], now)
        numbers[tallying.BORN] = self._bear(tx, now)
        tallying.add(tx, tallying.of_cases(self.batch.automation, numbers), now)
        finished = [one.case.id for one in self.left if one.place in ENDED and one.case.parent is not None]
        wake_parents(tx, finished, now)

    def _bear(self, tx: Tx, now: int) -> int:
        """Insert the cases that are born of for-each items; how many."""
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
        added = arriving.add_cases(tx, born)
        arriving.add_contents(tx, contents)
        return len(added)


def wake_parents(tx: Tx, finished: Sequence[int], now: int) -> None:
    """Cases whose items are all done go on at the for-each that bore them."""
    if finished and (parents := moving.parents_waiting(tx, finished)):
        moving.go_on_where_they_stand(tx, parents, now=now)


def _content(case: LiveCase) -> dict[str, object]:
    return {
        "case_id": case.id,
        "given": to_json({**case.stored, **case.fresh} if case.stored else case.fresh).decode(),
        "judgements": to_json(case.judgements).decode() if case.judgements else None,
    }

"""Effects whose sender is gone: what was on its way is unknown, and what was never permitted is planned again."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pilotage.cases.outcomes import SETTLING, Next, NotDone
from pilotage.cases.ports import Decisions
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.served import Served
from pilotage.cases.service.telling import question, tell
from pilotage.cases.store import arriving, ledger, moving
from pilotage.cases.store.ledger import Turn
from pilotage.cases.values import EffectState, Place
from pilotage.kernel.ids import ids
from pilotage.machinery.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Losing:
    """Effects on their way, as one process sees those of all."""

    database: Database
    served: Served
    decisions: Decisions
    sender: str

    def lose(self, gone: Callable[[Sequence[str]], set[str]], in_hand: Collection[int]) -> int:
        """Effects on their way whose sender is gone are unknown; how many became so. Those of other releases are for others.

        `gone` says which of the senders live no more; `in_hand` are effects of this process whose outcome is not written yet. They had at most `at_once` for each connection on their way. One that
        only seems gone may send until send-by, and a hold waits for that: before, nothing of it is unknown.
        """
        with self.database.snapshot() as tx:
            now = self.database.now(tx)
            rows = [row for row in ledger.on_their_way(tx, self.served.pairs) if row.send_by < now]
        dead = gone(sorted({row.sender for row in rows if row.sender != self.sender}))
        self._take_back([row.id for row in rows if row.sender == self.sender and row.id not in in_hand])
        count = 0
        for row in rows:
            if row.sender in dead:
                count += self._lose_one(row.id, row.sender, row.send_by, row.repeat, row.case_id)
        return count

    def _take_back(self, effects: Sequence[int]) -> None:
        """Effects of our own that we never got the permission for are planned again: the connection was cut behind its commit.

        Nothing was sent, and nothing can be any more: the time to send by is over.
        """
        if not effects:
            return
        words = "The permission to send it was lost on its way from the database; nothing was sent."
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            for effect in ledger.load(tx, effects):
                turn = Turn(state=EffectState.PLANNED, words=words, due_at=now, doubtful=effect.doubtful)
                if ledger.settle(
                    tx, [effect.id], turn, sender=self.sender, asking=False, count=effect.attempt, now=now
                ):
                    what = Next(state=turn.state, case="stays", words=words, due_at=now)
                    job = Job(effect=effect, asking=False, send_by=0.0, settled_at=now)
                    tell(tx, what, [Finished(job=job, outcome=NotDone(words=words))], now)

    def _lose_one(self, effect: int, sender: str, send_by: int, repeat: str, case: int) -> int:
        words = "The process that sent it ended before it knew the answer."
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            due = max(now, send_by) + SETTLING if repeat != "never" else None
            if not ledger.lose(tx, effect, sender=sender, now=now, due_at=due, words=words):
                return 0
            (lost,) = ledger.load(tx, [effect])
            if repeat == "safe":
                ledger.plan_lost(tx, effect, due_at=due or now, now=now)
            elif repeat == "never" and moving.after_effect(tx, [case], now=now, place=Place.WITH_PEOPLE, reason=words):
                job = Job(effect=lost, asking=False, send_by=0.0, settled_at=now)
                self.decisions.ask(
                    tx, [question(self.served, Finished(job=job, outcome=NotDone(words=words)), words)], now
                )
            arriving.tell(
                tx,
                [
                    {
                        "case_id": case,
                        "id": ids.one(),
                        "at": now,
                        "batch": None,
                        "story": json.dumps(
                            [
                                [
                                    "effect",
                                    lost.node,
                                    "unknown",
                                    "stays",
                                    lost.connection,
                                    lost.attempt,
                                    words,
                                    due,
                                    False,
                                ]
                            ]
                        ),
                    }
                ],
            )
        return 1

"""Batches: forming them, running them through the walk, saving their checkpoints.

A batch is one durable workflow. Its run is: replay the checkpoints that are recorded, load the cases, then walk and save in
turn until every case has left. The first statement of a checkpoint turns the batch's own counter, guarded by its old value:
of two runs of one batch, whatever the engine believes, only one saves.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node
from pilotage.cases.calling import RunsAsync
from pilotage.cases.leaving import Leaving
from pilotage.cases.nodes.chains import chain_of
from pilotage.cases.ports import Autonomy, Decisions
from pilotage.cases.service import documents
from pilotage.cases.service.loading import Loaded, live_cases, load
from pilotage.cases.service.saving import Saving
from pilotage.cases.service.served import Served
from pilotage.cases.shares import MOST, Group, split
from pilotage.cases.store import arriving, moving, turns
from pilotage.cases.values import BatchRow, LiveCase, Place
from pilotage.cases.walk import Walk
from pilotage.cases.walking import walk
from pilotage.connections.limiting import Limiter
from pilotage.connections.standing import Standing
from pilotage.kernel.clock import from_micros
from pilotage.kernel.errors import UnknownName
from pilotage.kernel.ids import ids
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.engine.port import Checkpoint
from pilotage.machinery.storage.database import Database, Tx

if TYPE_CHECKING:  # who traces nothing loads nothing
    from pilotage.machinery.telemetry.tracing import Telemetry

AT_ONCE: Final = 256
"""How many cases that waited for a connection go on in one look."""
DEATHS: Final = 3
"""How often a single case may end the process that works on it."""


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
    limiter: Limiter
    contents: Contents
    """Where the documents are kept that steps give."""
    chance: Random = field(default_factory=Random)
    after_save: Callable[[list[Leaving]], None] = lambda left: None
    telemetry: "Telemetry | None" = None
    """Told of every stretch of a batch, where traces are asked for."""
    _after: dict[Group, str | None] = field(default_factory=dict[Group, str | None])
    """The segment of each group that was the last in turn."""

    def form(self, *, most: int = MOST) -> list[int]:
        """Claim ready cases into one batch for each group of them; the new batches."""
        claimed = (self.claim(group, most) for group in self.ready())
        return [batch for batch, size in claimed if size]

    def ready(self) -> list[Group]:
        """The groups of ready cases that this process could move."""
        with self.database.snapshot() as tx:
            return turns.ready_groups(tx, self.served.pairs)

    def claim(self, group: Group, most: int) -> tuple[int, int]:
        """Claim up to `most` cases of a group into a batch, shared fairly by its segments: the batch and its size."""
        with self.database.snapshot() as tx:
            found = turns.ready_segments(tx, group, after=self._after.get(group), most=most)
        shares = split(found, most)
        if not shares:
            return 0, 0
        self._after[group] = next(reversed(shares))
        batch = ids.one()
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            size = turns.claim(tx, group, shares, batch=batch, now=now)
            if size:
                moving.add_batch(tx, self.batch_row(batch, group.automation, group.release, size, now))
        return batch, size

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
            now = self.database.now(tx)
            woken = moving.wake(tx, now)
            for name, standing in self.limiter.peek(tx, moving.waited_for(tx, now), now).items():
                woken += self._wake_waiting_for(tx, name, standing, now)
            return woken

    def _wake_waiting_for(self, tx: Tx, connection: str, standing: Standing, now: int) -> int:
        """As many as the connection has room for, oldest first; they are put off where it is left alone."""
        if standing.let_through(1):
            return moving.wake_waiting_for(tx, connection, now, most=standing.let_through(AT_ONCE))
        if not standing.probed:  # else it is known in a moment
            moving.put_off(tx, connection, now, until=standing.on_platform(standing.left_alone_until))
        return 0

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
            with self._told(batch):
                ended = self._walk_on(batch, automation, checkpoint)
            if ended:
                return
            passed = batch.checkpoints + 1

    def _told(self, batch: BatchRow) -> AbstractContextManager[None]:
        if self.telemetry is None:
            return nullcontext()
        return self.telemetry.batch(
            batch.id,
            automation=batch.automation,
            release=batch.release,
            cases=batch.size,
            checkpoint=batch.checkpoints,
        )

    def _walk_on(self, batch: BatchRow, automation: Automation, checkpoint: Checkpoint) -> bool:
        """Walk from what is stored and save, until the batch ends (True) or another run saved instead (False)."""
        number = batch.checkpoints
        env, cases, unfit = self._load(batch, automation)
        while True:
            walked = walk(env, cases)
            walked.left.extend(unfit)
            unfit = []
            saving = Saving(
                database=self.database,
                decisions=self.decisions,
                environment=self.environment,
                batch=batch,
                env=env,
                number=number,
                walked=walked,
                given=documents.store_given(self.contents, env.plan, walked),
            )
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
            loaded = load(tx, batch.id, automation, self.served)
        env = self._env(batch, automation, loaded, now)
        return env, *live_cases(loaded, env)

    def _env(self, batch: BatchRow, automation: Automation, loaded: Loaded, now: int) -> Walk:
        zone = ZoneInfo(automation.timezone)
        accepted = {row.id: row.accepted_at for row in loaded.rows}
        owner = automation.owner.name

        def day_of(case: LiveCase) -> date:
            dated = automation.dated_of(case.record) if case.parent is None else None
            return dated or from_micros(accepted[case.id]).astimezone(zone).date()

        def within(node: Node) -> AbstractContextManager[None]:
            return self.within(automation, node)

        return Walk(
            automation=batch.automation,
            release=batch.release,
            timezone=automation.timezone,
            owner=owner,
            plan=loaded.plan,
            unknown=((owner, "1d"),) if automation.unknown is None else chain_of(automation.unknown),
            now=from_micros(now),
            run_async=self.run_async,
            within=within,
            autonomy=self.autonomy,
            chance=self.chance,
            day_of=day_of,
            collected=loaded.collected,
        )


def _passed(tx: Tx) -> str:
    """A checkpoint that the batch's own row says was saved: nothing is written, should the engine have lost its record."""
    del tx
    return "on"

"""The rehearsal itself, inside its process: the platform without a way out, the records through it, and what became of them."""

import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from pydantic_core import from_json

from pilotage.app import Platform, Project
from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node
from pilotage.cases.arrivals import Arrival
from pilotage.cases.outcomes import Confirmed, NoAnswer, NotDone, NotKnown
from pilotage.cases.service.inline import Inline
from pilotage.cases.service.intake import BLOCK, Receipt
from pilotage.cases.service.jobs import Finished, Job
from pilotage.cases.service.performing import Performer
from pilotage.cases.service.room import Room
from pilotage.cases.service.submitting import Way, submit_file
from pilotage.cases.service.surrounding import Library, Surrounding
from pilotage.connections.limiting import Limiter
from pilotage.kernel.clock import ManualClock, SystemClock
from pilotage.machinery.engine.inline import InlineEngine
from pilotage.machinery.net.door import DOOR_SHUT
from pilotage.machinery.storage.database import Database, Tx
from pilotage.rehearsal import store
from pilotage.rehearsal.documents import RehearsedContents, RehearsedReader
from pilotage.rehearsal.reporting import Told, as_line
from pilotage.rehearsal.standing_in import Boundary, RehearsedConnections, Withheld, performing, somewhere
from pilotage.rehearsal.values import RESULTS, Request
from pilotage.rehearsal.walls import Watch

T = TypeVar("T")
_AT_ONCE: Final = 500
"""Effects that meet the door together: nothing waits for an answer from afar."""

Setting = Callable[[str], str | None]
Progress = Callable[[str, int], None]


class _RoomForAll(Room):
    """Nothing pauses the intake of a rehearsal: what it takes in goes away with it."""

    def need(self, tx: Tx, automation: Automation) -> None:
        """There is room."""

    def left(self, tx: Tx, automation: Automation) -> int:
        """As many as anybody could hand over."""
        del tx, automation
        return sys.maxsize


@dataclass(frozen=True, kw_only=True)
class _OnThisCode:
    """New cases begin on the code that is rehearsed, whatever it is."""

    release: str

    def assign(self, automation: str, count: int) -> list[str]:
        """The release for each of `count` new cases."""
        del automation
        return [self.release] * count


@dataclass(frozen=True, kw_only=True)
class _Stage(Surrounding):
    """Surroundings in which it is known which step runs."""

    watch: Watch

    @contextmanager
    def reading(self, automation: Automation, node: Node) -> Generator[None]:
        """For steps that compute or judge."""
        with self.watch.during(f"{automation.name}.{node.name}"), super().reading(automation, node):
            yield


@dataclass(frozen=True, kw_only=True)
class _Performer:
    """Performs effects at the door; what an old case's effect gave is given again, for the same inputs."""

    inner: Performer
    boundary: Boundary
    watch: Watch
    database: Database
    recorded: Mapping[tuple[str, str], tuple[str, str]]
    """By key of the case and step: the digest of the inputs, and what was given."""

    async def perform(self, job: Job) -> Finished:
        """Make the attempt. It is made once: a rehearsal's clock stands still, so nothing is tried again."""
        effect = job.effect
        token = performing.set(effect.id)
        try:
            with self.watch.during(f"{effect.automation}.{effect.node}"):
                finished = await self.inner.perform(job)
        finally:
            performing.reset(token)
        outcome = finished.outcome
        if isinstance(outcome, NotDone):
            if DOOR_SHUT in outcome.words and (given := self._recorded(job)) is not None:
                return Finished(job=job, outcome=Confirmed(result=given))
            # a connection that is left alone would be so for ever
            return Finished(job=job, outcome=NotDone(words=outcome.words))
        if isinstance(outcome, NotKnown | NoAnswer):
            return Finished(job=job, outcome=replace(outcome, failing=False))
        return finished

    def _recorded(self, job: Job) -> str | None:
        inputs, given = self.recorded.get((job.effect.case_key, job.effect.node), ("", ""))
        if not inputs:
            return None
        with self.database.snapshot() as tx:
            now = store.inputs(tx, [job.effect.id]).get(job.effect.id)
        if now != inputs:
            return None
        self.boundary.recorded(job.effect.id)
        return given


@dataclass(kw_only=True)
class Rehearsal:
    """One rehearsal. `setting` gives the text of a setting, `seen` is told how far it is."""

    request: Request
    automation: Automation
    automations: Sequence[Automation]
    boundary: Boundary
    watch: Watch
    setting: Setting
    seen: Progress = lambda what, count: None
    receipt: Receipt = field(default_factory=lambda: Receipt(submission=0))

    def run(self) -> Mapping[str, object]:
        """Send the records through, and say what became of them."""
        with closing(self._platform()) as platform:
            self._take_in(platform)
            inline = self._inline(platform)
            inline.launch()
            inline.settle()
            return self._told(platform.database)

    def _platform(self) -> Platform:
        request, folder = self.request, Path(self.request.folder)
        project = Project(
            root=folder,
            environment=request.environment,
            database_url=f"sqlite:///{folder / 'rehearsal.db'}",
            automations=(),
        )
        clock = ManualClock(SystemClock().now())
        platform = Platform(
            project,
            self.automations,
            release=request.release,
            clock=clock,
            database_clock=clock,
            seed=0,
            door=self.boundary.door,
        )
        platform.secrets = Withheld(request.environment, folder=None, variables={})
        platform.contents = platform.intake.contents = RehearsedContents(
            project.contents_folder, Path(request.contents), clock
        )
        platform.library = Library(contents=platform.contents, reader=RehearsedReader(self.watch))
        platform.intake.room = _RoomForAll()
        platform.intake.releases = platform.taking.releases = _OnThisCode(release=request.release)
        platform.limiter = Limiter(database=platform.database, declared={}, clock=clock)
        declared = [connection for one in self.automations for connection in one.connections]
        settings = somewhere(declared, self.setting)
        connections = RehearsedConnections(
            declared,
            environment=request.environment,
            settings=settings,
            credentials=platform.secrets,
            door=self.boundary.door,
            clock=clock,
        )
        connections.boundary = self.boundary
        platform.loop.run(connections.open())
        files = Path(request.frozen or request.root)
        platform.surrounding = _Stage(
            connections=connections,
            settings=settings,
            folder=files,
            watch=self.watch,
            library=platform.library,
        )
        return platform

    def _inline(self, platform: Platform) -> Inline:
        moved = 0

        def seen(more: int) -> None:
            nonlocal moved
            moved += more
            self.seen("moved", moved)

        sending = platform.sending("rehearsal")
        sending.at_once = _AT_ONCE
        performer = _Performer(
            inner=platform.performer,
            boundary=self.boundary,
            watch=self.watch,
            database=platform.database,
            recorded=_recorded(self.request.results),
        )
        return Inline(
            engine=InlineEngine(platform.database, executor="rehearsal"),
            mover=platform.mover("rehearsal"),
            sending=sending,
            performer=performer,
            loop=platform.loop,
            chores=[platform.taking.take],
            seen=seen,
        )

    def _take_in(self, platform: Platform) -> None:
        intake, own = platform.intake, self.automation
        for file in self.request.files:
            way = Way(**self.request.way)  # type: ignore[arg-type]  # as the command was given them
            done = submit_file(
                intake, own, Path(file), way=way, seen=lambda receipt, done, total: self._arrived(receipt)
            )
            self.receipt = self.receipt.plus(done.receipt)
        if self.request.stored is not None:
            submission = intake.begin(own, "stored cases")
            for block in _blocks(_lines(self.request.stored), BLOCK):
                taken = intake.take(own, submission, [Arrival(fields=one["record"]) for one in block])
                self.receipt = self.receipt.plus(taken)
                self._arrived(Receipt(submission=0))

    def _arrived(self, more: Receipt) -> None:
        self.seen("arrived", self.receipt.arrived + more.arrived)

    def _told(self, database: Database) -> Mapping[str, object]:
        told = Told(acted=self.boundary.acted, calls=self.boundary.effects)
        with (Path(self.request.folder) / RESULTS).open("w", encoding="utf-8") as results:
            for page in store.pages(database):
                results.writelines(as_line(one) for one in told.page(page))
            with database.snapshot() as tx:
                results.writelines(as_line(told.kept(one)) for one in store.kept(tx))
        receipt, door = self.receipt, self.boundary.door
        return {
            "records": {
                "arrived": receipt.arrived,
                "accepted": receipt.accepted,
                "duplicates": receipt.duplicates,
                "quarantined": receipt.quarantined,
            },
            "endings": dict(told.endings),
            "whys": [[*what, count] for what, count in told.whys.most_common()],
            "decisions": [[*what, count] for what, count in told.decisions.most_common()],
            "calls": [[*what, count] for what, count in sorted(self.boundary.calls.items())],
            "effects": {"met_the_door": door.acts_refused + door.acts_sent, "sent": door.acts_sent},
            "refused_at_the_door": dict(sorted(door.refused.items())),
        }


def _lines(file: str) -> Iterator[Mapping[str, object]]:
    with Path(file).open(encoding="utf-8") as lines:
        for line in lines:
            yield from_json(line)


def _blocks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while block := list(islice(left, size)):
        yield block


def _recorded(file: str | None) -> dict[tuple[str, str], tuple[str, str]]:
    if file is None:
        return {}
    return {(str(one["key"]), str(one["node"])): (str(one["inputs"]), str(one["result"])) for one in _lines(file)}

"""The whole platform in memory of a test: inline, on a clock that stands still, with fake services."""

import copy
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar, cast, overload

from pydantic import BaseModel
from pydantic_core import from_json

import pilotage as pl
from pilotage import app
from pilotage.authoring.automation import Automation
from pilotage.authoring.intake import Source
from pilotage.authoring.people import Role
from pilotage.authoring.plan import Node, Plan
from pilotage.cases.arrivals import Arrival, digest_of
from pilotage.cases.service.inline import Inline
from pilotage.cases.service.spending import Spending
from pilotage.cases.service.surrounding import Surrounding
from pilotage.cases.service.undoing import Undoer
from pilotage.cases.service.visiting import Visits
from pilotage.cases.service.watching import reader_of
from pilotage.cases.store import ledger, looking, moving
from pilotage.cases.store.found import CaseRow
from pilotage.cases.telling import sentences
from pilotage.inbox.values import Answer as PersonsAnswer
from pilotage.inbox.values import Decision as StoredDecision
from pilotage.inbox.values import Kind
from pilotage.kernel.clock import ManualClock
from pilotage.kernel.durations import duration
from pilotage.kernel.ids import shown
from pilotage.machinery.engine.inline import InlineEngine
from pilotage.testing.services import FakeConnections, FakeService

KNOWN: Final = "test"
Output = TypeVar("Output")


class Place(Enum):
    """Where a submitted record is."""

    READY = "ready"
    MOVING = "moving"
    WAITING = "waiting"
    WITH_PEOPLE = "with people"
    QUARANTINED = "quarantined"
    DEAD = "dead letter"
    HANDED_OVER = "handed over"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class Clock:
    """The platform's clock: it stands still until the test moves it."""

    def __init__(self, start: datetime) -> None:
        self.manual = ManualClock(start)

    def now(self) -> datetime:
        """The time that the platform believes it is."""
        return self.manual.now()

    def forward(self, time: timedelta | str, /) -> None:
        """Let time pass."""
        now = self.manual.now()
        self.manual.forward(duration(time).after(now) - now)

    def travel(self, to: datetime | date | str, /) -> None:
        """Go to a time, forward or back."""
        self.manual.travel(_moment(to))


def _moment(value: datetime | date | str) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)


class Decision:
    """What waits for somebody, or was settled."""

    def __init__(self, platform: "Platform", stored: StoredDecision) -> None:
        self._platform = platform
        self._stored = stored

    @property
    def reason(self) -> str:
        """Why a person is asked."""
        return self._stored.why

    @property
    def kind(self) -> str:
        """The kind of decision, such as "judgement" or "approval"."""
        return self._stored.kind.value

    @property
    def asked(self) -> Role:
        """Who is asked now."""
        return Role(self._stored.asked)

    @property
    def proposal(self) -> object:
        """What the machine would have done, typed by the step."""
        node = self._node()
        proposal = self._stored.proposal
        if self._stored.kind is Kind.APPROVAL and isinstance(proposal, dict):
            proposal = {"value": cast("dict[str, object]", proposal)["value"], "by": list[str]()}
        if proposal is None or node.codec is None:
            return None
        value = node.codec.decode(proposal)
        return getattr(value, "value", value) if self._stored.kind is Kind.APPROVAL else value

    def settle(self, value: object, /, *, by: Role, reason: str) -> None:
        """Decide: a value, typed as the step gives it."""
        node = self._node()
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        if self._stored.kind is not Kind.UNKNOWN_VARIANT and node.codec is not None and not isinstance(value, str):
            plain = node.codec.encode(value)
        elif isinstance(value, Enum):
            plain = value.value
        self._answer("value", by, reason, plain)

    def approve(self, *, by: Role, reason: str) -> None:
        """Say yes."""
        self._answer("approve", by, reason)

    def refuse(self, *, by: Role, reason: str) -> None:
        """Say no: the case is withdrawn."""
        self._answer("refuse", by, reason)

    def answer(self, word: str, *, by: Role, reason: str, value: object = None) -> None:
        """Answer in the words of the inbox: go on, finish, done, not done, keep, withdraw."""
        self._answer(word, by, reason, value)

    def _answer(self, word: str, by: Role, reason: str, value: object = None) -> None:
        answer = PersonsAnswer(by=by.name, known=KNOWN, reason=reason, word=word, value=value)
        self._platform.inner.inbox.settle(self._stored.id, answer)

    def _node(self) -> Node:
        return self._platform.inner.node_of(self._stored.automation, self._stored.node)


@dataclass(frozen=True)
class Receipt:
    """What was undone."""

    undone: int
    could_not: Mapping[str, str]


@dataclass(frozen=True)
class EffectView:
    """One outward act in the ledger."""

    key: str
    state: str
    attempt: int
    words: str | None
    _node: Node
    _result: str | None

    @property
    def result(self) -> object:
        """What it gave. Raises ValueError while it is not confirmed."""
        if self._result is None or self._node.codec is None:
            msg = f"The effect is {self.state}: it has given nothing."
            raise ValueError(msg)
        return self._node.codec.decode_text(self._result)


class CaseView:
    """One submitted record, wherever it is now."""

    def __init__(self, platform: "Platform", automation: Automation, key: str | None, record: int | None) -> None:
        self._platform = platform
        self._automation = automation
        self._key = key
        self._record = record

    @property
    def id(self) -> str:
        """The id of its case, or of its record in quarantine."""
        found = self._found()
        return shown("Q", self._record or 0) if found is None else shown("C", found.id)

    @property
    def place(self) -> Place:
        """Where it is."""
        found = self._found()
        return Place.QUARANTINED if found is None else Place(found.place)

    @property
    def timeline(self) -> Sequence[str]:
        """What happened, in plain words."""
        found = self._found()
        if found is None:
            return []
        with self._platform.inner.database.snapshot() as tx:
            return [words for entry in looking.story(tx, found.id) for words in sentences(from_json(entry.story))]

    @property
    def decision(self) -> Decision:
        """What waits for somebody. Raises LookupError where nothing does."""
        found = self._found()
        waiting = [] if found is None else self._platform.inner.inbox.waiting(case=found.id)
        if not waiting:
            msg = f"Nothing waits for a person: the case is {self.place.value}."
            raise LookupError(msg)
        return Decision(self._platform, waiting[0])

    @overload
    def output(self, step: "pl.Step[object, Output]", /) -> Output: ...
    @overload
    def output(self, step: str, /) -> object: ...
    def output(self, step: object, /) -> object:
        """What a step gave, typed by the step. Raises LookupError where it gave nothing (yet)."""
        name = str(getattr(step, "name", step))
        found = self._found()
        node = self._platform.inner.node_of(self._automation.name, name)
        if found is not None and node.codec is not None:
            with self._platform.inner.database.snapshot() as tx:
                given = moving.outputs(tx, [found.id]).get(found.id, {})
            if name in given:
                return node.codec.decode(given[name])
        msg = f"{name} has given nothing: the case is {self.place.value}."
        raise LookupError(msg)

    def _found(self) -> CaseRow | None:
        if self._key is None:
            return None
        with self._platform.inner.database.snapshot() as tx:
            rows = looking.cases_by_key(tx, self._key, self._automation.name)
        return rows[0] if rows else None


class Platform:
    """The whole platform, inline and in a folder of its own; nothing is global, so tests run side by side."""

    def __init__(
        self,
        *automations: Automation,
        services: Sequence[FakeService] = (),
        settings: Mapping[str, str] | None = None,
        now: datetime | str = "2026-01-05T09:00+00:00",
        seed: int = 0,
        database_url: str | None = None,
    ) -> None:
        self.clock = Clock(_moment(now))
        self._services = {service.connection.name: service for service in services}
        self._settings = dict(settings or {})
        self._seed = seed
        self._database_url = database_url
        # shallow copies: a judge that is replaced is replaced in this platform alone
        self._automations = {one.name: copy.copy(one) for one in automations}
        self._folder: Path | None = None
        self.inner: app.Platform

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="pilotage-test-"))
        project = app.Project(
            root=self._folder,
            environment="test",
            automations=(),
            settings=self._settings,
            database_url=self._database_url or f"sqlite:///{self._folder / 'test.db'}",
        )
        manual = self.clock.manual
        self.inner = self._make_inner(project)
        self.inner.intake.room.full_for = 0  # where nothing moves without a look, every look counts
        connections = FakeConnections(
            [connection for one in self._automations.values() for connection in one.connections],
            environment="test",
            settings=project.setting,
            credentials=self.inner.secrets,
            door=self.inner.door,
            clock=manual,
            watch=self.inner.watch,
            limits=self.inner.limiter,
            telemetry=self.inner.telemetry,
        )
        connections.services = self._services
        self.inner.loop.run(connections.open())
        self.inner.surrounding = Surrounding(
            connections=connections,
            settings=project.setting,
            folder=None,
            spent=Spending(database=self.inner.database).note,
            library=self.inner.library,
            telemetry=self.inner.telemetry,
        )
        self._engine = self._make_engine()
        self._mover = self.inner.mover("test")
        self._sending = self.inner.sending("test")
        self._inline = Inline(
            engine=self._engine,
            mover=self._mover,
            sending=self._sending,
            performer=self.inner.performer,
            loop=self.inner.loop,
            chores=[self.inner.inbox.escalate, self.inner.taking.take],
        )
        self._inline.launch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._engine.close(within=5)
        self.inner.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _make_inner(self, project: app.Project) -> app.Platform:
        manual = self.clock.manual
        automations = list(self._automations.values())
        return app.Platform(project, automations, clock=manual, database_clock=manual, seed=self._seed)

    def _make_engine(self) -> InlineEngine:
        return InlineEngine(self.inner.database, executor="test")

    def replace(self, step: object, stand_in: Callable[..., object], /) -> None:
        """Put a function of the same signature in a step's place, for this platform alone."""
        name = str(getattr(step, "name", step))
        for automation in self._automations.values():
            automation.plan = _with_function(automation.plan, name, stand_in)

    def submit(self, automation: Automation, record: object, /) -> CaseView:
        """Send a record in."""
        own = self._automations[automation.name]
        intake = self.inner.intake
        submission = intake.begin(own, "test")
        receipt = intake.take(own, submission, [Arrival(fields=record)])
        if receipt.quarantined or receipt.duplicates:
            kept = self._quarantined(own, record)
            if kept is not None:
                return CaseView(self, own, None, kept)
        typed = record if isinstance(record, BaseModel) else own.plan.record.decode(record)
        return CaseView(self, own, own.key_of(typed), None)

    def _quarantined(self, automation: Automation, record: object) -> int | None:
        """The record in quarantine with this content, if there is one."""
        digest = digest_of(Arrival(fields=record))
        with self.inner.database.snapshot() as tx:
            rows = looking.quarantined_of(tx, automation=automation.name, most=100_000)
        return max((row.id for row in rows if row.digest == digest), default=None)

    def look(self, source: Source, /) -> int:
        """Look into a query or a bucket as a worker would, whether it is due or not: how many rows or objects were taken.

        The other side is the FakeService of its connection.
        """
        owner = next((one for one in self._automations.values() if source in one.intake), None)
        take = reader_of(source, self.inner.intake, self.inner.outside())
        if owner is None or take is None:
            what = f"{source!r} is no query and no objects of an automation of this platform."
            raise ValueError(what)
        return Visits(database=self.inner.database, intake=self.inner.intake, holder="test", early=True).visit(
            owner, source, 0.0, take
        )

    def settle(self) -> None:
        """Run until nothing moves without time or people."""
        self._inline.settle()

    def inbox(self) -> Sequence[Decision]:
        """Everything that waits for a person, oldest first."""
        return [Decision(self, one) for one in self.inner.inbox.waiting(most=10_000)]

    def effects(self, act: object, /) -> Sequence[EffectView]:
        """The ledger rows of one act, oldest first."""
        name = str(getattr(act, "name", act))
        found: list[EffectView] = []
        with self.inner.database.snapshot() as tx:
            for automation in self._automations.values():
                for row in looking.effects_at(tx, automation.name, name):
                    node = self.inner.node_of(automation.name, name)
                    found.append(EffectView(row.key, row.state, row.attempt, row.words, node, row.result))
        return found

    def unwind(self, *, step: object, by: Role, reason: str) -> Receipt:
        """Undo everything that one act did."""
        name = str(getattr(step, "name", step))
        with self.inner.database.snapshot() as tx:
            effects = [
                effect for automation in self._automations for effect in ledger.confirmed_at(tx, automation, name)
            ]
        undoer = Undoer(
            database=self.inner.database,
            served=self.inner.served,
            surrounding=self.inner.surrounding,
            clock=self.inner.clock,
        )
        done = self.inner.loop.run(undoer.undo(effects, by=by.name, reason=reason))
        return Receipt(done.undone, done.could_not)


def _with_function(plan: Plan, name: str, function: Callable[..., object]) -> Plan:
    nodes = {
        key: replace(
            node,
            function=function if key == name else node.function,
            body=_with_function(node.body, name, function) if node.body is not None else None,
        )
        for key, node in plan.nodes.items()
    }
    return replace(plan, nodes=nodes)

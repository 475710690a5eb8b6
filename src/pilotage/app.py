"""The composition root: a project's settings become a platform, and ports meet their implementers.

Nothing is found by being imported: `[tool.pilotage]` of a project's `pyproject.toml` names its automations.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from pilotage.audit.heads import HeadKeeper
from pilotage.audit.service import Sealer, key_file
from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node
from pilotage.cases.ports import AuthorsThreshold, Autonomy, PartOfCase
from pilotage.cases.service.expiring import Expiring
from pilotage.cases.service.folding import Folding
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.listening import Hooks, Listening
from pilotage.cases.service.moving import Mover
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.performing import Performer
from pilotage.cases.service.room import Room
from pilotage.cases.service.sending import Sending
from pilotage.cases.service.served import Served
from pilotage.cases.service.spending import Spending
from pilotage.cases.service.surrounding import Library, LoopThread, Surrounding
from pilotage.cases.service.taking import Taking
from pilotage.cases.service.watching import sources_watched
from pilotage.cases.service.working import AT_ONCE, Worker
from pilotage.cases.store.moving import something_to_do
from pilotage.connections.checking import Checking
from pilotage.connections.limiting import Limiter
from pilotage.connections.opening import Connections
from pilotage.connections.recording import Recorder
from pilotage.connections.watching import Watch
from pilotage.credentials.opening import open_secrets
from pilotage.credentials.service.looking import declared, tell_of, users
from pilotage.inbox.service import Inbox
from pilotage.inbox.telling import decisions_of
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.errors import PilotageError, UnknownName
from pilotage.kernel.interrupts import undivided
from pilotage.machinery.api import store as answers
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.contents.keeping import Sweeping
from pilotage.machinery.engine.collector import calm_collector
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.port import Engine
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database
from pilotage.machinery.storage.failures import in_plain_words
from pilotage.machinery.storage.pulse import Pulse
from pilotage.machinery.telemetry.opening import open_telemetry
from pilotage.migrations import prepare
from pilotage.operations import connections as other_sides
from pilotage.operations import full, handing, limits, old_secrets, outgrown, sources
from pilotage.operations.figures import cases_by_place, figures
from pilotage.operations.supervisor import Supervisor
from pilotage.operations.values import Need
from pilotage.project import Project
from pilotage.releases import service as releases
from pilotage.releases.answering import OlderReleases
from pilotage.releases.artefact import Artefacts
from pilotage.releases.asking import own_environment
from pilotage.releases.needs import needs as release_needs
from pilotage.releases.service import CurrentReleases
from pilotage.releases.values import WORKING_DIRECTORY

if TYPE_CHECKING:  # what only those who serve load
    from fastapi import APIRouter

    from pilotage.machinery.api.tokens import Guard
    from pilotage.machinery.telemetry.tracing import Telemetry
    from pilotage.machinery.web.app import Site
    from pilotage.machinery.web.values import WebSettings


class Platform:
    """Everything of one process, put together. Close it when done."""

    def __init__(
        self,
        project: Project,
        automations: Sequence[Automation],
        *,
        release: str = WORKING_DIRECTORY,
        folder: Path | None = None,
        unloaded: PilotageError | None = None,
        clock: Clock | None = None,
        database_clock: Clock | None = None,
        seed: int | None = None,
        autonomy: Autonomy | None = None,
        door: Door | None = None,
    ) -> None:
        self.project = project
        self.automations = {automation.name: automation for automation in automations}
        self.release = release
        self.folder = folder or project.root
        """Where the files of what is loaded lie: the project's folder in dev, the unpacked artefact elsewhere."""
        self.unloaded = unloaded
        """Why the release that should be loaded is not."""
        self.clock: Clock = clock or SystemClock()
        self.database = Database(project.database_url, clock=database_clock)
        prepare(self.database)
        self.served = Served(automations={(one.name, release): one for one in automations})
        self.autonomy: Autonomy = autonomy or AuthorsThreshold()
        self.chance = Random(seed)  # noqa: S311 - draws pauses and samples, no secret
        self.door = door or Door(project.addresses)
        self.secrets = open_secrets(project, self.database, self.door, self.clock, declared=declared(automations))
        self.sealer = Sealer(database=self.database, key=key_file(project.folder, project.environment))
        self.releases = CurrentReleases(database=self.database, loaded=release, environment=project.environment)
        self.artefacts = Artefacts(folder=project.folder / "releases")
        self.older = OlderReleases(
            database=self.database, artefacts=self.artefacts, root=project.root, automations=project.automations
        )
        self.inbox = Inbox(database=self.database, zone_of=self._zone_of, node_of=self._node_of)
        room = Room(folder=self.database.folder, disk_share=project.disk_share)
        self.contents = Contents(project.contents_folder, clock=self.clock)
        self.intake = Intake(database=self.database, releases=self.releases, room=room, contents=self.contents)
        self.taking = Taking(database=self.database, served=self.served, releases=self.releases, intake=self.intake)

    def automation(self, name: str) -> Automation:
        """An automation by name. Raises UnknownName (PLT-001) with the nearest names."""
        if name in self.automations:
            return self.automations[name]
        if self.unloaded is not None:
            raise self.unloaded
        known = ", ".join(self.automations) or "none"
        msg = f'There is no automation "{name}" here.'
        raise UnknownName(msg, did_you_mean(name, self.automations, f"This project has: {known}."))

    def node_of(self, automation: str, name: str, *, release: str | None = None) -> Node:
        """A node of an automation, as the release that is loaded here has it, or another one."""
        return self._node_of(automation, release or self.release, name)

    def first_of(self, automation: str, release: str, node: str | None) -> str | None:
        """The first step of the path that a node stands in."""
        found = self.served.automations.get((automation, release))
        if found is None:
            return self.older.first(automation, release, node)
        return self.served.plan_of(found, node).first

    def _node_of(self, automation: str, release: str, name: str) -> Node:
        if (automation, release) in self.served.automations:
            return self.served.node(automation, release, name)
        return self.older.node(automation, release, name)

    def _zone_of(self, automation: str) -> str:
        found = self.automations.get(automation)
        return found.timezone if found is not None else self.older.timezone(automation)

    def pairs(self) -> list[tuple[str, str]]:
        """(automation, release) of everything that is worked on while `working` lasts."""
        return releases.pairs(self.database) or list(self.served.automations)

    @cached_property
    def loop(self) -> LoopThread:
        """The event loop of this process."""
        return LoopThread()

    @cached_property
    def surrounding(self) -> Surrounding:
        """What surrounds running steps; its connections are open in the loop."""
        connections = Connections(
            [connection for one in self.automations.values() for connection in one.connections],
            environment=self.project.environment,
            settings=self.project.setting,
            credentials=self.secrets,
            door=self.door,
            clock=self.clock,
            watch=self.watch,
            limits=self.limiter,
            recorder=self._recorder(),
            telemetry=self.telemetry,
        )
        self.loop.run(connections.open())
        spending = Spending(database=self.database)
        return Surrounding(
            connections=connections,
            settings=self.project.setting,
            folder=self.folder,
            spent=spending.note,
            library=self.library,
            telemetry=self.telemetry,
        )

    def outside(self) -> Outside:
        """The connections, for those who read sources."""
        return Outside(connections=self.surrounding.connections, loop=self.loop)

    @cached_property
    def telemetry(self) -> "Telemetry | None":
        """What makes spans and counts, where somebody asks for them and calls go out at all."""
        settings = self.project.telemetry
        if settings is None or not self.door.armed:
            return None
        return open_telemetry(settings, environment=self.project.environment, clock=self.clock)

    def _recorder(self) -> Recorder | None:
        """What writes answers down for rehearsals, where somebody asks for it."""
        file = self.project.record
        return Recorder(file, self.secrets.thorough) if file is not None else None

    @cached_property
    def library(self) -> Library:
        """The documents of its cases."""
        return Library(contents=self.contents)

    def mover(self, executor: str) -> Mover:
        """What forms and runs batches under this executor's name."""
        return Mover(
            database=self.database,
            served=self.served,
            decisions=self.inbox,
            autonomy=self.autonomy,
            run_async=self.loop.run,
            within=self.surrounding.reading,
            environment=self.project.environment,
            executor=executor,
            limiter=self.limiter,
            contents=self.contents,
            chance=self.chance,
            telemetry=self.telemetry,
        )

    @cached_property
    def limiter(self) -> Limiter:
        """The limits of this process's connections."""
        declared = {f"{name}@{release}": one.connections for (name, release), one in self.served.automations.items()}
        return Limiter(database=self.database, declared=declared, clock=self.clock)

    @cached_property
    def watch(self) -> Watch:
        """What this process hears from the other sides."""
        return Watch(database=self.database, limiter=self.limiter, clock=self.clock, chance=self.chance)

    @cached_property
    def checking(self) -> Checking:
        """The contract checks of this process's connections."""
        return Checking(
            database=self.database,
            limiter=self.limiter,
            connections=self.surrounding.connections,
            declared=[(one.name, connection) for one in self.automations.values() for connection in one.connections],
            loop=self.loop,
            clock=self.clock,
        )

    def sending(self, executor: str) -> Sending:
        """The ledger's side of sending under this executor's name."""
        return Sending(
            database=self.database,
            served=self.served,
            decisions=self.inbox,
            sender=executor,
            clock=self.clock,
            limiter=self.limiter,
            watch=self.watch,
            chance=self.chance,
        )

    @property
    def performer(self) -> Performer:
        """What makes the calls."""
        return Performer(served=self.served, surrounding=self.surrounding, clock=self.clock)

    def working(
        self, engine_of: Callable[[Database, str], Engine] | None = None
    ) -> AbstractContextManager[Supervisor | Worker]:
        """Work for as long as the block lasts: in this process, or where there are releases in one process for each."""
        return undivided(self.supervisor()) if releases.wanted(self.database) else self.working_here(engine_of)

    def supervisor(self) -> Supervisor:
        """What keeps a worker process for each release that is served; none of them runs before its block begins."""

        def command(release: str) -> list[str]:
            root = str(self.project.root)
            return [sys.executable, "-P", "-m", "pilotage", "worker", "--release", release, "--kept", "--project", root]

        return Supervisor(
            wanted=lambda: releases.wanted(self.database),
            command=command,
            variables=own_environment(),
            clock=self.clock,
        )

    def working_here(
        self, engine_of: Callable[[Database, str], Engine] | None = None
    ) -> AbstractContextManager[Worker]:
        """Work in this process for as long as the block lasts; its intake starts batches at once."""
        return undivided(self._working_here(engine_of))

    @contextmanager
    def _working_here(self, engine_of: Callable[[Database, str], Engine] | None) -> Generator[Worker]:
        if self.unloaded is not None:
            raise self.unloaded
        if self.release == WORKING_DIRECTORY:
            releases.refuse_unreleased(self.project.environment, ", ".join(self.automations))
        lives = Lives(self.database)
        queues = [f"{automation}@{release}" for automation, release in self.served.pairs]
        executor = lives.begin("worker", queues)
        self.secrets.held_by(executor)
        self.secrets.take(users(self.served.automations.values()))
        engine = (engine_of or _dbos)(self.database, executor)
        mover = self.mover(executor)
        worker = Worker(
            mover=mover,
            taking=self.taking,
            sending=self.sending(executor),
            performer=self.performer,
            engine=engine,
            lives=lives,
            loop=self.loop,
            pulse=Pulse(self.database, something_to_do([name for name, _ in self.served.pairs])),
            chores=[
                self.limiter.announce,
                self.watch.write,
                self.checking.look,
                Expiring(database=self.database, keep=self.project.keep_responses).expire,
                self.secrets.look,
                self.sealer.seal,
                *self._keeping_heads(),
                self.inbox.escalate,
                Folding(database=self.database).fold,
                Sweeping(database=self.database, contents=self.contents, clock=self.clock).sweep,
                self.database.shorten_log,
                partial(answers.forget, self.database),
            ],
        )
        served = set(self.served.pairs)
        self.intake.direct = lambda automation, release, cases: (
            (automation, release) in served and worker.has_room(automation, release, cases)
        )
        self.intake.batch_row, self.intake.started = worker.batch_row, worker.started
        with lives.beating(), calm_collector():
            worker.start()
            try:
                with sources_watched(self, executor, self.outside):
                    yield worker
            finally:
                self.intake.direct = lambda automation, release, cases: False
                self.checking.stop()
                worker.stop()
                self.watch.finish()
                lives.end()

    def _keeping_heads(self) -> list[Callable[[], int]]:
        """What keeps the heads of the audit trail in a folder, where the project names one."""
        folder, environment = self.project.heads, self.project.environment
        if folder is None:
            return []
        keeper = HeadKeeper(
            database=self.database, folder=folder, environment=environment, monotonic=self.clock.monotonic
        )
        return [keeper.keep]

    @cached_property
    def hooks(self) -> Hooks:
        """Whether its webhooks can take anything in."""
        listening = Listening(database=self.database, secrets=self.secrets, clock=self.clock)
        return Hooks(listening=listening, automations=self.automations.values())

    def serve_page(self, *, host: str, port: int, announce: Callable[[str], None]) -> None:
        """Show the web page until a signal ends it; `announce` is told the link that opens it."""
        # FastAPI and the templates are for those who serve.
        from pilotage.cases.api.receiving import taking_in  # noqa: PLC0415
        from pilotage.machinery.web.door import new_token  # noqa: PLC0415
        from pilotage.machinery.web.serving import serve  # noqa: PLC0415
        from pilotage.machinery.web.values import WebSettings  # noqa: PLC0415

        settings = WebSettings(token=new_token(), environment=self.project.environment)
        if self.telemetry is not None:  # this process alone tells it: it is the same in all of them
            self.telemetry.meters.observe_cases(partial(cases_by_place, self.database, tuple(self.automations)))
        with (
            taking_in(
                automations=self.automation,
                intake=self.intake,
                secrets=self.secrets,
                clock=self.clock,
                explain=in_plain_words,
                beside=self.looks(),
            ) as programs,
            self.hooks.watched(),
        ):
            site = self.site(settings, programs)
            serve(site, host=host, port=port, announce=lambda address: announce(settings.link(address)))

    def looks(self) -> "Sequence[Callable[[Guard], APIRouter]]":
        """The routes by which programs look at it."""
        from pilotage.cases.api.looking import Looks  # noqa: PLC0415
        from pilotage.cases.service.today import read_places  # noqa: PLC0415
        from pilotage.operations.api import Looks as OperationsLooks  # noqa: PLC0415
        from pilotage.operations.api import metrics  # noqa: PLC0415

        keep = self.project.keep_responses
        cases = Looks(database=self.database, automation=self.automation, parts=parts_of_case(self.project), keep=keep)
        automations = self.automations.values()
        operations = OperationsLooks(
            sides=partial(other_sides.other_sides, self.database, automations),
            accounts=partial(limits.accounts, self.database, automations),
            places=partial(read_places, self.database, tuple(self.automations)),
            needs=self.needs,
        )
        return [cases.router, operations.router, metrics(partial(figures, self.database, tuple(self.automations)))]

    def site(self, settings: "WebSettings", programs: "Site | None" = None) -> "Site":
        """The web application with every page, and beside them what programs call."""
        from pilotage.cases.pages.case import case_page  # noqa: PLC0415
        from pilotage.cases.pages.listing import cases_page  # noqa: PLC0415
        from pilotage.cases.panels import today_panels as places_panels  # noqa: PLC0415
        from pilotage.cases.service.today import read_places  # noqa: PLC0415
        from pilotage.machinery.web.app import make_app  # noqa: PLC0415
        from pilotage.operations import outside  # noqa: PLC0415
        from pilotage.operations.pages import today_page, today_panels  # noqa: PLC0415

        read = partial(read_places, self.database, tuple(self.automations))
        read_limits = partial(limits.accounts, self.database, self.automations.values())
        read_sides = partial(other_sides.other_sides, self.database, self.automations.values())
        beside = {} if programs is None else {"/in/": programs, "/api/": programs, "/metrics": programs}
        panels = [
            *places_panels(read),
            *today_panels(read, self.needs),
            *outside.panels(read_sides, read_limits),
        ]
        pages = [
            today_page(),
            cases_page(self.database, tuple(self.automations)),
            outside.connections_page(read_sides, read_limits),
            case_page(self.database, parts=parts_of_case(self.project), keep=self.project.keep_responses),
        ]
        return make_app(pages, panels, settings, beside=beside)

    def needs(self) -> Sequence[Need]:
        """What needs somebody beyond what places say."""
        found = full.needs(self.database, self.automations.values(), self.intake.room)
        living = Lives(self.database).living()
        found += handing.needs(self.database, living)
        if self.database.dialect == "sqlite":
            found += outgrown.needs(living)
        sides = other_sides.other_sides(self.database, self.automations.values())
        found += [*other_sides.needs(sides), *other_sides.passing(sides)]
        found += limits.needs(limits.accounts(self.database, self.automations.values()))
        told = tell_of(self.project, self.database, self.automations.values())
        return [
            *release_needs(self.database),
            *found,
            *sources.needs(self.database),
            *old_secrets.needs(told),
        ]

    def close(self) -> None:
        """Close what was opened."""
        if "library" in self.__dict__:
            self.library.reader.close()
        self.older.close()
        self.secrets.close()
        if "surrounding" in self.__dict__:
            self.loop.run(self.surrounding.connections.close())
        if "loop" in self.__dict__:
            self.loop.close()
        if (telemetry := self.__dict__.get("telemetry")) is not None:
            telemetry.close()
        self.database.close()


def parts_of_case(project: Project) -> Sequence[PartOfCase]:
    """What subjects beside and above the cases tell of one."""
    from pilotage.cases.commands.traces import traces_of  # noqa: PLC0415

    traced = project.telemetry is not None and project.telemetry.traces
    return (decisions_of, *([traces_of(project.environment)] if traced else []))


def _dbos(database: Database, executor: str) -> Engine:
    from pilotage.machinery.engine.dbos.engine import DbosEngine  # noqa: PLC0415 - 73 MB that only workers need

    return DbosEngine(database, executor, threads=AT_ONCE + 1)  # one to spare: cases/shares.py

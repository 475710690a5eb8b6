"""The composition root: a project's settings become a platform, and ports meet their implementers.

Nothing is found by being imported: `[tool.pilotage]` of a project's `pyproject.toml` names its automations.
"""

import importlib
import os
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.authoring.plan import Node
from pilotage.cases.ports import AuthorsThreshold, Autonomy
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.moving import Mover, Served
from pilotage.cases.service.performing import Performer
from pilotage.cases.service.sending import Sending
from pilotage.cases.service.surrounding import LoopThread, Surrounding
from pilotage.cases.service.working import Worker
from pilotage.connections.opening import Connections
from pilotage.credentials.secrets import Secrets, environment_name
from pilotage.inbox.service import Inbox
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.errors import ProjectMissing, UnknownName
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.engine.port import Engine
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

DEMO_FOLDER: Final = "pilotage-demo"


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project: where it lies, which environment this is, and what it names."""

    root: Path
    environment: str
    database_url: str
    automations: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to this project."""
        return self.root / ".pilotage"

    def setting(self, name: str) -> str | None:
        """The text of a setting: HELPDESK_URL of the environment, else `helpdesk-url` of the project's file."""
        return os.environ.get(environment_name(name), self.settings.get(name))


def find_project(start: Path | None = None) -> Project:
    """The project of this folder or of one above it; the demo's, where there is none but that.

    Raises ProjectMissing (PLT-002).
    """
    here = Path(start or os.environ.get("PILOTAGE_PROJECT") or Path.cwd()).resolve()
    for folder in (here, *here.parents, here / DEMO_FOLDER):
        file = folder / "pyproject.toml"
        if file.is_file() and (table := _table(file)) is not None:
            return read_project(folder, table)
    msg = f"There is no Pilotage project in {here} or above it."
    raise ProjectMissing(
        msg, "Go into a project's folder, or make one: `pilotage new NAME`; to look around: `pilotage demo`."
    )


def _table(file: Path) -> dict[str, object] | None:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}).get("pilotage")
    except tomllib.TOMLDecodeError as error:
        msg = f"{file} is no TOML: {error}."
        raise ProjectMissing(msg, "Correct that line.") from error
    return table if isinstance(table, dict) else None


def read_project(root: Path, table: Mapping[str, object]) -> Project:
    """The project that `[tool.pilotage]` describes."""
    environment = os.environ.get("PILOTAGE_ENVIRONMENT", "dev")
    default = f"sqlite:///{root / '.pilotage' / (environment + '.db')}"
    settings = table.get("settings", {})
    by_environment = settings.get(environment, {}) if isinstance(settings, dict) else {}
    named = table.get("automations", [])
    return Project(
        root=root,
        environment=environment,
        database_url=os.environ.get("PILOTAGE_DATABASE_URL") or str(table.get("database", default)),
        automations=tuple(str(one) for one in named) if isinstance(named, list) else (),
        settings={str(name): str(value) for name, value in by_environment.items()},
    )


def load_automations(project: Project) -> list[Automation]:
    """Import what the project names. Raises UnknownName (PLT-001) where it is not there."""
    for folder in (project.root / "src", project.root):
        if folder.is_dir() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    found: list[Automation] = []
    for reference in project.automations:
        module_name, _, attribute = reference.partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            if error.name is None or not module_name.startswith(error.name):
                raise
            msg = f'The project names "{reference}", but there is no module {module_name}.'
            raise UnknownName(
                msg, f"Correct [tool.pilotage] automations in {project.root / 'pyproject.toml'}."
            ) from error
        automation = getattr(module, attribute, None)
        if not isinstance(automation, Automation):
            names = [name for name, value in vars(module).items() if isinstance(value, Automation)]
            msg = f'{module_name} has no automation "{attribute}".'
            raise UnknownName(msg, f"There is: {', '.join(names) or 'none'}.")
        found.append(automation)
    return found


@dataclass(frozen=True, kw_only=True)
class OneRelease:
    """In dev the working directory is the one release."""

    release: str

    def assign(self, automation: str, count: int) -> list[str]:
        """The same release for every case."""
        del automation
        return [self.release] * count


class Platform:
    """Everything of one process, put together. Close it when done."""

    def __init__(
        self,
        project: Project,
        automations: Sequence[Automation],
        *,
        release: str = "dev",
        clock: Clock | None = None,
        database_clock: Clock | None = None,
        seed: int | None = None,
        autonomy: Autonomy | None = None,
        door: Door | None = None,
    ) -> None:
        self.project = project
        self.automations = {automation.name: automation for automation in automations}
        self.release = release
        self.clock: Clock = clock or SystemClock()
        self.database = Database(project.database_url, clock=database_clock)
        prepare(self.database)
        self.served = Served(automations={(one.name, release): one for one in automations})
        self.autonomy: Autonomy = autonomy or AuthorsThreshold()
        self.chance = Random(seed)
        self.secrets = Secrets(project.environment, folder=project.folder / "secrets" / project.environment)
        self.door = door or Door(Addresses(allow_private=True))
        self.releases = OneRelease(release=release)
        self.inbox = Inbox(database=self.database, zone_of=self._zone_of, node_of=self.node_of)
        self.intake = Intake(database=self.database, releases=self.releases)

    def automation(self, name: str) -> Automation:
        """An automation by name. Raises UnknownName (PLT-001) with the nearest names."""
        if name in self.automations:
            return self.automations[name]
        known = ", ".join(self.automations) or "none"
        msg = f'There is no automation "{name}" here.'
        raise UnknownName(msg, f"This project has: {known}.")

    def node_of(self, automation: str, name: str) -> Node:
        """A node of an automation."""
        return self.served.node(automation, self.release, name)

    def _zone_of(self, automation: str) -> str:
        return self.automations[automation].timezone

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
        )
        self.loop.run(connections.open())
        return Surrounding(connections=connections, settings=self.project.setting, folder=self.project.root)

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
            chance=self.chance,
        )

    def sending(self, executor: str) -> Sending:
        """The ledger's side of sending under this executor's name."""
        return Sending(
            database=self.database,
            served=self.served,
            decisions=self.inbox,
            sender=executor,
            clock=self.clock,
            chance=self.chance,
        )

    @property
    def performer(self) -> Performer:
        """What makes the calls."""
        return Performer(served=self.served, surrounding=self.surrounding, clock=self.clock)

    @contextmanager
    def working(self, engine_of: Callable[[Database, str], Engine] | None = None) -> Iterator[Worker]:
        """Work in this process for as long as the block lasts; its intake starts batches at once."""
        lives = Lives(self.database)
        queues = [f"{automation}@{release}" for automation, release in self.served.pairs()]
        executor = lives.begin("worker", queues)
        engine = (engine_of or _dbos)(self.database, executor)
        mover = self.mover(executor)
        worker = Worker(
            mover=mover,
            sending=self.sending(executor),
            performer=self.performer,
            engine=engine,
            lives=lives,
            loop=self.loop,
            chores=[self.inbox.escalate],
        )
        served = set(self.served.pairs())
        self.intake.direct = lambda automation, release: (automation, release) in served and worker.has_room
        self.intake.batch_row, self.intake.started = mover.batch_row, worker.started
        with lives.beating():
            worker.start()
            try:
                yield worker
            finally:
                self.intake.direct = lambda automation, release: False
                worker.stop()
                lives.end()

    def close(self) -> None:
        """Close what was opened."""
        if "surrounding" in self.__dict__:
            self.loop.run(self.surrounding.connections.close())
        if "loop" in self.__dict__:
            self.loop.close()
        self.database.close()


def _dbos(database: Database, executor: str) -> Engine:
    from pilotage.machinery.engine.dbos.engine import DbosEngine  # 73 MB that only workers need

    return DbosEngine(database, executor)


@contextmanager
def open_platform(start: Path | None = None) -> Iterator[Platform]:
    """The platform of the project here, open for the block."""
    project = find_project(start)
    platform = Platform(project, load_automations(project))
    try:
        yield platform
    finally:
        platform.close()

"""What the commands of operations need of whoever opens the platform."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pilotage.authoring.automation import Automation
from pilotage.cases.service.listening import Hooks
from pilotage.cases.service.proving import Check
from pilotage.cases.service.served import Served
from pilotage.connections.checking import Checking
from pilotage.credentials.plan import Plan
from pilotage.machinery.engine.lives import Lives
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.storage.database import Database
from pilotage.machinery.telemetry.values import TelemetrySettings
from pilotage.operations.values import Need


class Project(Protocol):
    """A project, as far as these commands use it."""

    @property
    def root(self) -> Path:
        """Where it lies."""
        ...

    @property
    def contents_folder(self) -> Path:
        """Where its large contents lie."""
        ...

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def database_url(self) -> str:
        """Where everything is kept."""
        ...

    @property
    def secrets(self) -> Plan:
        """Where its secrets come from."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def addresses(self) -> Addresses:
        """Which addresses may be called from this environment beyond public ones."""
        ...

    @property
    def environments(self) -> Sequence[str]:
        """Which environments there are."""
        ...

    @property
    def addresses_said(self) -> Mapping[str, Sequence[str]]:
        """The names under `private-addresses`: environments, and under each its connections."""
        ...

    @property
    def telemetry(self) -> TelemetrySettings | None:
        """The traces and metrics that are asked for."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        ...


class Platform(Protocol):
    """A platform, as far as these commands use it."""

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        ...

    @property
    def project(self) -> Project:
        """The project."""
        ...

    @property
    def served(self) -> Served:
        """The automations that are loaded."""
        ...

    @property
    def automations(self) -> Mapping[str, Automation]:
        """The automations by name."""
        ...

    def pairs(self) -> Sequence[tuple[str, str]]:
        """(automation, release) of everything that is worked on while `working` lasts."""
        ...

    @property
    def checking(self) -> Checking:
        """The contract checks of its connections."""
        ...

    @property
    def hooks(self) -> Hooks:
        """Whether its webhooks can take anything in."""
        ...

    def working(self) -> AbstractContextManager[object]:
        """Work in this process for as long as the block lasts."""
        ...

    def serve_page(self, *, host: str, port: int, announce: Callable[[str], None]) -> None:
        """Show the web page until a signal ends it; `announce` is told the link that opens it."""
        ...


class House(Protocol):
    """Opens the project's platform."""

    def open(self) -> AbstractContextManager[Platform]:
        """The platform, open for the block."""
        ...

    def needs_of(self, platform: Platform) -> Sequence[Need]:
        """What the subjects above operations say needs somebody."""
        ...

    def checks(self) -> Sequence[Check]:
        """What the subjects above the cases know to be true."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """The project's database without any code, open for the block."""
        ...

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def automations(self) -> Sequence[Automation]:
        """What the project names, loaded."""
        ...


def lives_of(platform: Platform) -> Lives:
    """The lives of the processes that work on this database."""
    return Lives(platform.database)

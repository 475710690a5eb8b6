"""What the commands of releases need of whoever opens the platform."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pilotage.cases.service.served import Served
from pilotage.machinery.storage.database import Database
from pilotage.releases.artefact import Artefacts


class Project(Protocol):
    """A project, as far as these commands use it."""

    @property
    def root(self) -> Path:
        """Its folder."""
        ...

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def automations(self) -> Sequence[str]:
        """What it names, as module:attribute."""
        ...


class Platform(Protocol):
    """A platform, as far as these commands use it."""

    @property
    def database(self) -> Database:
        """Its database."""
        ...

    @property
    def release(self) -> str:
        """The release that is loaded here."""
        ...

    @property
    def served(self) -> Served:
        """What is loaded here."""
        ...

    @property
    def artefacts(self) -> Artefacts:
        """Where releases are kept."""
        ...

    def working_here(self) -> AbstractContextManager[object]:
        """Work in this process for as long as the block lasts."""
        ...


class House(Protocol):
    """Opens the project's platform, and its database without any code."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def open(self, release: str | None = None) -> AbstractContextManager[Platform]:
        """The platform with a release's code, open for the block."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """The project's database, with its tables, open for the block."""
        ...

"""What the commands of secrets need of whoever opens the platform, and how they open the local store."""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pilotage.authoring.automation import Automation
from pilotage.authoring.names import refuse_name
from pilotage.credentials.errors import KeyMissing
from pilotage.credentials.opening import key_ring
from pilotage.credentials.plan import Plan
from pilotage.credentials.service.keeping import Keeper, Person
from pilotage.credentials.service.looking import SecretPlaces
from pilotage.machinery.cli.person import KNOWN, shell_user
from pilotage.machinery.storage.database import Database


class Project(Protocol):
    """A project, as far as these commands use it."""

    @property
    def root(self) -> Path:
        """Where it lies."""
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
    def contents_folder(self) -> Path:
        """Where the large contents of this environment lie."""
        ...

    @property
    def secrets(self) -> Plan:
        """Where its secrets come from."""
        ...


class Platform(Protocol):
    """A platform, as far as these commands use it."""

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        ...

    @property
    def automations(self) -> Mapping[str, Automation]:
        """The automations by name."""
        ...


class House(Protocol):
    """Opens the project's database without any code, or with that of its current release."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """Its database, with its tables, open for the block."""
        ...

    def open(self) -> AbstractContextManager[Platform]:
        """The platform, open for the block."""
        ...


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The local store of a project."""

    project: Project

    def keeper(self, database: Database) -> Keeper:
        """What people do with it, done by the user of this shell."""
        environment = self.project.environment
        return Keeper(
            database=database,
            environment=environment,
            keys=key_ring(self.project.folder, environment, os.environ),
            by=Person(name=shell_user(), known=KNOWN),
        )

    def key_names(self, database: Database) -> frozenset[str]:
        """What the keys are called that are here; none where they cannot be used."""
        try:
            keys = self.keeper(database).keys.read()
        except KeyMissing:
            return frozenset()
        return frozenset() if keys is None else frozenset(keys.known)

    def places(self) -> SecretPlaces:
        """Where values are, as far as that can be seen without asking for one."""
        folder = self.project.folder / "secrets" / self.project.environment
        return SecretPlaces(stores=self.project.secrets.stores, variables=os.environ, folder=folder)


def named(name: str) -> str:
    """The name, if it is one. Raises DefinitionError (PLT-181)."""
    refuse_name("Secret", name, "the command line")
    return name

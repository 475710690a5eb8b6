"""What the commands that carry a platform need of whoever opens it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from pilotage.cases.service.proving import Check
from pilotage.machinery.storage.database import Database


class Project(Protocol):
    """A project, as far as these commands use it."""

    @property
    def folder(self) -> Path:
        """Where the platform keeps what belongs to it."""
        ...

    @property
    def contents_folder(self) -> Path:
        """Where its large contents lie."""
        ...

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    @property
    def database_url(self) -> str:
        """Where its database is."""
        ...


class House(Protocol):
    """Opens the project's database without any code."""

    def project(self) -> Project:
        """The project. Raises ProjectMissing (PLT-002)."""
        ...

    def database(self) -> AbstractContextManager[Database]:
        """Its database, with its tables, open for the block."""
        ...

    def checks(self) -> Sequence[Check]:
        """What the subjects above the cases know to be true."""
        ...

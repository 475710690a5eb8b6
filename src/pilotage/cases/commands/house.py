"""What the commands of the cases need of whoever opens the platform."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pilotage.authoring.automation import Automation
from pilotage.cases.ports import Decisions, PartOfCase
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.served import Served
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Database


class Project(Protocol):
    """A project, as far as these commands use it."""

    @property
    def keep_responses(self) -> float:
        """Days for which answers to calls that failed are kept."""
        ...


class Platform(Protocol):
    """A platform, as far as these commands use it."""

    @property
    def project(self) -> Project:
        """The project."""
        ...

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        ...

    @property
    def intake(self) -> Intake:
        """Takes records in."""
        ...

    @property
    def contents(self) -> Contents:
        """Its large contents."""
        ...

    @property
    def served(self) -> Served:
        """The automations that are loaded."""
        ...

    @property
    def inbox(self) -> Decisions:
        """Who takes the questions that people must settle."""
        ...

    @property
    def automations(self) -> Mapping[str, Automation]:
        """The automations by name."""
        ...

    def automation(self, name: str) -> Automation:
        """An automation by name. Raises UnknownName (PLT-001)."""
        ...

    def first_of(self, automation: str, release: str, node: str | None) -> str | None:
        """The first step of the path that a node stands in."""
        ...

    def pairs(self) -> Sequence[tuple[str, str]]:
        """(automation, release) of everything that is worked on while `working` lasts."""
        ...

    def working(self) -> AbstractContextManager[object]:
        """Work in this process for as long as the block lasts."""
        ...


class House(Protocol):
    """Opens the project's platform, and introduces the subjects above."""

    def open(self) -> AbstractContextManager[Platform]:
        """The platform, open for the block."""
        ...

    def parts_of_case(self) -> Sequence[PartOfCase]:
        """What other subjects tell of a case."""
        ...

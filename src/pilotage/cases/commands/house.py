"""What the commands of the cases need of whoever opens the platform."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pilotage.authoring.automation import Automation
from pilotage.cases.ports import Decisions
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.served import Served
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Database, Tx


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """What another subject knows of a case: a table, the same as data, and what to do about it."""

    name: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    data: Sequence[Mapping[str, object]]
    hint: str = ""


PartOfCase: TypeAlias = Callable[[Tx, int], Part]


class Platform(Protocol):
    """A platform, as far as these commands use it."""

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

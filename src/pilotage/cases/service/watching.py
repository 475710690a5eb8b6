"""Watching the places from which records come, as long as a process works on its cases."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pilotage.authoring.automation import Automation
from pilotage.authoring.intake import Source
from pilotage.authoring.mailbox import Mailbox
from pilotage.authoring.objects import Objects
from pilotage.authoring.query import Query
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.visiting import Look, Looking, Visit, Visits
from pilotage.connections.accounts import Credentials
from pilotage.kernel.clock import Clock
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database

if TYPE_CHECKING:
    from pilotage.cases.service.mailboxes import Mailboxes


class Project(Protocol):
    """A project, as far as sources need it."""

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        ...


class Platform(Protocol):
    """A platform, as far as sources need it."""

    database: Database
    intake: Intake
    door: Door
    clock: Clock

    @property
    def automations(self) -> Mapping[str, Automation]:
        """The automations by name."""
        ...

    @property
    def project(self) -> Project:
        """The project."""
        ...

    @property
    def secrets(self) -> Credentials:
        """Where the passwords of mailboxes come from."""
        ...


def mailboxes(platform: Platform, holder: str, ended: threading.Event | None = None) -> "Mailboxes":
    """The mailboxes of a platform, as `holder` looks into them."""
    from pilotage.cases.service.mailboxes import Mailboxes  # noqa: PLC0415 - for those who have one

    return Mailboxes(
        database=platform.database,
        intake=platform.intake,
        automations=platform.automations,
        settings=platform.project.setting,
        environment=platform.project.environment,
        credentials=platform.secrets,
        door=platform.door,
        holder=holder,
        ended=ended or threading.Event(),
    )


def reader_of(source: Source, intake: Intake, outside: Outside) -> Callable[[Visit], int] | None:
    """What reads a source through a connection; None for one that is read in another way."""
    if isinstance(source, Query):
        from pilotage.cases.service.queries import Queries  # noqa: PLC0415 - for those who have one

        return Queries(intake=intake, outside=outside).take
    if isinstance(source, Objects):
        from pilotage.cases.service.buckets import Buckets  # noqa: PLC0415 - for those who have one

        return Buckets(intake=intake, outside=outside).take
    return None


@contextmanager
def sources_watched(platform: Platform, holder: str, outside: Callable[[], Outside]) -> Generator[None]:
    """Take in what comes to the sources of a platform's automations, for as long as the block lasts.

    `outside` is asked for the connections where one is needed.
    """
    ended = threading.Event()
    looks = list(_looks(platform, holder, outside, ended))
    looking = Looking(database=platform.database, clock=platform.clock, looks=looks, ended=ended)
    looking.start()
    try:
        yield
    finally:
        looking.stop()


def _looks(platform: Platform, holder: str, outside: Callable[[], Outside], ended: threading.Event) -> Iterator[Look]:
    visits = Visits(database=platform.database, intake=platform.intake, holder=holder, ended=ended)
    for automation in platform.automations.values():
        for source in automation.intake:
            if isinstance(source, Mailbox):
                found = mailboxes(platform, holder, ended)
                yield _look(source, source.every.seconds, partial(found.look, automation, source))
            elif isinstance(source, Query | Objects):
                take, seconds = reader_of(source, platform.intake, outside()), source.every.seconds
                assert take is not None
                yield _look(source, seconds, partial(visits.visit, automation, source, seconds, take))


def _look(source: Source, seconds: float, look: "partial[int]") -> Look:
    return Look(name=source.name, seconds=seconds, look=look)

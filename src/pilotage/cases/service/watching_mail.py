"""Watching the mailboxes of a platform, as long as a process works on its cases."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pilotage.authoring.automation import Automation
from pilotage.cases.service.intake import Intake
from pilotage.connections.accounts import Credentials
from pilotage.kernel.clock import Clock
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database

if TYPE_CHECKING:
    from pilotage.cases.service.mailboxes import Mailboxes


class Project(Protocol):
    """A project, as far as mailboxes need it."""

    @property
    def environment(self) -> str:
        """Which environment this is."""
        ...

    def setting(self, name: str) -> str | None:
        """The text of a setting, or None where it is not set."""
        ...


class Platform(Protocol):
    """A platform, as far as mailboxes need it."""

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


def mailboxes(platform: Platform, holder: str) -> "Mailboxes":
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
        clock=platform.clock,
    )


@contextmanager
def mail_taken_in(platform: Platform, holder: str) -> Generator[None]:
    """Take mails in for as long as the block lasts, where an automation has a mailbox."""
    if not any(automation.intake for automation in platform.automations.values()):
        yield
        return
    found = mailboxes(platform, holder)
    found.start()
    try:
        yield
    finally:
        found.stop()

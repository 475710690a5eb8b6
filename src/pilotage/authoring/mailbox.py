"""A mailbox from which an automation's records come."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from pilotage.authoring.intake import Source
from pilotage.authoring.settings import Secret, Setting
from pilotage.authoring.spans import span
from pilotage.kernel.durations import Duration

if TYPE_CHECKING:
    from pilotage.authoring.documents import Mail

LARGEST: Final = 25_000_000


class Mailbox(Source):
    """A mailbox (IMAP) whose unread mails become records: each mail one, or what `record` makes of it.

    `url` is imaps://host, or imap://host on a network that nobody else hears. A mail is marked as read, and moved to `done`
    if that names a folder, only after its record is committed.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        url: str | Setting[str],
        user: str | Setting[str],
        credential: Secret,
        folder: str = "INBOX",
        done: str | None = None,
        record: "Callable[[Mail], Iterable[object]] | None" = None,
        every: timedelta | str = "30s",
        largest: int = LARGEST,
    ) -> None:
        super().__init__(name)
        self.url = url
        self.user = user
        self.credential = credential
        self.folder = folder
        self.done = done
        self.record = record
        self.every: Duration = span(every, place=f"Mailbox {name}", line=self.line)
        self.largest = largest
        """Bytes of the largest mail that is taken; a larger one goes to quarantine with its beginning."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Its password."""
        return (self.credential,)

    @property
    def settings(self) -> tuple[Setting[str], ...]:
        """Where it is, and whose, where that differs by environment."""
        return tuple(one for one in (self.url, self.user) if isinstance(one, Setting))

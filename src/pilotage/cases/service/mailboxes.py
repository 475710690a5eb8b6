"""Mailboxes: unread mails become records, and are marked as read only after those are committed.

A process that dies between the two leaves the mail unread: it comes again, and its key says that it was here. Where there
is no room, or intake is on hold, the mail stays in the mailbox.
"""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from pydantic import BaseModel, ValidationError

from pilotage.authoring.automation import Automation
from pilotage.authoring.documents import Mail
from pilotage.authoring.mailbox import Mailbox
from pilotage.authoring.settings import Setting
from pilotage.cases.arrivals import Arrival
from pilotage.cases.service.intake import Intake
from pilotage.cases.service.visiting import Away, Visit, Visits
from pilotage.connections.accounts import Credentials
from pilotage.connections.connectors.imap import MailboxAway, Mails, Waiting
from pilotage.connections.connectors.mails import read_mail
from pilotage.connections.values import Heard
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database

_TOGETHER: Final = 50
_BYTES: Final = 16_000_000
"""Mails that are committed together."""
_PREFIX: Final = 64 * 1024
"""Bytes of a mail that is too large that are kept."""


class Open(Protocol):
    """Opens a mailbox."""

    def __call__(
        self, door: Door, url: str, /, *, user: str, password: str, folder: str
    ) -> AbstractContextManager[Mails]:
        """The mailbox, open for the block. Raises MailboxAway."""
        ...


@dataclass(kw_only=True)
class Mailboxes:
    """The mailboxes of one process's automations."""

    database: Database
    intake: Intake
    automations: Mapping[str, Automation]
    settings: Callable[[str], str | None]
    environment: str
    credentials: Credentials
    door: Door
    holder: str
    open: Open = Mails
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def watched(self) -> list[tuple[Automation, Mailbox]]:
        """Every mailbox with the automation whose records come from it."""
        return [
            (automation, source)
            for automation in self.automations.values()
            for source in automation.intake
            if isinstance(source, Mailbox)
        ]

    def look(self, automation: Automation, source: Mailbox) -> int:
        """Take in what is unread, if it is this process's turn; how many mails were taken."""
        visits = Visits(database=self.database, intake=self.intake, holder=self.holder, ended=self.ended)
        return visits.visit(automation, source, source.every.seconds or 1.0, self._take)

    def _take(self, visit: Visit) -> int:
        automation, source = visit.automation, cast("Mailbox", visit.source)
        try:
            return self._taken(visit, automation, source)
        except MailboxAway as away:
            failing = Heard.REFUSED if away.credential else Heard.DOWN
            raise Away(away.words, failing=failing) from away

    def _taken(self, visit: Visit, automation: Automation, source: Mailbox) -> int:
        taken = 0
        with self._opened(source) as box:
            for block in _blocks(box.unread()):
                if not visit.goes_on():
                    break
                uids, arrivals = self._fetched(automation, source, box, block)
                if not uids:
                    continue
                submission = self.intake.begin(automation, f"mailbox {source.name}")
                try:
                    self.intake.take(automation, submission, arrivals)
                finally:
                    self.intake.finish(submission)
                box.taken(uids, move_to=source.done)
                taken += len(uids)
        return taken

    def _opened(self, source: Mailbox) -> AbstractContextManager[Mails]:
        """The mailbox; where it does not accept the credential, that is read anew once."""
        url, user = self._text(source.url), self._text(source.user)
        name = source.credential.name
        held = self.credentials.held(name)
        try:
            return self.open(
                self.door.towards(source.name), url, user=user, password=held.reveal(), folder=source.folder
            )
        except MailboxAway as away:
            fresh = self.credentials.read_again(name) if away.credential else held
            if fresh == held:
                raise
            return self.open(
                self.door.towards(source.name), url, user=user, password=fresh.reveal(), folder=source.folder
            )

    def _text(self, value: str | Setting[str]) -> str:
        return value if isinstance(value, str) else value.read(self.settings(value.name), environment=self.environment)

    def _fetched(
        self, automation: Automation, source: Mailbox, box: Mails, block: Sequence[Waiting]
    ) -> tuple[list[str], list[Arrival]]:
        uids, arrivals = list[str](), list[Arrival]()
        for one in block:
            large = one.size > source.largest
            raw = box.raw(one.uid, most=_PREFIX if large else None)
            if raw is None:
                continue
            uids.append(one.uid)
            arrivals += [_too_large(raw, one.size, source)] if large else self._arrivals(automation, source, raw)
        return uids, arrivals

    def _arrivals(self, automation: Automation, source: Mailbox, raw: bytes) -> list[Arrival]:
        try:
            mail = read_mail(raw)
        except Exception as error:  # noqa: BLE001 - whatever the library stumbles over is this mail's fault
            return [_broken(raw, f"The mail cannot be read: {type(error).__name__}.", "mail: unreadable")]
        for document in mail.attachments:
            if document.at_hand is not None and document.size <= self.intake.contents.most:
                self.intake.contents.put(document.at_hand)
        if source.record is None:
            return [Arrival(fields=_as_record(automation, mail), original=raw)]
        try:
            made = list(source.record(mail))
        except RAISED as error:  # record= is the author's code: its failure is this mail's
            said = error.what if isinstance(error, PilotageError) else f"{type(error).__name__}: {error}"
            return [_broken(raw, f"No record could be made of the mail: {said}", "mail: no record")]
        if not made:
            return [_broken(raw, "The mail holds nothing of which a record is made.", "mail: holds no record")]
        return [
            Arrival(fields=one, original=raw, digest=_digest(raw, number if len(made) > 1 else None))
            for number, one in enumerate(made)
        ]


def _as_record(automation: Automation, mail: Mail) -> object:
    contract = automation.takes
    if isinstance(mail, contract):
        return mail
    if issubclass(contract, BaseModel):
        try:
            return contract.model_validate(dict(mail.__dict__))
        except ValidationError:
            pass  # intake says what is wrong
    return mail.model_dump(mode="json")


def _too_large(prefix: bytes, size: int, source: Mailbox) -> Arrival:
    return Arrival(
        fields=None,
        original=prefix,
        digest=_digest(prefix, size),
        whole=False,
        reason=f"The mail has {size:,} bytes, and {source.name} takes {source.largest:,} at most.",
        shape="mail: too large",
    )


def _broken(raw: bytes, reason: str, shape: str) -> Arrival:
    return Arrival(fields=None, original=raw, reason=reason, shape=shape)


def _digest(raw: bytes, number: int | None) -> str:
    return hashlib.sha256(raw if number is None else b"%d:%s" % (number, raw)).hexdigest()


def _blocks(waiting: Iterable[Waiting]) -> Iterable[list[Waiting]]:
    block, size = list[Waiting](), 0
    for one in waiting:
        if block and (len(block) >= _TOGETHER or size + one.size > _BYTES):
            yield block
            block, size = [], 0
        block.append(one)
        size += one.size
    if block:
        yield block

"""Mailboxes: unread mails become records, and are marked as read only after those are committed.

A process that dies between the two leaves the mail unread: it comes again, and its key says that it was here. Where there
is no room, or intake is on hold, the mail stays in the mailbox.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from pydantic import BaseModel, ValidationError

from pilotage.authoring.automation import Automation
from pilotage.authoring.documents import Mail
from pilotage.authoring.mailbox import Mailbox
from pilotage.authoring.settings import Setting
from pilotage.cases.arrivals import Arrival
from pilotage.cases.errors import IntakeHeld, IntakePaused
from pilotage.cases.retry import SECOND
from pilotage.cases.service.intake import Intake
from pilotage.cases.store import sources
from pilotage.cases.store.sources import SourceStanding
from pilotage.connections.accounts import Credentials
from pilotage.connections.connectors.imap import MailboxAway, Mails, Waiting
from pilotage.connections.connectors.mails import read_mail
from pilotage.credentials.asking import asked_by
from pilotage.kernel.clock import Clock, SystemClock
from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.door import Door
from pilotage.machinery.storage.database import Database

LEASE: Final = 120 * SECOND
"""How long a process that said nothing more is believed to look into a mailbox."""
PAUSE: Final = 10 * SECOND
"""How long a mailbox is left alone where there is no room for its mails."""
LONGEST: Final = 300 * SECOND
"""How long one that is down is left alone at most."""
_TOGETHER: Final = 50
_BYTES: Final = 16_000_000
"""Mails that are committed together."""
_PREFIX: Final = 64 * 1024
"""Bytes of a mail that is too large that are kept."""
_LOOK: Final = 1.0

_log = logging.getLogger("pilotage.mailboxes")


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
    clock: Clock = field(default_factory=SystemClock)
    open: Open = Mails
    _due: dict[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def watched(self) -> list[tuple[Automation, Mailbox]]:
        """Every mailbox with the automation whose records come from it."""
        return [
            (automation, source)
            for automation in self.automations.values()
            for source in automation.intake
            if isinstance(source, Mailbox)
        ]

    def start(self) -> None:
        """Watch, in a thread of its own; nothing is started where there is no mailbox."""
        if self.watched:
            self._thread = threading.Thread(target=self._watch, name="pilotage-mailboxes", daemon=True)
            self._thread.start()

    def stop(self, *, within: float = 30.0) -> None:
        """Take no further mail; what is being committed is committed."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=within)

    def _watch(self) -> None:
        while not self._stop.is_set():
            for automation, source in self.watched:
                now = self.clock.monotonic()
                if self._due.get((automation.name, source.name), now) > now or self._stop.is_set():
                    continue
                self._due[automation.name, source.name] = now + min(source.every.seconds or _LOOK, 5.0)
                try:
                    self.look(automation, source)
                except Exception as error:  # noqa: BLE001 - the thread goes on; what failed is logged and tried again
                    if not self.database.outage.noticed(error):
                        _log.exception("mailboxes.look_failed", extra={"source": source.name})
            self._stop.wait(_LOOK)

    def look(self, automation: Automation, source: Mailbox) -> int:
        """Take in what is unread, if it is this process's turn; how many mails were taken."""
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            mine = sources.take(tx, automation.name, source.name, holder=self.holder, now=now, until=now + LEASE)
        if mine is None:
            return 0
        taken, wait, words, down = 0, int((source.every.seconds or _LOOK) * SECOND), None, False
        try:
            with self.database.transaction() as tx:
                self.intake.need_room(tx, automation)
            with asked_by(automation.name):
                taken = self._take(automation, source)
        except (IntakeHeld, IntakePaused) as full:
            wait, words = PAUSE, full.what
        except MailboxAway as away:
            words, down = away.words, True
        except PilotageError as error:  # a secret or a setting that is missing, a door that is shut
            words, down = error.what, True
        self._leave(automation, source, mine, wait=wait, words=words, down=down)
        return taken

    def _leave(
        self,
        automation: Automation,
        source: Mailbox,
        before: SourceStanding,
        *,
        wait: int,
        words: str | None,
        down: bool,
    ) -> None:
        failures = before.failures + 1 if down else 0
        if down:
            wait = min(LONGEST, max(wait, 5 * SECOND) * 2 ** min(6, failures - 1))
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            since = (before.down_since or now) if down else None
            sources.leave(
                tx,
                automation.name,
                source.name,
                holder=self.holder,
                now=now,
                next_at=now + wait,
                failures=failures,
                down_since=since,
                words=words,
            )

    def _take(self, automation: Automation, source: Mailbox) -> int:
        taken = 0
        with self._opened(source) as box:
            for block in _blocks(box.unread()):
                if self._stop.is_set() or not self._keep(automation, source):
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

    def _keep(self, automation: Automation, source: Mailbox) -> bool:
        with self.database.transaction() as tx:
            until = self.database.now(tx) + LEASE
            return sources.keep(tx, automation.name, source.name, holder=self.holder, until=until)

    def _opened(self, source: Mailbox) -> AbstractContextManager[Mails]:
        """The mailbox; where it does not accept the credential, that is read anew once."""
        url, user = self._text(source.url), self._text(source.user)
        name = source.credential.name
        held = self.credentials.held(name)
        try:
            return self.open(self.door, url, user=user, password=held.reveal(), folder=source.folder)
        except MailboxAway as away:
            fresh = self.credentials.read_again(name) if away.credential else held
            if fresh == held:
                raise
            return self.open(self.door, url, user=user, password=fresh.reveal(), folder=source.folder)

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
        except Exception as error:  # noqa: BLE001 - record= is the author's code: its failure is this mail's
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

"""Reading a mailbox over IMAP: what is unread, its bytes, and marking it as read afterwards."""

import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import imap_tools
from imap_tools.errors import ImapToolsError, MailboxLoginError

from pilotage.kernel.errors import PilotageError
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import NoSuchAddress
from pilotage.machinery.net.sockets import open_socket

_TIMEOUT: Final = 30.0
_SIZE: Final = re.compile(rb"UID (\d+).*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+).*?UID (\d+)", re.DOTALL)
_AT_ONCE: Final = 500


class MailboxAway(Exception):
    """The mailbox cannot be read now; `words` say why, without a secret."""

    def __init__(self, words: str, /, *, credential: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.credential = credential
        """It did not accept the credential."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A mail that was not taken yet."""

    uid: str
    size: int


class Mails:
    """One visit to one folder of a mailbox."""

    def __init__(self, door: Door, url: str, *, user: str, password: str, folder: str) -> None:
        at = _at(url)
        try:
            self._box: Any = _Box(lambda: open_socket(door, "IMAP", at.host, at.port, timeout=_TIMEOUT), at)
            self._box.login(user, password, initial_folder=None)
            self._box.folder.set(folder)
        except MailboxLoginError:
            self._logout()
            raise MailboxAway(f"{at.host} did not accept the user or the password.", credential=True) from None
        except (*_FAILURES, PilotageError) as error:
            self._logout()
            raise MailboxAway(_said(at.host, error)) from error
        self._at = at

    def unread(self) -> list[Waiting]:
        """The mails that were not taken yet, oldest first. Raises MailboxAway."""
        uids = self._asked(lambda: self._box.uids("UNSEEN"))
        found: list[Waiting] = []
        for start in range(0, len(uids), _AT_ONCE):
            data = self._asked(lambda some=uids[start : start + _AT_ONCE]: self._fetch(",".join(some), "RFC822.SIZE"))
            for part in data:
                line = part if isinstance(part, bytes) else b"".join(cast("Sequence[bytes]", part or ()))
                if match := _SIZE.search(line):
                    uid, size = match.group(1) or match.group(4), match.group(2) or match.group(3)
                    found.append(Waiting(uid=uid.decode(), size=int(size)))
        return found

    def raw(self, uid: str, *, most: int | None = None) -> bytes | None:
        """The bytes of a mail, or its first; None where it is gone meanwhile. Raises MailboxAway."""
        what = "BODY.PEEK[]" if most is None else f"BODY.PEEK[]<0.{most}>"
        data = self._asked(lambda: self._fetch(uid, what))
        return next((cast("tuple[bytes, bytes]", part)[1] for part in data if isinstance(part, tuple)), None)

    def taken(self, uids: Sequence[str], *, move_to: str | None) -> None:
        """Mark these as read, and move them if a folder is named. Raises MailboxAway."""
        self._asked(lambda: self._box.flag(list(uids), imap_tools.MailMessageFlags.SEEN, True))
        if move_to is not None:
            if not self._asked(lambda: self._box.folder.exists(move_to)):
                self._asked(lambda: self._box.folder.create(move_to))
            self._asked(lambda: self._box.move(list(uids), move_to))

    def _fetch(self, uids: str, what: str) -> Sequence[Any]:
        status, data = self._box.client.uid("FETCH", uids, f"(UID {what})")
        if status != "OK":
            raise ImapToolsError(f"FETCH was answered {status}")
        return data

    def _asked(self, ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except _FAILURES as error:
            raise MailboxAway(_said(self._at.host, error)) from error

    def _logout(self) -> None:
        box = getattr(self, "_box", None)
        if box is not None:
            with suppress(*_FAILURES):  # it may be gone
                box.logout()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._logout()


_FAILURES: Final = (OSError, imaplib.IMAP4.error, ImapToolsError, UnicodeError, ValueError)


@dataclass(frozen=True, kw_only=True, slots=True)
class _At:
    host: str
    port: int
    secure: bool


def _at(url: str) -> _At:
    parts = urlsplit(url)
    if parts.scheme not in {"imap", "imaps"} or not parts.hostname:
        raise NoSuchAddress(f'"{url}" is no address of a mailbox.', "Write imaps://HOST, or imap://HOST:PORT.")
    secure = parts.scheme == "imaps"
    return _At(host=parts.hostname, port=parts.port or (993 if secure else 143), secure=secure)


class _Box(imap_tools.BaseMailBox):
    """imap_tools on a socket that came through the door."""

    def __init__(self, connect: Callable[[], socket.socket], at: _At) -> None:
        self._connect, self._at = connect, at
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        connect, at = self._connect, self._at

        class Client(imaplib.IMAP4):
            def _create_socket(self, timeout: float | None) -> socket.socket:
                del timeout
                plain = connect()
                return ssl.create_default_context().wrap_socket(plain, server_hostname=at.host) if at.secure else plain

        return Client(at.host, at.port, _TIMEOUT)


def _said(host: str, error: Exception) -> str:
    if isinstance(error, PilotageError):
        return error.what
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {host} is not accepted: {error.verify_message}."
    if isinstance(error, OSError):
        return f"{host} cannot be reached: {error.strerror or type(error).__name__}."
    return f"{host} answered what was not expected ({type(error).__name__})."

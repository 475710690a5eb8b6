"""Sending a mail over SMTP, as a client that the governed way out drives like any other.

Its answers are those of the other clients: 200 taken over, 503 with Retry-After for "not now", 422 for "never", 401 for a
credential that is not accepted. Before the first byte of the content leaves, nothing is done, whatever happens.
"""

import asyncio
import hashlib
import json
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPTimeoutError

from pilotage.authoring.smtp import LETTER_PATH, Attached, Letter
from pilotage.connections.accounts import plain_credential
from pilotage.kernel.clock import Clock
from pilotage.machinery.net.addresses import Reach, reach
from pilotage.machinery.net.departure import Departure
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import MayHaveLeft, NeverLeft, NoSuchAddress, TookTooLong
from pilotage.machinery.net.messages import Answer, Origin, Outgoing
from pilotage.machinery.net.sockets import open_socket

_LATER: Final = "60"
"""Seconds after which a mail that was not taken now is tried again."""
_GOODBYE: Final = 2.0
_AUTH: Final = 530, 534, 535, 538


@dataclass(frozen=True, kw_only=True)
class SmtpClient:
    """Sends mails of one account, each on a connection of its own."""

    door: Door
    origin: Origin
    user: str | None
    seconds: float
    clock: Clock

    @property
    def _port(self) -> int:
        return self.origin.port or (465 if self.origin.scheme == "smtps" else 587)

    async def send(self, request: Outgoing, leaving: Departure, /) -> Answer:
        """Send the letter; its answer as a status. Raises NeverLeft, MayHaveLeft and TookTooLong."""
        if request.path != LETTER_PATH or request.method != "POST" or not request.body:
            raise NeverLeft("A mail account sends mails and nothing else: call `send`.")
        letter = Letter.model_validate_json(request.body)
        message = written(
            letter, key=request.headers.get("Idempotency-Key", ""), date=format_datetime(self.clock.now())
        )
        password = plain_credential(request.headers.get("Authorization"))
        try:
            async with asyncio.timeout(self.seconds):
                return await self._exchange(letter, message, password, leaving)
        except TimeoutError:
            if leaving.left:
                raise TookTooLong("It was sent, but there is no answer: it took longer than the time-out.") from None
            raise NeverLeft("It was not sent: the mail server took longer than the time-out.") from None

    async def _exchange(
        self, letter: Letter, message: EmailMessage, password: str | None, leaving: Departure
    ) -> Answer:
        opened = await self._socket()
        server = SMTP(
            hostname=self.origin.host,
            timeout=self.seconds,
            use_tls=self.origin.scheme == "smtps",
            tls_context=ssl.create_default_context(),
            sock=opened,
            local_hostname="localhost",
        )
        try:
            await server.connect()
            if password is not None:
                self._need_secrecy(server)
                await server.login(self.user or letter.sender, password)
            await server.mail(letter.sender)
            for receiver in (*letter.to, *letter.cc):
                await server.rcpt(receiver)
            content = message.as_bytes()
            leaving.leave()
            answer = await server.data(content)
            with suppress(SMTPException, OSError):  # it has answered; how it says goodbye changes nothing
                await server.quit(timeout=_GOODBYE)
        except SMTPResponseException as error:
            return _refused(error)
        except (SMTPException, OSError) as error:
            raise _failed(error, leaving) from None
        finally:
            server.close()
            await asyncio.sleep(0)  # what is closed lets go of its socket in the loop's next turn
            if server.transport is None:
                opened.close()
        said = {"message_id": message["Message-ID"], "answer": answer.message}
        return Answer(status=200, headers={"content-type": "application/json"}, body=json.dumps(said).encode())

    async def _socket(self) -> socket.socket:
        try:
            opened = await asyncio.to_thread(
                open_socket, self.door, "SMTP", self.origin.host, self._port, timeout=self.seconds
            )
        except OSError as error:
            raise NeverLeft(f"It was not sent: {error.strerror or type(error).__name__}.") from None
        opened.setblocking(False)
        return opened

    def _need_secrecy(self, server: SMTP) -> None:
        """A password goes over the network in secrecy only."""
        peer = server.get_transport_info("peername")
        here = peer is not None and reach(str(peer[0])) is Reach.LOOPBACK
        if server.get_transport_info("sslcontext") is None and not here:
            raise NoSuchAddress(
                f"{self.origin.host} offers no TLS, and a password would go there in plain text.",
                "Write smtps://HOST, or ask whoever runs the mail server for STARTTLS.",
            )

    async def close(self) -> None:
        """Nothing is kept open."""


def written(letter: Letter, *, key: str, date: str) -> EmailMessage:
    """The mail; its id comes from the effect's key, so that a repeat has the same."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.sender, ", ".join(letter.to), letter.subject
    if letter.cc:
        message["Cc"] = ", ".join(letter.cc)
    if letter.reply_to is not None:
        message["Reply-To"] = letter.reply_to
    message["Date"] = date
    message["Message-ID"] = message_id(key, letter.sender)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
    for one in letter.attachments:
        _attach(message, one)
    return message


def _attach(message: EmailMessage, attached: Attached) -> None:
    main, _, sub = attached.media_type.partition("/")
    if main in {"multipart", "message"} or not sub:
        main, sub = "application", "octet-stream"
    message.add_attachment(attached.data, maintype=main, subtype=sub, filename=attached.name)


def message_id(key: str, sender: str) -> str:
    """The id of the mail that an effect sends."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"


def _refused(error: SMTPResponseException) -> Answer:
    """What the server said instead of taking it over; nothing was done."""
    body = f"{error.code} {error.message}".encode()
    if error.code in _AUTH:
        return Answer(status=401, headers={}, body=body)
    if 400 <= error.code < 500:
        return Answer(status=503, headers={"retry-after": _LATER}, body=body)
    return Answer(status=422, headers={}, body=body)


def _failed(error: Exception, leaving: Departure) -> NeverLeft | MayHaveLeft:
    why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else type(error).__name__
    if not leaving.left:
        return NeverLeft(f"It was not sent: {why}.")
    if isinstance(error, SMTPTimeoutError):
        return TookTooLong("It was sent, but there is no answer: it took longer than the time-out.")
    return MayHaveLeft(f"It was sent, but the connection ended before an answer came ({why}).")


def smtp_origin(url: str) -> Origin:
    """Where a mail server is. Raises NoSuchAddress (PLT-243)."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.username:
        raise NoSuchAddress(
            f"{parts.hostname or 'This'} is no address of a mail server.", "Write smtps://HOST or smtp://HOST:PORT."
        )
    return Origin(scheme=parts.scheme, host=parts.hostname, port=parts.port, prefix="")

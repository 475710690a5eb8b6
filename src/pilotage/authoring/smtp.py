"""Mail out: a connection that sends mails over SMTP, one in each effect."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Final, cast

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from pilotage.authoring.connection import Connection
from pilotage.authoring.documents import Document
from pilotage.authoring.limits import Breaker, Quota, Rate, Window
from pilotage.authoring.settings import Secret, Setting

Address = Annotated[str, Field(pattern=r"^[^\s<>,;:\"]+@[^\s<>,;:\"]+$", max_length=320)]
Line = Annotated[str, Field(pattern=r"^[^\r\n]*$", max_length=900)]
LETTER_PATH: Final = "/"


class Attached(BaseModel):
    """A file that goes along."""

    name: Line
    media_type: Line
    data: Base64Bytes


class Letter(BaseModel):
    """A mail before it is one: what `Smtp.send` hands to the connection, and a FakeService receives."""

    sender: Address
    to: list[Address] = Field(min_length=1, max_length=100)
    cc: list[Address] = Field(default_factory=list)
    reply_to: Address | None = None
    subject: Line
    text: str
    html: str | None = None
    attachments: list[Attached] = Field(default_factory=list[Attached])


class MailSent(BaseModel):
    """A mail that the mail server has taken over."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    """It stays the same when the effect is tried again, so that a repeat is known as one."""


class Smtp(Connection):
    """A mail account that sends (SMTP). `url` is smtps://host, or smtp://host, which goes over to TLS where that is offered.

    `await mail.send(to=..., subject=..., text=...)` is the one act of an effect. A mail that the server took over cannot be
    taken back, and nobody can be asked whether it did where its answer is missing: a person then decides.
    """

    def __init__(
        self,
        name: str,
        /,
        *,
        url: str | Setting[str],
        sender: str | Setting[str],
        user: str | Setting[str] | None = None,
        credential: Secret | None = None,
        limits: Sequence[Rate | Quota | Window] = (),
        timeout: timedelta | str = "60s",
        breaker: Breaker | None = None,
    ) -> None:
        super().__init__(name, base_url=url, credential=credential, limits=limits, timeout=timeout, breaker=breaker)
        self.sender = sender
        self.user = user

    async def send(
        self,
        *,
        to: str | Sequence[str],
        subject: str,
        text: str,
        html: str | None = None,
        cc: Sequence[str] = (),
        reply_to: str | None = None,
        attachments: Sequence[Document] = (),
    ) -> MailSent:
        """Send a mail. Raises pydantic.ValidationError where an address or the subject is none; nothing was sent then."""
        attached = [
            {"name": one.name, "media_type": one.media_type, "data": b64encode(one.read())} for one in attachments
        ]
        letter = Letter.model_validate(
            {
                "sender": self.sender.value if isinstance(self.sender, Setting) else self.sender,
                "to": [to] if isinstance(to, str) else list(to),
                "cc": list(cc),
                "reply_to": reply_to,
                "subject": subject,
                "text": text,
                "html": html,
                "attachments": attached,
            }
        )
        return cast("MailSent", await self._call("POST", LETTER_PATH, expect=MailSent, body=letter))

    def differs_in(self, other: Connection) -> str | None:
        """The first setting in which two declarations of one account differ, or None where they agree."""
        for setting in ("sender", "user"):
            if repr(getattr(self, setting)) != repr(getattr(other, setting, None)):
                return setting
        return super().differs_in(other)

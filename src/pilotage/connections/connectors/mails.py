"""The bytes of a mail as what a record is made of."""

import hashlib
import mimetypes
from typing import Any, Final

from imap_tools import MailAttachment, MailMessage

from pilotage.authoring.documents import Document, Mail
from pilotage.machinery.documents.texts import without_tags

_NO_DATE: Final = 1900
"""The year that the library gives for a mail without a date."""


def read_mail(raw: bytes) -> Mail:
    """The mail. A mail without an id of its own gets one of its content. Raises whatever the library stumbles over."""
    message = MailMessage.from_bytes(raw)
    headers: Any = message.headers
    named = str((headers.get("message-id") or ("",))[0]).strip()
    text = message.text.replace("\r\n", "\n").strip("\n")
    return Mail(
        message_id=named or f"<{hashlib.sha256(raw).hexdigest()[:32]}@no-message-id>",
        from_=message.from_,
        to=list(message.to),
        subject=message.subject,
        date=message.date if message.date.year > _NO_DATE else None,
        text=text or without_tags(message.html),
        attachments=[_document(number, one) for number, one in enumerate(message.attachments, 1)],
    )


def _document(number: int, attached: MailAttachment) -> Document:
    kind = attached.content_type or "application/octet-stream"
    name = attached.filename or f"attachment-{number}{mimetypes.guess_extension(kind) or ''}"
    return Document.of(attached.payload, name=name.replace("/", "_").replace("\\", "_"), media_type=kind)

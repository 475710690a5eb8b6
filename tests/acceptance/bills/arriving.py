"""Invoices that arrive at a real mail server, and what became of each."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

import pilotage as pl
from pilotage.cases.service.watching import mailboxes
from pilotage.credentials.secrets import Secrets
from pilotage.testing import CaseView, FakeService, Platform
from tests import dovecot as server
from tests.acceptance.bills.automation import Posted, accounting, bills, bills_of
from tests.dovecot import Dovecot

Made = Callable[[pl.Mailbox], pl.Automation]


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """A platform to which mails have come."""

    platform: Platform
    service: FakeService
    cases: Mapping[str, CaseView]
    """By the name of the document."""


@contextmanager
def arrived(
    dovecot: Dovecot, documents: Mapping[str, bytes], made: Made = bills, model: FakeService | None = None
) -> Iterator[Arrived]:
    """Each document comes by a mail of its own, is taken in and worked on by the automation that is made."""
    service = FakeService(accounting)
    service.on("POST", "/entries")(lambda request: Posted(entry=f"E-{request.json['number']}"))
    secret = pl.Secret("imap-password", max_age="90d")
    mailbox = pl.Mailbox("bills-inbox", url=dovecot.url, user=server.USER, credential=secret, record=bills_of)
    automation = made(mailbox)
    for name, data in documents.items():
        dovecot.deliver(mail(name, data))
    with Platform(
        automation, services=[service, *([model] if model else [])], now="2026-03-09T09:00+00:00"
    ) as platform:
        found = mailboxes(platform.inner, "test")
        found.credentials = Secrets("test")
        ((own, source),) = found.watched
        assert found.look(own, source) == len(documents)
        platform.settle()
        cases = {
            name: CaseView(platform, automation, pl.Document.of(data, name=name).digest, None)
            for name, data in documents.items()
        }
        yield Arrived(platform=platform, service=service, cases=cases)


def mail(name: str, data: bytes | None) -> bytes:
    """A supplier's mail."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "billing@supplier.example", "invoices@example.com", f"Invoice {name}"
    made["Message-ID"] = f"<{name}@supplier.example>"
    made.set_content("Please find our invoice attached.\n")
    if data:
        made.add_attachment(data, maintype="application", subtype="pdf", filename=name)
    return made.as_bytes()

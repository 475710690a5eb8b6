"""A mailbox as a source, at a real IMAP server: each mail is a record once, and none is lost."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import BaseModel, Field
from tests.dovecot import Dovecot

import pilotage as pl
from pilotage.cases.service.correcting import original_of
from pilotage.cases.service.holding import hold, resume
from pilotage.cases.service.mailboxes import Mailboxes
from pilotage.cases.service.watching import mailboxes as mailboxes_of
from pilotage.cases.store import looking
from pilotage.connections.connectors.imap import MailboxAway, Mails
from pilotage.credentials.asking import asked_by
from pilotage.credentials.secrets import Secrets
from pilotage.operations import sources
from pilotage.testing import Platform
from tests import dovecot as server

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(server.missing() is not None, reason=server.missing() or ""),
]
SECRET = "IMAP_PASSWORD"


class Letter(BaseModel):
    """A mail with a subject."""

    message_id: str
    subject: str = Field(min_length=1)
    text: str
    attachments: list[pl.Document]


class Page(BaseModel):
    """One attachment."""

    mail: str
    document: pl.Document


class Read(BaseModel):
    """What was in it."""

    words: str


@pl.compute
def read(letter: Letter) -> Read:
    """What it says."""
    return Read(words=" ".join([letter.text, *(one.text() for one in letter.attachments)]))


@pl.compute
def read_page(page: Page) -> Read:
    """What it says."""
    return Read(words=page.document.text())


def mailbox(**more: object) -> pl.Mailbox:
    """The mailbox of the tests."""
    return pl.Mailbox(
        "letters-inbox",
        url=pl.Setting("imap-url"),
        user=server.USER,
        credential=pl.Secret("imap-password", max_age="90d"),
        **more,  # type: ignore[arg-type]
    )


def automation(source: pl.Mailbox, *, pages: bool = False, open_at_most: int = 1000) -> pl.Automation:
    """Letters are read; or each page of theirs."""
    return pl.Automation(
        "letters",
        purpose="Letters are read.",
        takes=Page if pages else Letter,
        gives=Read,
        key=(lambda one: f"{one.mail} {one.document.digest}") if pages else (lambda one: one.message_id),
        owner=pl.Role("clerk"),
        process=pl.Path(read_page if pages else read),
        intake=[source],
        open_at_most=open_at_most,
    )


@pytest.fixture
def dovecot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    """A server with one empty mailbox, whose password this environment knows."""
    monkeypatch.setenv(SECRET, server.PASSWORD)
    with server.dovecot() as made:
        yield made


def opened(
    dovecot: Dovecot, made: pl.Automation, *, url: str | None = None, database_url: str | None = None
) -> Platform:
    """A platform with the letters."""
    return Platform(made, settings={"imap-url": url or dovecot.url}, database_url=database_url)


def held_by(platform: Platform, holder: str) -> Mailboxes:
    """The mailboxes of a platform, whose passwords come from the variables of the environment."""
    found = mailboxes_of(platform.inner, holder)
    found.credentials = Secrets("test")
    return found


def look(platform: Platform, mailboxes: Mailboxes | None = None) -> int:
    """Look into the mailbox once; how many mails were taken."""
    mailboxes = mailboxes or held_by(platform, "test")
    ((automation, source),) = mailboxes.watched
    return mailboxes.look(automation, source)


def mail(number: int, *, subject: str = "A letter", attached: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """A mail as it lies in a mailbox."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "writer@example.com", "invoices@example.com", subject
    made["Message-ID"] = f"<{number}@example.com>"
    made["Date"] = "Mon, 02 Mar 2026 10:00:00 +0100"
    made.set_content(f"This is letter {number}.\n")
    for name, data in attached:
        made.add_attachment(data, maintype="text", subtype="plain", filename=name)
    return made.as_bytes()


def counts(platform: Platform) -> tuple[int, int, int, int]:
    """Arrived, accepted, duplicates, quarantined."""
    with platform.inner.database.snapshot() as tx:
        found = looking.count_arrivals(tx)
    return found[0][1:] if found else (0, 0, 0, 0)


def reasons(platform: Platform) -> list[str]:
    """Why records are in quarantine."""
    with platform.inner.database.snapshot() as tx:
        return [row.reason for row in looking.quarantined_of(tx)]


def test_a_mail_becomes_a_case(dovecot: Dovecot) -> None:
    """Its text and attachments are read in a step; it is marked as read, and not taken again."""
    dovecot.deliver(mail(1, attached=[("größe.txt", b"Inside.")]))
    with opened(dovecot, automation(mailbox())) as platform:
        assert look(platform) == 1
        assert dovecot.count("UNSEEN") == 0
        platform.clock.forward("1m")
        assert look(platform) == 0
        platform.settle()
        with platform.inner.database.snapshot() as tx:
            (row,) = looking.cases_by_key(tx, "<1@example.com>", "letters")
            content = looking.content(tx, row.id)
        assert row.place == "done"
        assert content is not None
        assert "This is letter 1. Inside." in str(content.given)


def test_what_was_taken_is_moved(dovecot: Dovecot) -> None:
    """A mailbox with a folder for what is done is empty afterwards, and the mail is there."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox(done="Taken"))) as platform:
        assert look(platform) == 1
    assert (dovecot.count(), dovecot.count(folder="Taken")) == (0, 1)


def test_each_attachment_is_a_record(dovecot: Dovecot) -> None:
    """`record` makes two records of a mail with two pages; one without any waits in quarantine with its bytes."""

    def pages(letter: pl.Mail) -> Iterable[Page]:
        return [Page(mail=letter.message_id, document=one) for one in letter.attachments]

    dovecot.deliver(mail(1, attached=[("a.txt", b"one"), ("b.txt", b"two")]))
    dovecot.deliver(mail(2))
    with opened(dovecot, automation(mailbox(record=pages), pages=True)) as platform:
        assert look(platform) == 2
        assert counts(platform) == (3, 2, 0, 1)
        assert reasons(platform) == ["The mail holds nothing of which a record is made."]
        with platform.inner.database.snapshot() as tx:
            (row,) = looking.quarantined_of(tx)
            found = looking.quarantined(tx, row.id)
            assert found is not None
            assert b"This is letter 2." in original_of(platform.inner.contents, tx, found)
    assert dovecot.count("UNSEEN") == 0


def test_a_broken_mail_is_kept_with_its_reason(dovecot: Dovecot) -> None:
    """Without a subject it breaks its contract, too large is not read at all; the good one goes on."""
    dovecot.deliver(mail(1, subject=""))
    dovecot.deliver(mail(2, attached=[("a.txt", b"x" * 200_000)]))
    dovecot.deliver(mail(3))
    with opened(dovecot, automation(mailbox(largest=100_000))) as platform:
        assert look(platform) == 3
        assert counts(platform) == (3, 1, 0, 2)
        large, contract = sorted(reasons(platform), key=lambda words: "subject" in words)
        assert re.fullmatch(r"The mail has \d{3},\d{3} bytes, and letters-inbox takes 100,000 at most\.", large)
        assert "subject" in contract


def test_dying_before_the_mail_is_marked_loses_nothing(dovecot: Dovecot) -> None:
    """The mail comes again and is counted as a duplicate: there is one case."""

    class Dies(Mails):
        def taken(self, uids: Sequence[str], *, move_to: str | None) -> None:
            raise MailboxAway("The process was killed here.")

    dovecot.deliver(mail(1, attached=[("a.txt", b"Inside.")]))
    with opened(dovecot, automation(mailbox())) as platform:
        mailboxes = held_by(platform, "test")
        mailboxes.open = Dies
        look(platform, mailboxes)
        assert counts(platform) == (1, 1, 0, 0)
        assert dovecot.count("UNSEEN") == 1
        platform.clock.forward("10m")
        assert look(platform) == 1
        assert counts(platform) == (2, 1, 1, 0)
        assert dovecot.count("UNSEEN") == 0


def test_under_a_hold_the_mail_stays(dovecot: Dovecot) -> None:
    """Nothing is taken while intake is held, and all of it afterwards."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox())) as platform:
        database = platform.inner.database
        hold(database, scope="everything", name="", by="me", known="test", reason="a look", intake=True)
        assert look(platform) == 0
        assert dovecot.count("UNSEEN") == 1
        assert sources.needs(database) == []
        resume(database, scope="everything", name="", by="me", known="test")
        platform.clock.forward("1m")
        assert look(platform) == 1


def test_without_room_the_mail_stays(dovecot: Dovecot) -> None:
    """At the bound of open cases mails wait in the mailbox, and come when there is room."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox(), open_at_most=1)) as platform:
        assert look(platform) == 1
        dovecot.deliver(mail(2))
        platform.clock.forward("1m")
        assert look(platform) == 0
        assert dovecot.count("UNSEEN") == 1
        platform.settle()
        platform.clock.forward("1m")
        assert look(platform) == 1


def test_one_process_looks_at_a_time(dovecot: Dovecot, database_url: str) -> None:
    """While one holds the mailbox nobody else looks; when it died, another does after its lease."""

    class Held(Mails):
        """In the middle of the first one's visit the second one tries."""

        second = None
        tried = -1

        def unread(self) -> list[object]:  # type: ignore[override]
            assert Held.second is not None
            Held.tried = Held.second()
            raise SystemExit

    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox()), database_url=database_url) as platform:
        first, second = held_by(platform, "first"), held_by(platform, "second")
        first.open = Held  # type: ignore[assignment]
        Held.second = lambda: look(platform, second)  # type: ignore[assignment]
        with pytest.raises(SystemExit):
            look(platform, first)
        assert Held.tried == 0
        platform.clock.forward("1m")
        assert look(platform, second) == 0
        platform.clock.forward("2m")
        assert look(platform, second) == 1


def test_an_outage_is_said_and_ends_by_itself(dovecot: Dovecot) -> None:
    """A server that is gone is named with the time since when; back again, its mails are taken and nothing is said."""
    dovecot.deliver(mail(1))
    dovecot.stop()
    with opened(dovecot, automation(mailbox())) as platform:
        look(platform)
        platform.clock.forward("2m")
        look(platform)
        (need,) = sources.needs(platform.inner.database)
        assert need.title == "letters-inbox of letters is down since 09:00"
        assert "127.0.0.1 cannot be reached" in need.why
        dovecot.start()
        platform.clock.forward("5m")
        assert look(platform) == 1
        assert sources.needs(platform.inner.database) == []


def test_a_rotated_password_is_read_again(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old one is not accepted, so the source of the secret is asked once more."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox())) as platform:
        mailboxes = held_by(platform, "test")
        with asked_by("letters"):
            mailboxes.credentials.held("imap-password")
        dovecot.stop()
        dovecot.password("another-password")
        dovecot.start()
        monkeypatch.setenv(SECRET, "another-password")
        assert look(platform, mailboxes) == 1


def test_a_wrong_password_is_said_without_itself(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the mailbox does not accept is named as the reason, and shown to nobody."""
    monkeypatch.setenv(SECRET, "another-password")
    with opened(dovecot, automation(mailbox())) as platform:
        look(platform)
        (need,) = sources.needs(platform.inner.database)
        assert "did not accept the user or the password" in need.why
        assert "another-password" not in need.why


def test_over_tls_a_stranger_is_not_believed(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is refused; once it is known, the same mailbox is read."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox()), url=f"imaps://127.0.0.1:{dovecot.secure}") as platform:
        look(platform)
        (need,) = sources.needs(platform.inner.database)
        assert "certificate of 127.0.0.1 is not accepted" in need.why
        monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.folder / "certificate.pem"))
        platform.clock.forward("1m")
        assert look(platform) == 1


def test_a_shut_door_lets_nobody_out(dovecot: Dovecot) -> None:
    """With the door disarmed the mailbox is not called, and the try is counted."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox())) as platform:
        platform.inner.door.disarm()
        assert look(platform) == 0
        assert list(platform.inner.door.refused) == [f"IMAP 127.0.0.1:{dovecot.port}"]
    assert dovecot.count("UNSEEN") == 1


def test_a_password_that_nobody_granted_is_not_used(dovecot: Dovecot) -> None:
    """Outside of dev an automation opens a mailbox only with a secret that was granted to it; else it says so."""
    dovecot.deliver(mail(1))
    with opened(dovecot, automation(mailbox())) as platform:
        assert look(platform, mailboxes_of(platform.inner, "test")) == 0
        (need,) = sources.needs(platform.inner.database)
        assert need.why.startswith('letters may not use the secret "imap-password"')
    assert dovecot.count("UNSEEN") == 1


DOOMED = """
import os, signal, sys
from pathlib import Path
from pilotage import app
from pilotage.cases.service.watching import mailboxes
from pilotage.connections.connectors.imap import Mails
from pilotage.credentials.secrets import Secrets
sys.path.insert(0, {root!r})
from tests.connections import test_mailbox as told

class Killed(Mails):
    def taken(self, uids, *, move_to):
        os.kill(os.getpid(), signal.SIGKILL)

project = app.Project(root=Path({folder!r}), environment="test", automations=(), settings={{"imap-url": {url!r}}},
    database_url={database!r})
platform = app.Platform(project, [told.automation(told.mailbox())])
found = mailboxes(platform, "doomed")
found.open, found.credentials = Killed, Secrets("test")
((automation, source),) = found.watched
found.look(automation, source)
"""


@pytest.mark.crash
def test_killed_between_the_commit_and_the_mark(dovecot: Dovecot, database_url: str, tmp_path: Path) -> None:
    """A process is killed when its mails are committed and not marked: nothing is lost, and nothing is there twice."""
    for number in range(3):
        dovecot.deliver(mail(number))
    root = Path(__file__).resolve().parents[2]
    text = DOOMED.format(root=str(root), folder=str(tmp_path), url=dovecot.url, database=database_url)
    done = subprocess.run([sys.executable, "-c", text], check=False, timeout=120, cwd=root)
    assert done.returncode == -signal.SIGKILL
    assert dovecot.count("UNSEEN") == 3
    with opened(dovecot, automation(mailbox()), database_url=database_url) as platform:
        assert counts(platform) == (3, 3, 0, 0)
        platform.clock.travel("2040-01-01")
        assert look(platform) == 3
        assert counts(platform) == (6, 3, 3, 0)
    assert dovecot.count("UNSEEN") == 0

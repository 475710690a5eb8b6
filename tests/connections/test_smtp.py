"""Mails out, at a real SMTP server: each effect one mail, and whatever happens it is known what is known."""

import asyncio
import email
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import BaseModel, ValidationError
from tests.dovecot import certificate, free_port

import pilotage as pl
from pilotage.authoring.ports import surroundings
from pilotage.cases.service.surrounding import Around
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import NotDone, NotSent, OutcomeUnknown, Refused, SecondCall
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard, Standing
from pilotage.credentials.secrets import Secrets
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed
from pilotage.testing import FakeService, Platform

pytestmark = [pytest.mark.peers, pytest.mark.slow]
PASSWORD = "a-mail-password"


@dataclass
class Post:
    """What the mail server does and has received."""

    answers: dict[str, Any] = field(default_factory=dict)
    received: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if (answer := self.answers.get("RCPT")) is not None:
            return answer(server) if callable(answer) else answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        answer = self.answers.get("DATA")
        if isinstance(answer, str):
            return answer
        self.received.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        if answer is not None:
            return await answer(server)
        return "250 Taken over"


@contextmanager
def serving(post: Post, **more: Any) -> Iterator[str]:
    """A mail server for the block; its address."""
    port = free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


@pytest.fixture
def post() -> Post:
    """A mail server's mind."""
    return Post()


def account(url: str, **more: Any) -> pl.Smtp:
    """The mail account of the tests."""
    return pl.Smtp("post", url=url, sender="desk@example.com", timeout="5s", **more)


def send(
    mail: pl.Smtp,
    *,
    act: Callable[[pl.Smtp], Any] | None = None,
    key: str = "effect-1",
    send_by: float | None = None,
    door: Door | None = None,
    variables: dict[str, str] | None = None,
) -> tuple[object, Standing]:
    """Send as an effect: what came of it, or the failure, and how the call stands."""

    async def run() -> tuple[object, Standing]:
        connections = Connections(
            [mail],
            environment="test",
            settings=lambda name: None,
            credentials=Secrets("test", folder=None, variables=variables or {}),
            door=door or Door(Addresses(allow_private=True)),
        )
        async with connections:
            guard = EffectGuard(key=key, attempt=1, send_by=send_by)
            caller: ConnectionCaller = connections.caller(step="write", through=["post"], guard=guard)
            token = surroundings.set(Around(caller=caller, settings=lambda name: None, files={}))
            try:
                return await (act or letter)(mail), caller.standing
            except Exception as error:  # noqa: BLE001 - looked at by the test
                return error, caller.standing
            finally:
                surroundings.reset(token)

    return asyncio.run(run())


async def letter(mail: pl.Smtp) -> pl.MailSent:
    """An ordinary mail."""
    attached = pl.Document.of(b"%PDF-1.7 ...", name="größe.pdf")
    return await mail.send(
        to=["you@example.com", "her@example.com"], subject="Grüße", text="Good morning.\n", attachments=[attached]
    )


def test_a_mail_arrives_whole(post: Post) -> None:
    """Text, subject, receivers and attachment are there, and the id comes from the effect's key."""
    with serving(post) as url:
        done, standing = send(account(url))
        again, _ = send(account(url))
        other, _ = send(account(url), key="effect-2")
    assert standing is Standing.ANSWERED
    assert isinstance(done, pl.MailSent)
    assert done == again != other
    message = post.received[0]
    assert (message["From"], message["To"]) == ("desk@example.com", "you@example.com, her@example.com")
    assert (message["Subject"], message["Message-ID"]) == ("Grüße", done.message_id)
    assert message.get_body().get_content().rstrip() == "Good morning."  # type: ignore[union-attr]
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("größe.pdf", b"%PDF-1.7 ...")


@pytest.mark.parametrize("where", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "error", "standing"),
    [("451 later", NotDone, Standing.NOT_DONE), ("550 never", Refused, Standing.REFUSED)],
)
def test_what_the_server_says_is_known(
    post: Post, where: str, answer: str, error: type[Exception], standing: Standing
) -> None:
    """A 4xx is "not done" and comes again later, a 5xx is refused, whether it comes before the content or after it."""
    post.answers[where] = answer
    with serving(post) as url:
        failed, seen = send(account(url))
    assert type(failed) is error
    assert seen is standing
    assert getattr(failed, "retry_after", None) == (60 if error is NotDone else None)


def test_without_an_answer_nobody_knows(post: Post) -> None:
    """The server takes the mail and is gone, or says nothing in time: its outcome is unknown."""

    async def cut(server: Any) -> str:
        server.transport.abort()
        return "250 never heard"

    async def silent(server: Any) -> str:
        await asyncio.sleep(3)
        return "250 too late"

    for answer in (cut, silent):
        post.answers["DATA"] = answer
        with serving(post) as url:
            mail = pl.Smtp("post", url=url, sender="desk@example.com", timeout="1s")
            failed, standing = send(mail)
        assert isinstance(failed, OutcomeUnknown)
        assert standing is Standing.UNKNOWN
    assert len(post.received) == 2


def test_before_the_content_nothing_is_done(post: Post) -> None:
    """A connection that ends before the content, nobody who listens, and a permission that is over: known not done."""

    def cut(server: Any) -> str:
        server.transport.abort()
        return "250 never heard"

    post.answers["RCPT"] = cut
    with serving(post) as url:
        failed, standing = send(account(url))
        assert isinstance(failed, NotDone)
        assert standing is Standing.NOT_DONE
        post.answers.clear()
        late, standing = send(account(url), send_by=time.monotonic() - 1)
        assert isinstance(late, NotSent)
        assert standing is Standing.NOT_DONE
    failed, standing = send(account(url))
    assert isinstance(failed, NotDone)
    assert standing is Standing.NOT_DONE
    assert post.received == []


def test_an_effect_is_one_mail(post: Post) -> None:
    """A second mail in the same effect is refused before it is sent."""

    async def two(mail: pl.Smtp) -> object:
        await letter(mail)
        return await letter(mail)

    with serving(post) as url:
        failed, _ = send(account(url), act=two)
    assert isinstance(failed, SecondCall)
    assert len(post.received) == 1


def test_nothing_is_smuggled_into_the_head(post: Post) -> None:
    """An address or a subject with a line break is no mail, and nothing is sent."""

    async def smuggled(mail: pl.Smtp) -> object:
        return await mail.send(to="you@example.com\r\nBcc: all@example.com", subject="a", text="")

    async def in_subject(mail: pl.Smtp) -> object:
        return await mail.send(to="you@example.com", subject="a\nBcc: all@example.com", text="")

    with serving(post) as url:
        for act in (smuggled, in_subject):
            failed, standing = send(account(url), act=act)
            assert isinstance(failed, ValidationError)
            assert standing is Standing.NOTHING
    assert post.received == []


def test_a_shut_door_lets_no_mail_out(post: Post) -> None:
    """With the door disarmed nothing leaves, and the try is counted as an act."""
    door = Door(Addresses(allow_private=True))
    door.disarm()
    with serving(post) as url:
        failed, _ = send(account(url), door=door)
    assert isinstance(failed, DoorDisarmed)
    assert door.acts_refused == 1
    assert post.received == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # it is TLS from the first byte
def test_it_logs_in_over_tls(post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for is refused; a known one is used, with the right password alone."""
    names = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*names)

    def check(server: Any, session: Any, envelope: Any, mechanism: Any, given: Any) -> AuthResult:
        return AuthResult(success=(given.login, given.password) == (b"desk", PASSWORD.encode()), handled=False)

    more = {"ssl_context": context, "authenticator": check, "auth_require_tls": False, "auth_required": True}
    with serving(post, **more) as url:
        secret = pl.Secret("post-password", max_age="90d")
        mail = account(url.replace("smtp:", "smtps:"), user="desk", credential=secret)
        failed, _ = send(mail, variables={"POST_PASSWORD": PASSWORD})
        assert isinstance(failed, NotDone)
        monkeypatch.setenv("SSL_CERT_FILE", str(names[0]))
        wrong, standing = send(mail, variables={"POST_PASSWORD": "a-wrong-one"})
        assert isinstance(wrong, Refused)
        assert standing is Standing.REFUSED
        assert "a-wrong-one" not in str(wrong)
        done, _ = send(mail, variables={"POST_PASSWORD": PASSWORD})
    assert isinstance(done, pl.MailSent)
    assert len(post.received) == 1


class Question(BaseModel):
    """Somebody asks."""

    id: str
    mail: str


post_account = pl.Smtp("post", url="smtps://post.example", sender="desk@example.com")


@pl.act(through=post_account, undo=pl.CannotUndo("a mail that was sent is read"))
async def answer(question: Question) -> pl.MailSent:
    """Answer by mail."""
    return await post_account.send(to=question.mail, subject="Your question", text="Yes.")


def test_a_fake_takes_the_place_of_the_server() -> None:
    """In a test of an automation a FakeService receives the letter, as for any other connection."""
    questions = pl.Automation(
        "questions",
        purpose="Questions are answered.",
        takes=Question,
        gives=pl.MailSent,
        key=lambda question: question.id,
        owner=pl.Role("clerk"),
        process=pl.Path(answer),
    )
    service = FakeService(post_account)
    service.on("POST", "/")(lambda request: pl.MailSent(message_id="<1@example.com>"))
    with Platform(questions, services=[service]) as platform:
        case = platform.submit(questions, Question(id="1", mail="you@example.com"))
        platform.settle()
        assert case.output(answer) == pl.MailSent(message_id="<1@example.com>")
    (request,) = service.received
    assert (request.json["to"], request.json["subject"]) == (["you@example.com"], "Your question")

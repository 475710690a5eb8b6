"""What a step reaches outside of itself travels with the running step: calls, settings, files."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import httpx2
import pytest

import pilotage as pl
from pilotage.authoring.ports import Call, Permit, surroundings
from pilotage.authoring.settings import UsedOutside
from tests.authoring.programs import Kind, Order, Sent, carrier, words


class Recorder:
    """Surroundings that note what is asked of them."""

    def __init__(self, settings: dict[str, str] | None = None, folder: Path | None = None) -> None:
        self.calls: list[tuple[str, Call]] = []
        self.settings = settings or {}
        self.folder = folder
        self.permits: list[tuple[str, int, dict[str, float]]] = []
        self.clients: list[tuple[str, bool]] = []
        self.settled: list[dict[str, float]] = []

    @property
    def caller(self) -> "Recorder":
        return self

    async def call(self, connection: str, call: Call) -> object:
        self.calls.append((connection, call))
        return None if call.absent_is_none else Sent(number="1")

    def permit(
        self, connection: str, weight: int, reserve: Mapping[str, float], /
    ) -> AbstractAsyncContextManager[Permit]:
        @asynccontextmanager
        async def wait() -> AsyncIterator[Permit]:
            self.permits.append((connection, weight, dict(reserve)))
            yield self

        return wait()

    def client(
        self, connection: str, *, reads: bool, reserve: Mapping[str, float], price: pl.Price | None
    ) -> httpx2.AsyncClient:
        del reserve, price
        self.clients.append((connection, reads))
        return httpx2.AsyncClient()

    def used(self, amounts: Mapping[str, float], /) -> None:
        self.settled.append(dict(amounts))

    def setting(self, name: str) -> str | None:
        return self.settings.get(name)

    def artifact(self, file: str) -> Path:
        assert self.folder is not None
        return self.folder / file


@contextmanager
def around(recorder: Recorder) -> Iterator[Recorder]:
    token = surroundings.set(recorder)
    try:
        yield recorder
    finally:
        surroundings.reset(token)


def test_calls_go_to_whoever_carries_them() -> None:
    """A connection is a declaration; the running step carries its calls."""

    async def step() -> None:
        order = Order(id="1")
        assert await carrier.get("/a", expect=Sent, params={"key": "k"}) == Sent(number="1")
        assert await carrier.find("/a", expect=Sent) is None
        await carrier.post("/b", expect=Sent, json=order)
        await carrier.put("/b", expect=Sent, json={"x": 1})
        await carrier.delete("/b")
        await carrier.ask("/search", expect=Sent, json={"x": 1})
        async with carrier.permit(weight=3, reserve={"tokens": 100}) as permit:
            permit.used({"tokens": 60})
        async with carrier.client(), carrier.client(reads=True):
            pass

    with around(Recorder()) as seen:
        asyncio.run(step())
    assert seen.permits == [("carrier", 3, {"tokens": 100})]
    assert seen.clients == [("carrier", False), ("carrier", True)]
    assert seen.settled == [{"tokens": 60}]
    assert [connection for connection, _ in seen.calls] == ["carrier"] * 6
    assert [call for _, call in seen.calls] == [
        Call(method="GET", path="/a", expect=Sent, params={"key": "k"}),
        Call(method="GET", path="/a", expect=Sent, absent_is_none=True),
        Call(method="POST", path="/b", expect=Sent, body=Order(id="1")),
        Call(method="PUT", path="/b", expect=Sent, body={"x": 1}),
        Call(method="DELETE", path="/b"),
        Call(method="POST", path="/search", expect=Sent, body={"x": 1}, reads=True),
    ]
    assert [call.changes for _, call in seen.calls] == [False, False, True, True, True, False]


def test_a_connection_outside_of_a_step() -> None:
    """PLT-194: nothing is sent from a module that is imported."""
    with pytest.raises(UsedOutside, match="Connection carrier was used outside"):
        asyncio.run(carrier.delete("/a"))
    with pytest.raises(UsedOutside):
        carrier.permit()
    with pytest.raises(UsedOutside):
        carrier.client()


def test_a_setting_has_the_type_it_declares() -> None:
    """The text of the environment is read as the type; without a text the default counts."""
    size, on, kind = pl.Setting("size", int, default=5), pl.Setting("on", bool), pl.Setting("kind", Kind)
    with around(Recorder({"on": "true", "kind": "bike"})):
        assert (size.value, on.value, kind.value) == (5, True, Kind.BIKE)
    assert size.variable == "SIZE"
    assert pl.Setting("carrier-url").variable == "CARRIER_URL"


def test_a_setting_with_a_wrong_text() -> None:
    """PLT-163 names the variable and the environment; PLT-165 where there is nothing at all."""
    size = pl.Setting("batch-size", int)
    with around(Recorder({"batch-size": "many"})):
        assert words(lambda: size.value) == [
            'PLT-163 Setting batch-size: "many" is no int. > Correct BATCH_SIZE in this environment.'
        ]
    with around(Recorder()):
        assert words(lambda: size.value) == [
            (
                "PLT-165 Setting batch-size: is not set in this environment and has no default."
                " > Set BATCH_SIZE in this environment, or give the Setting a default."
            )
        ]


def test_a_secret_shows_nothing() -> None:
    """A secret is a name; there is nothing in it to print."""
    secret = pl.Secret("carrier-token", max_age="90d")
    assert repr(secret) == "Secret('carrier-token')"
    assert not hasattr(secret, "value")


def test_an_artifact_is_loaded_once_for_each_file(tmp_path: Path) -> None:
    """In a running case the file is the release's; a plain call in a test reads the one beside the module."""
    loads: list[Path] = []

    def load(file: Path) -> str:
        loads.append(file)
        return file.read_text(encoding="utf-8")

    artifact = pl.Artifact("router.txt", load=load)
    for release in ("one", "two"):
        folder = tmp_path / release
        folder.mkdir()
        (folder / "router.txt").write_text(release, encoding="utf-8")
        with around(Recorder(folder=folder)):
            assert (artifact.value, artifact.value) == (release, release)
    assert len(loads) == 2
    assert artifact.folder == Path(__file__).parent
    with pytest.raises(FileNotFoundError):
        _ = artifact.value


def test_what_a_mailbox_and_a_mail_account_need_is_asked_for() -> None:
    """`pilotage check` sees the settings of a mailbox and of a mail account, and the password is among the secrets."""
    inbox = pl.Mailbox(
        "letters-inbox",
        url=pl.Setting("imap-url"),
        user=pl.Setting("imap-user"),
        credential=pl.Secret("imap-password", max_age="90d"),
    )
    post = pl.Smtp("post", url=pl.Setting("post-url"), sender=pl.Setting("post-sender"))

    @pl.act(through=post, undo=pl.CannotUndo("it was read"))
    async def tell(mail: pl.Mail) -> pl.MailSent:
        """Tell somebody."""
        return await post.send(to="a@example.com", subject="", text="")

    made = pl.Automation(
        "told",
        purpose="Somebody is told.",
        takes=pl.Mail,
        gives=pl.MailSent,
        key=lambda mail: mail.message_id,
        owner=pl.Role("clerk"),
        process=pl.Path(tell),
        intake=[inbox],
    )
    assert {one.name for one in made.settings} == {"imap-url", "imap-user", "post-url", "post-sender"}
    assert [one.name for one in inbox.secrets] == ["imap-password"]

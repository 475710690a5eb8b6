"""A client that is not ours is given to a library, and what it sends is a call like any other. Shown with the openai SDK."""

import io
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import openai
import pytest
from helpdesk_account import CANARY, guard, helpdesk, opened
from openai import AsyncAzureOpenAI, AsyncOpenAI
from peers import Line, Peer, answering, closed_port

import pilotage as pl
from pilotage.authoring.connection import Connection
from pilotage.authoring.limits import Quota
from pilotage.authoring.ports import Surroundings, surroundings
from pilotage.authoring.settings import Secret, Setting, UsedOutside
from pilotage.connections.caller import ConnectionCaller
from pilotage.connections.errors import (
    AnotherOrigin,
    NoRoom,
    NotDone,
    NotSent,
    OnlyReads,
    OutcomeUnknown,
    Refused,
    SecondCall,
)
from pilotage.connections.injecting import in_our_words
from pilotage.connections.limiting import Limiter, read
from pilotage.connections.opening import Connections
from pilotage.connections.values import EffectGuard, Standing
from pilotage.machinery.net.addresses import Addresses
from pilotage.machinery.net.door import Door
from pilotage.machinery.net.errors import DoorDisarmed
from pilotage.machinery.storage.database import Database
from pilotage.migrations import prepare

CHAT = json.dumps(
    {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "cards"}}],
    }
).encode()
Use = Callable[[Connection], Awaitable[object]]


@contextmanager
def running(caller: ConnectionCaller) -> Iterator[None]:
    """A step that runs."""
    token = surroundings.set(cast("Surroundings", SimpleNamespace(caller=caller)))
    try:
        yield
    finally:
        surroundings.reset(token)


class Came:
    """What came of a step that used a library."""

    value: object = None
    raised: BaseException | None = None
    failure: BaseException | None = None
    caller: ConnectionCaller


def step(
    url: str, use: Use, *, effect: EffectGuard | None = None, account: Connection = helpdesk, **options: object
) -> Came:
    """One run of a step that uses a library, and what came of it."""

    async def run(connections: Connections) -> Came:
        came = Came()
        came.caller = connections.caller(step="sort", through={account.name}, guard=effect)
        with running(came.caller):
            try:
                with in_our_words():
                    came.value = await use(account)
            except Exception as error:  # noqa: BLE001 - the test looks at whatever it is
                came.failure, came.raised = error, error.__cause__
        return came

    return opened(url, run, **options)  # type: ignore[arg-type]


def sdk(account: Connection, *, reads: bool = False, retries: int = 0) -> AsyncOpenAI:
    """The SDK as the guide says it is made."""
    client = account.client(reads=reads)
    return AsyncOpenAI(http_client=client, base_url=str(client.base_url), api_key="unused", max_retries=retries)


async def asks(account: Connection, *, reads: bool = True, retries: int = 0) -> str | None:
    """The model's word."""
    answer = await sdk(account, reads=reads, retries=retries).chat.completions.create(
        model="m", messages=[{"role": "user", "content": "Which team?"}]
    )
    return answer.choices[0].message.content


async def acts(account: Connection) -> str | None:
    """The same, where a POST counts as a change."""
    return await asks(account, reads=False)


async def acts_again(account: Connection) -> str | None:
    """The same, by a library that tries again by itself."""
    return await asks(account, reads=False, retries=2)


def cuts(line: Line, number: int) -> None:
    line.request()


# -- what it sends ---------------------------------------------------------------------


def test_an_sdk_asks_in_a_step_that_reads() -> None:
    """Below the base URL, with our credential in the place of its own, without a key; its own headers stay."""
    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(f"{peer.url}/v1", asks)
    assert (came.value, came.raised, came.caller.standing) == ("cards", None, Standing.NOTHING)
    (request,) = peer.requests
    assert request.startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    head = request.lower()
    assert f"authorization: bearer {CANARY}".lower().encode() in head
    assert head.count(b"authorization:") == head.count(b"content-type: application/json") == 1
    assert b"unused" not in request
    assert b"idempotency-key" not in head
    assert b"user-agent: asyncopenai" in head


def test_an_sdk_acts_once_under_the_effects_key() -> None:
    """The key goes along; the act is answered, and stands so."""
    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(f"{peer.url}/v1", acts, effect=guard())
    assert (came.value, came.caller.standing) == ("cards", Standing.ANSWERED)
    assert b"\r\nidempotency-key: dev/tickets/1/assign\r\n" in peer.requests[0].lower()


def test_a_stream_is_given_when_all_of_it_is_here() -> None:
    """An SDK that reads events one by one gets them, and the answer's size is bounded."""

    async def streams(account: Connection) -> list[str | None]:
        events = await sdk(account, reads=True).chat.completions.create(model="m", messages=[], stream=True)
        return [event.choices[0].delta.content async for event in events]

    def event(text: str) -> str:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return f"data: {json.dumps({**chunk, 'choices': [{'index': 0, 'delta': {'content': text}}]})}\n\n"

    body = f"{event('car')}{event('ds')}data: [DONE]\n\n".encode()
    with Peer(answering("200 OK", body)) as peer:
        assert step(peer.url, streams).value == ["car", "ds"]


def test_a_query_goes_along() -> None:
    """Lists are read with GET, and need no leave for a POST."""

    async def lists(account: Connection) -> int:
        found = await sdk(account).files.list(limit=1, purpose="a b")
        return len(found.data)

    with Peer(answering("200 OK", b'{"object": "list", "data": []}')) as peer:
        assert step(f"{peer.url}/v1", lists).value == 0
    assert peer.requests[0].startswith(b"GET /v1/files?limit=1&purpose=a+b HTTP/1.1")


# -- what it may not do ----------------------------------------------------------------


def test_a_reading_step_posts_only_where_it_says_that_this_reads() -> None:
    """Without `reads=True` a POST is refused before it leaves, however often the SDK tries; a DELETE always."""

    async def deletes(account: Connection) -> object:
        return await sdk(account, reads=True).files.delete("f-1")

    with Peer(answering("200 OK", CHAT)) as peer:
        for use in (acts, acts_again, deletes):
            came = step(peer.url, use)
            assert isinstance(came.raised, openai.APIConnectionError)
            assert isinstance(came.failure, OnlyReads)
        assert peer.requests == []


def test_an_sdk_that_tries_again_cannot_act_twice() -> None:
    """The call was cut: it may have been done. The SDK tries twice more, nothing leaves, and unknown stays unknown."""
    with Peer(cuts) as peer:
        came = step(peer.url, acts_again, effect=guard())
        assert len(peer.requests) == 1
    assert isinstance(came.raised, openai.APIConnectionError)
    assert isinstance(came.failure, OutcomeUnknown)
    assert came.caller.standing is Standing.UNKNOWN


def test_an_answer_that_an_sdk_would_try_again_is_not_followed_by_a_second_act() -> None:
    """500 behind an act is unknown, 429 is known not done; neither is asked twice by this step."""
    for status, standing, failure in (
        ("500 Oops", Standing.UNKNOWN, OutcomeUnknown),
        ("429 Wait", Standing.NOT_DONE, NotDone),
        ("409 Conflict", Standing.REFUSED, Refused),
    ):
        with Peer(answering(status, b"{}", "Retry-After: 1", "x-should-retry: true")) as peer:
            came = step(peer.url, acts_again, effect=guard())
            assert len(peer.requests) == 1
        assert (came.caller.standing, type(came.failure)) == (standing, failure)
        assert isinstance(came.raised, openai.APIStatusError)


def test_a_second_act_through_an_sdk_is_refused() -> None:
    """The first was answered; then another one is an effect of its own."""

    async def twice(account: Connection) -> object:
        await acts(account)
        return await acts(account)

    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(peer.url, twice, effect=guard())
        assert len(peer.requests) == 1
    assert isinstance(came.failure, SecondCall)
    assert came.caller.standing is Standing.ANSWERED


def test_an_act_that_is_too_late_does_not_leave() -> None:
    """The send-by time counts for whatever sends."""
    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(peer.url, acts, effect=guard(send_by=0.0))
        assert peer.requests == []
    assert isinstance(came.failure, NotSent)
    assert came.caller.standing is Standing.NOT_DONE


@pytest.mark.parametrize(
    "place", ["http://127.0.0.1:1/v1", "https://api.openai.com/v1", "{url}", "{url}/v10", "{url}/v1/../x"]
)
def test_another_place_is_refused(place: str) -> None:
    """Another port, another host, another path than the base URL's: nothing leaves, and no credential."""

    async def elsewhere(account: Connection) -> object:
        there = place.format(url=peer.url)
        client = AsyncOpenAI(http_client=account.client(reads=True), base_url=there, api_key="unused", max_retries=0)
        return await client.chat.completions.create(model="m", messages=[])

    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(f"{peer.url}/v1", elsewhere)
        assert peer.requests == []
    assert isinstance(came.failure, AnotherOrigin)


def test_a_rehearsal_lets_nothing_out() -> None:
    """The door refuses an SDK as it refuses a step, and the step's failure says so."""
    door = Door(Addresses(allow_loopback=True), armed=False)
    with Peer(answering("200 OK", CHAT)) as peer:
        came = step(peer.url, acts_again, effect=guard(), door=door)
        assert peer.requests == []
    assert isinstance(came.failure, DoorDisarmed)
    assert (came.caller.standing, door.acts_refused) == (Standing.NOT_DONE, 1)


def test_a_client_is_had_by_a_running_step_alone() -> None:
    """PLT-194 in a module that is imported; and one that was kept is refused when its step is over."""
    with pytest.raises(UsedOutside):
        helpdesk.client()
    kept: list[AsyncOpenAI] = []

    async def keeps(account: Connection) -> None:
        kept.append(sdk(account, reads=True))

    async def later(account: Connection) -> object:
        return await kept[0].chat.completions.create(model="m", messages=[])

    async def run(connections: Connections) -> None:
        for use in (keeps, later):
            with running(connections.caller(step="sort", through={"helpdesk"})):
                await use(helpdesk)

    with Peer(answering("200 OK", CHAT)) as peer:
        with pytest.raises(UsedOutside, match="client of helpdesk"):
            opened(peer.url, run)
        assert peer.requests == []


# -- how it fails ----------------------------------------------------------------------


def test_what_an_sdk_raises_comes_out_as_the_failure_behind_it() -> None:
    """A step that reads fails in our words, whatever the library made of the answer."""
    for status, failure in (("503 Later", NotDone), ("429 Wait", NotDone), ("401 No", Refused), ("422 No", Refused)):
        with Peer(answering(status, b'{"error": {"message": "no"}}', "Retry-After: 7")) as peer:
            came = step(peer.url, asks)
        assert isinstance(came.raised, openai.APIStatusError)
        assert type(came.failure) is failure
        assert getattr(came.failure, "retry_after", 7.0) == 7.0
        assert came.caller.response is not None
    came = step(f"http://127.0.0.1:{closed_port()}", asks)
    assert isinstance(came.failure, NotDone)


def test_what_went_well_afterwards_is_no_failure_any_more() -> None:
    """A library that tried again and was answered; what the step does wrong behind it is its own."""

    async def stumbles(account: Connection) -> object:
        await asks(account, retries=1)
        raise KeyError("team")

    def cut_first(line: Line, number: int) -> None:
        while line.request():
            if number == 1:
                return
            line.answer("200 OK", CHAT)

    with Peer(cut_first) as peer:
        came = step(peer.url, stumbles)
        assert len(peer.requests) == 2
    assert isinstance(came.failure, KeyError)


def test_an_answer_that_is_too_large_does_not_come_in() -> None:
    """The connection's bounds count: size and time."""

    def floods(line: Line, number: int) -> None:
        line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        while True:
            line.send(b"x" * 100_000)

    with Peer(floods) as peer:
        came = step(peer.url, acts, effect=guard())
    assert isinstance(came.failure, OutcomeUnknown)
    assert "larger than" in str(came.failure)


def test_an_sdks_calls_count_within_the_limits(database_url: str) -> None:
    """Two calls a month: the third is told that there is no room, and is not made."""

    async def thrice(account: Connection) -> list[str | None]:
        return [await asks(account) for _ in range(3)]

    with Peer(answering("200 OK", CHAT)) as peer, closing(Database(database_url)) as database:
        prepare(database)
        account = Connection("desk", base_url=peer.url, limits=[Quota(2, per="month")], timeout="2s")
        limiter = Limiter(database=database, declared={"tickets@dev": [account]})
        limiter.announce()
        came = step(peer.url, thrice, account=account, accounts=(account,), limits=limiter)
        assert len(peer.requests) == 2
        with database.snapshot() as tx:
            (used,) = read(tx, database.now(tx))["desk"].used()
    assert isinstance(came.failure, NoRoom)
    assert used.left == 0


@pytest.mark.parametrize(
    ("usage", "price", "tokens", "cents"),
    [
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
            pl.Price(input=100, output=1000),
            120,
            3,
        ),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, None, 120, 50),
        (None, pl.Price(input=100, output=1000), 400, 50),
    ],
    ids=["said and priced", "said", "not said"],
)
def test_what_an_sdk_reserves_is_settled_by_the_answers_usage(
    database_url: str, usage: dict[str, int] | None, price: pl.Price | None, tokens: int, cents: int
) -> None:
    """Held at the upper bound before the call, and counted as what the answer says; what it does not say was used."""

    async def reserves(account: Connection) -> str | None:
        client = account.client(reads=True, reserve={"tokens": 400, "USD": 0.5}, price=price)
        library = AsyncOpenAI(http_client=client, base_url=str(client.base_url), api_key="unused", max_retries=0)
        answer = await library.chat.completions.create(model="m", messages=[{"role": "user", "content": "Which team?"}])
        return answer.choices[0].message.content

    said = CHAT if usage is None else json.dumps({**json.loads(CHAT), "usage": usage}).encode()
    with Peer(answering("200 OK", said)) as peer, closing(Database(database_url)) as database:
        prepare(database)
        limits = [Quota(1_000, per="month", of="tokens"), Quota(1, per="month", of="USD")]
        account = Connection("desk", base_url=peer.url, limits=limits, timeout="2s")
        limiter = Limiter(database=database, declared={"tickets@dev": [account]})
        limiter.announce()
        came = step(peer.url, reserves, account=account, accounts=(account,), limits=limiter)
        assert came.value == "cards"
        with database.snapshot() as tx:
            left = {one.form.unit: one.left for one in read(tx, database.now(tx))["desk"].used()}
    assert left == {"tokens": 1_000 - tokens, "USD": 1_000_000 - cents * 10_000}


async def plainly(account: Connection) -> object:
    """A client of no library, which sends its key as Anthropic's does."""
    client = account.client(reads=True)
    answer = await client.post(f"{client.base_url}/messages", json={}, headers={"x-api-key": "a-placeholder"})
    return answer.json()["model"]


async def on_azure(account: Connection) -> object:
    """The SDK as it is made for Azure, which sends its key as api-key."""
    client = account.client(reads=True)
    library = AsyncAzureOpenAI(
        http_client=client,
        base_url=str(client.base_url),
        api_key="a-placeholder",
        api_version="2026-01-01",
        max_retries=0,
    )
    answer = await library.chat.completions.create(model="m", messages=[{"role": "user", "content": "Which team?"}])
    return answer.model


async def usually(account: Connection) -> object:
    """The SDK with a placeholder in Authorization."""
    client = account.client(reads=True)
    library = AsyncOpenAI(http_client=client, base_url=str(client.base_url), api_key="a-placeholder", max_retries=0)
    return (await library.chat.completions.create(model="m", messages=[])).model


@pytest.mark.parametrize("use", [plainly, on_azure, usually])
@pytest.mark.parametrize("header", ["Authorization", "x-api-key", "api-key", None])
def test_the_credential_goes_in_the_header_that_is_declared_and_a_placeholder_nowhere(
    use: Use, header: str | None
) -> None:
    """Whatever header the library uses: what it was given for a key does not leave, also where the account has none."""
    with Peer(answering("200 OK", CHAT)) as peer:
        if header is None:
            account = Connection("books", base_url=Setting("books-url"))
        else:
            token = Secret("helpdesk-token", max_age="90d")
            account = Connection(
                "helpdesk", base_url=Setting("helpdesk-url"), credential=token, credential_header=header
            )
        came = step(peer.url, use, account=account, accounts=(account,))
        assert (came.value, came.failure) == ("m", None)
        (request,) = peer.requests
    head = request.split(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    assert "a-placeholder" not in request.decode()
    sent = {line.partition(":")[0]: line.partition(": ")[2] for line in head[1:]}
    kept = {name: sent[name] for name in ("authorization", "x-api-key", "api-key") if name in sent}
    bearer = "bearer " if header == "Authorization" else ""
    assert kept == ({} if header is None else {header.lower(): f"{bearer}{CANARY.lower()}"})


def test_a_fresh_credential_is_found_in_its_header(tmp_path: Path) -> None:
    """After 401 it is read again and compared where it goes, whatever header that is."""
    file = tmp_path / "helpdesk-token"
    file.write_text("an-old-token")
    file.chmod(0o600)

    def script(line: Line, number: int) -> None:
        line.request()
        file.write_text("a-new-token")
        line.answer("401 No", b"")
        line.request()
        line.answer("200 OK", CHAT)

    token = Secret("helpdesk-token", max_age="90d")
    account = Connection("helpdesk", base_url=Setting("helpdesk-url"), credential=token, credential_header="x-api-key")
    with Peer(script) as peer:
        came = step(peer.url, plainly, account=account, accounts=(account,), folder=tmp_path)
    assert (came.value, came.failure) == ("m", None)
    assert [b"x-api-key: a-new-token" in one.lower() for one in peer.requests] == [False, True]


# -- what it shows ---------------------------------------------------------------------


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that any logger says, the SDK's included."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    loggers = [logging.getLogger(name) for name in ("", "openai", "httpx2", "pilotage")]
    before = [one.level for one in loggers]
    loggers[0].addHandler(handler)
    for one in loggers:
        one.setLevel(logging.DEBUG)
    yield said
    loggers[0].removeHandler(handler)
    for one, level in zip(loggers, before, strict=True):
        one.setLevel(level)


def told(error: BaseException) -> str:
    """All that a traceback can show."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return f"{error}{''.join(shown.format())}"


def test_an_sdk_never_sees_the_credential(logged: io.StringIO) -> None:
    """Not in its request, not in what a service gives back of it, not in what it raises or logs."""
    echo = json.dumps({"error": {"message": f"Incorrect API key provided: {CANARY}"}}).encode()
    seen: list[str] = []

    async def tells(account: Connection) -> None:
        try:
            await asks(account, retries=1)
        except openai.APIStatusError as error:
            seen.append(f"{error!r} {error.body} {dict(error.response.headers)} {error.response.text}")
            seen.append(f"{dict(error.request.headers)}")
            raise

    for status in ("401 No", "400 No", "500 Oops", "200 OK"):
        with Peer(answering(status, echo, f"X-You-Sent: Bearer {CANARY}")) as peer:
            came = step(peer.url, tells)
        seen += [told(error) for error in (came.raised, came.failure) if error is not None]
    assert len(seen) >= 12
    assert "Incorrect API key provided: [redacted]" in "".join(seen)
    assert "chat/completions" in logged.getvalue()
    assert CANARY not in "".join(seen)
    assert CANARY not in logged.getvalue()

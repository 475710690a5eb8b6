"""No call carries a secret of ours to somebody who does not know it, whatever part of the call it stands in."""

import base64
import json
from urllib.parse import quote

import pytest
from helpdesk_account import CANARY, Made, guard, opened
from peers import Line, Peer

from pilotage.authoring.ports import Call
from pilotage.connections.errors import SecretGivenAway
from pilotage.connections.opening import Connections
from pilotage.connections.values import Standing
from pilotage.credentials.opening import given_in
from pilotage.credentials.secrets import Secrets

FORMS = {
    "plain": CANARY,
    "in base64": base64.b64encode(f"user:{CANARY}".encode()).decode(),
    "percent-encoded": quote(CANARY, safe=""),
    "in a repr of a request": repr({"Authorization": f"Bearer {CANARY}"}),
}
PLACES = {
    "body": lambda text: Call(method="POST", path="/acts", body={"note": text}, expect=Made),
    "bytes": lambda text: Call(method="PUT", path="/acts", body=text.encode(), expect=Made),
    "query": lambda text: Call(method="GET", path="/acts", params={"q": text}, expect=Made),
    "path": lambda text: Call(method="GET", path="/acts/" + quote(text, safe=""), expect=Made),
}


def answers(line: Line, number: int) -> None:
    """Whatever is asked."""
    line.request()
    line.answer("200 OK", b'{"id": "1"}', "Connection: close")


def outcome(url: str, name: str, call: Call) -> tuple[object, Standing]:
    """What came of a call through a connection, after the help desk was called once and its secret is held."""

    async def use(connections: Connections) -> tuple[object, Standing]:
        warm = connections.caller(step="look", through={"helpdesk"}, guard=None)
        await warm.call("helpdesk", Call(method="GET", path="/acts/1", expect=Made))
        caller = connections.caller(step="assign", through={name}, guard=guard() if call.changes else None)
        try:
            return await caller.call(name, call), caller.standing
        except SecretGivenAway as error:
            return error, caller.standing

    return opened(url, use)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("place", PLACES)
def test_another_ones_secret_does_not_leave(place: str, form: str) -> None:
    """Neither as it is nor in disguise: nothing is sent, and the words name the secret and not its value."""
    with Peer(answers) as peer:
        found, standing = outcome(peer.url, "books", PLACES[place](FORMS[form]))
        assert isinstance(found, SecretGivenAway)
        assert standing is Standing.NOTHING
        assert len(peer.requests) == 1, "the one that went to the help desk itself"
    assert "helpdesk-token, which is not for books" in found.what
    assert not any(text in found.what for text in (CANARY, quote(CANARY, safe="")))


@pytest.mark.parametrize("place", PLACES)
def test_a_service_may_be_sent_its_own(place: str) -> None:
    """Some want it in the body or in the query; it tells them nothing."""
    with Peer(answers) as peer:
        found, _ = outcome(peer.url, "helpdesk", PLACES[place](CANARY))
        assert found == Made(id="1")
        assert len(peer.requests) == 2


def test_words_that_anybody_may_write_do_not_stop_a_call() -> None:
    """A secret that is a word is a bad one, and says nothing about the text in which it stands."""
    variables = {"ONE": "invoice", "TWO": "production", "THREE": "Production-2"}
    secrets = Secrets("dev", variables=variables)
    for name in ("one", "two", "three"):
        secrets.held(name)
    assert secrets.names_in(json.dumps({"text": "the invoice for production"}).encode()) == frozenset()
    assert secrets.names_in(b"Production-2") == {"three"}


def test_what_is_secret_alone_is_known_alone() -> None:
    """The token behind Bearer, the password behind a user, the key behind whsec_: also without what stands before them."""
    basic = base64.b64encode(b"pilotage:pass-word-9").decode()
    variables = {
        "A": "Bearer tok-123456",
        "B": f"Basic {basic}",
        "C": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "D": "postgres://sa:p4ss-in-a-url@host/db",
        "E": "AKIAEXAMPLE:wJalrXUtnFEMI",
    }
    secrets = Secrets("dev", variables=variables)
    for name in "abcde":
        secrets.held(name)
    for text, name in (
        ("tok-123456", "a"),
        ("pass-word-9", "b"),
        ("pilotage:pass-word-9", "b"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "c"),
        ("p4ss-in-a-url", "d"),
        ("wJalrXUtnFEMI", "e"),
    ):
        assert secrets.names_in(text.encode()) == {name}, text
        assert secrets.redactor().text(f"<{text}>") == "<[redacted]>"


def test_what_opens_the_stores_is_hidden_too() -> None:
    """The key, a vault's token, the database's password: no secrets of the project, and no less secret; a word is left alone."""
    own = {"PILOTAGE_OPENBAO_TOKEN": "s.9XcanaryToken", "the database's password": "postgres"}
    secrets = Secrets("dev", variables={}, own=own)
    assert secrets.redactor().text("postgres said s.9XcanaryToken") == "postgres said [redacted]"
    assert secrets.names_in(b"postgres said s.9XcanaryToken") == {"PILOTAGE_OPENBAO_TOKEN"}


def test_what_the_environment_gives_is_hidden_before_anybody_asked_for_it() -> None:
    """Whoever shows the whole environment shows no secret that the project declares."""
    own = given_in({"DESK_TOKEN": "tok-123456", "OTHER_TOKEN": "tok-987654"}, ["desk-token", "absent"])
    assert own == {"desk-token": "tok-123456"}
    secrets = Secrets("dev", variables={}, own=own)
    assert secrets.redactor().text(repr({"DESK_TOKEN": "tok-123456"})) == "{'DESK_TOKEN': '[redacted]'}"

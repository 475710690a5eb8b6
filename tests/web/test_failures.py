"""Errors are pages for people and problems for programs, and never a traceback."""

from dataclasses import dataclass

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.requests import Request
from tests.web.conftest import Shown

from pilotage.kernel.errors import UnknownName
from pilotage.machinery.api.problem import MEDIA_TYPE
from pilotage.machinery.web.forms import read_form
from pilotage.machinery.web.values import Page, Visit

HOME = "http://127.0.0.1:8451"


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """A context without anything."""


def failing_page(error: Exception) -> Page[object]:
    """A page that cannot be loaded."""

    def load(visit: Visit) -> Nothing:
        raise error

    return Page(name="broken", title="Broken", path="/broken", context=Nothing, load=load, template="web/patterns.html")


def client_of(app: FastAPI, token: str) -> TestClient:
    """A visitor who is in."""
    client = TestClient(app, base_url=HOME)
    assert client.get(f"/?token={token}").status_code == 200
    return client


def test_an_unknown_page_suggests_the_nearest(visitor: TestClient) -> None:
    """A slip in an address is answered with the page that was meant."""
    answer = visitor.get("/pattern")
    assert answer.status_code == 404
    assert 'Did you mean <a href="/patterns">/patterns</a>?' in answer.text
    assert "<nav" in answer.text


def test_the_address_in_an_error_is_escaped(visitor: TestClient) -> None:
    """An address that is markup is shown as text."""
    answer = visitor.get("/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "<script>alert" not in answer.text


def test_a_crash_shows_a_reference_and_nothing_else(shown: Shown) -> None:
    """An error that nobody expected gives a page in the layout with a reference; its words stay in the log."""
    shown.more_pages = (failing_page(ZeroDivisionError("the password is hunter2")),)
    answer = client_of(shown.app(), shown.settings.token).get("/broken")

    assert answer.status_code == 500
    assert "W-" in answer.text
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert "<nav" in answer.text


def test_an_error_of_ours_says_what_to_do(shown: Shown) -> None:
    """What happened and the remedy stand on the page."""
    shown.more_pages = (failing_page(UnknownName("There is no automation tikets.", "Did you mean tickets?")),)
    answer = client_of(shown.app(), shown.settings.token).get("/broken")
    assert "There is no automation tikets." in answer.text
    assert "Did you mean tickets?" in answer.text


def test_a_program_gets_a_problem(visitor: TestClient) -> None:
    """Who takes JSON, or asks the API, gets RFC 9457."""
    for address, headers in (("/nothing", {"accept": "application/json"}), ("/api/v1/nothing", {})):
        answer = visitor.get(address, headers=headers)
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.json()["status"] == 404
        assert answer.json()["type"] == "about:blank"
        assert "remedy" in answer.json()


def test_a_stranger_with_json_gets_a_problem_too(outsider: TestClient) -> None:
    """A refusal has the same shape."""
    answer = outsider.get("/", headers={"accept": "application/json"})
    assert answer.status_code == 403
    assert answer.json()["title"] == "Use the link from the terminal"


def test_a_wrong_method_is_said_in_words(visitor: TestClient) -> None:
    """405 is a page too, and names what is allowed in its header."""
    answer = visitor.post("/", headers={"origin": HOME})
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "<h1>" in answer.text


@pytest.fixture
def form(shown: Shown) -> TestClient:
    """A visitor of an application with a form."""
    app = shown.app()

    async def take(request: Request) -> dict[str, str]:
        return await read_form(request)

    app.add_api_route("/take", take, methods=["POST"])
    return client_of(app, shown.settings.token)


def proof(client: TestClient) -> str:
    """The token that the pages write into their forms."""
    page = client.get("/patterns").text
    return page.split('name="csrf" value="')[1].split('"')[0]


def test_a_form_of_ours_is_read(form: TestClient) -> None:
    """With the session's token the fields come through, without the token among them."""
    answer = form.post("/take", data={"csrf": proof(form), "reason": "grüße & more"}, headers={"origin": HOME})
    assert answer.json() == {"reason": "grüße & more"}


@pytest.mark.parametrize("fields", [{}, {"csrf": ""}, {"csrf": "wrong"}, {"csrf": "ünicode"}])
def test_a_form_without_the_token_does_nothing(form: TestClient, fields: dict[str, str]) -> None:
    """A form that our page did not make is refused."""
    answer = form.post("/take", data=fields | {"reason": "x"}, headers={"origin": HOME})
    assert answer.status_code == 403
    assert "Nothing was done" in answer.text


def test_a_form_has_a_size_limit(form: TestClient) -> None:
    """More than a million bytes are not read to the end."""
    answer = form.post("/take", data={"csrf": proof(form), "reason": "x" * 1_000_001}, headers={"origin": HOME})
    assert answer.status_code == 413


def test_a_form_that_is_none_is_refused(form: TestClient) -> None:
    """Bytes that are no form are answered, not crashed on."""
    for body in (b"\xff\xfe", b"no-equals-sign", b"&".join(b"a=%d" % number for number in range(600))):
        assert form.post("/take", content=body, headers={"origin": HOME}).status_code == 400

"""Who gets in: this machine's own names, our own pages, and only with the link."""

import pytest
from fastapi.testclient import TestClient
from tests.web.conftest import Shown

from pilotage.machinery.web.door import Sessions, is_own_host, new_token
from pilotage.machinery.web.headers import HEADERS, POLICY

TOKEN = "the-start-token-of-this-test"
HOME = "http://127.0.0.1:8451"


def test_the_link_opens_a_session_and_leaves_a_clean_address(outsider: TestClient) -> None:
    """The first visit with the token sets a strict, script-proof cookie and goes on to the address without the token."""
    answer = outsider.get(f"/?token={TOKEN}&refresh=off")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/?refresh=off"
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith("pilotage-8451=")
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie
    assert outsider.get("/").status_code == 200


@pytest.mark.parametrize("address", ["/", "/patterns", "/live/today", "/nothing", "/?token=wrong", "/?token="])
def test_without_the_link_a_page_says_where_to_find_it(outsider: TestClient, address: str) -> None:
    """Whoever comes without a session is told about the link, whatever they asked for, and sees nothing else."""
    answer = outsider.get(address)

    assert answer.status_code == 403
    assert "pilotage serve" in answer.text
    assert "Use the link from the terminal" in answer.text
    assert "records" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_made_up_cookie_is_no_session(outsider: TestClient) -> None:
    """A cookie that this process did not give lets nobody in."""
    outsider.cookies.set("pilotage-8451", new_token())
    assert outsider.get("/").status_code == 403


def test_two_browsers_have_two_sessions(shown: Shown, outsider: TestClient) -> None:
    """Each visit with the link gets a name and a form token of its own."""
    sessions = Sessions()
    first, one = sessions.open()
    second, other = sessions.open()
    assert first != second
    assert one.csrf != other.csrf
    assert sessions.find(first) is one


def test_sessions_do_not_grow_without_end() -> None:
    """When very many sessions were opened the oldest make room."""
    sessions = Sessions()
    first, _ = sessions.open()
    for _ in range(1_000):
        sessions.open()
    assert sessions.find(first) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8451",
        "127.0.0.1.evil.example:8451",
        "localhost.evil.example:8451",
        "127.0.0.1:8452",
        "127.0.0.1",
        "192.168.1.7:8451",
        "0.0.0.0:8451",
        "user@127.0.0.1:8451",
        "127.0.0.1:8451/x",
        "127.0.0.1:port",
        "[::1",
        "",
    ],
)
def test_another_name_is_refused_also_with_a_session(visitor: TestClient, host: str) -> None:
    """A name that is not loopback's, or another port, is refused: a rebound name brings the visitor's browser, not us."""
    answer = visitor.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "Not under this name" in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1:8451", "localhost:8451", "[::1]:8451", "LOCALHOST:8451", "127.0.0.2:8451"])
def test_loopback_has_several_names(host: str) -> None:
    """Every name of loopback with the bound port is our own."""
    assert is_own_host(host, 8451)


def test_the_ordinary_port_need_not_be_named() -> None:
    """On port 80 browsers leave the port out."""
    assert is_own_host("localhost", 80)
    assert not is_own_host("localhost", 8451)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8451", "http://127.0.0.1:9999"])
def test_another_pages_request_is_refused(visitor: TestClient, origin: str) -> None:
    """A request that names another page as its origin is refused, for reading too."""
    assert visitor.get("/", headers={"origin": origin}).status_code == 403


def test_our_own_page_may_ask(visitor: TestClient) -> None:
    """A request of our own page is answered."""
    assert visitor.get("/", headers={"origin": HOME}).status_code == 200


def test_changing_something_needs_an_origin(visitor: TestClient) -> None:
    """A POST that does not say which page sends it is refused before any page sees it."""
    assert visitor.post("/").status_code == 403
    assert visitor.post("/", headers={"origin": HOME}).status_code == 405
    assert visitor.post("/", headers={"sec-fetch-site": "same-origin"}).status_code == 405


def test_a_link_in_a_chat_goes_on_by_a_page_of_our_own(outsider: TestClient) -> None:
    """From another site a strict cookie would not survive a redirect, so a page of ours goes on instead."""
    answer = outsider.get(f"/patterns?token={TOKEN}", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 200
    assert 'content="0; url=/patterns"' in answer.text
    assert TOKEN not in answer.text


def test_the_clean_address_is_never_another_host(outsider: TestClient) -> None:
    """A path with two slashes does not become a redirect to a host of that name."""
    answer = outsider.get(f"{HOME}//evil.example/?token={TOKEN}")
    assert answer.headers["location"] == "/evil.example/"


@pytest.mark.parametrize("address", ["/", "/patterns", "/nothing", "/static/frame.css", "/static/nothing.css"])
def test_every_answer_has_the_safe_headers(visitor: TestClient, address: str) -> None:
    """Pages, errors and files all carry the policy, and pages are kept by nobody."""
    answer = visitor.get(address)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    if not address.startswith("/static"):
        assert answer.headers["cache-control"] == "no-store"


def test_refusals_have_the_safe_headers_too(outsider: TestClient) -> None:
    """The answer to a stranger carries the policy."""
    assert outsider.get("/").headers["content-security-policy"] == POLICY


def test_the_policy_names_no_other_host_and_allows_nothing_inline() -> None:
    """Nothing is loaded from elsewhere, no script and no style stands in a page."""
    assert POLICY.startswith("default-src 'none'")
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "*" not in POLICY


def test_nothing_describes_the_application_to_strangers(visitor: TestClient) -> None:
    """There are no generated pages of documentation that would load from other hosts."""
    for address in ("/docs", "/redoc", "/openapi.json"):
        assert visitor.get(address).status_code == 404


def test_the_token_is_long_and_new_each_time() -> None:
    """Two starts have two tokens, of 256 bits each."""
    assert len({new_token() for _ in range(20)}) == 20
    assert len(new_token()) >= 43


def test_the_token_does_not_show_in_the_settings(shown: Shown) -> None:
    """Whoever prints the settings does not print the token."""
    assert TOKEN not in repr(shown.settings)

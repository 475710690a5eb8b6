"""No credential in what becomes text."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotage.machinery.net.messages import Outgoing, origin
from pilotage.machinery.net.redaction import REDACTED, Redactor, redact_headers, redact_url, sounds_secret


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "X-Api-Key",
        "apikey",
        "Cookie",
        "Set-Cookie",
        "X-Auth-Token",
        "X-Key",
        "sig",
    ],
)
def test_headers_that_carry_credentials_are_known_by_their_names(name: str) -> None:
    """Whatever their case and whatever stands before."""
    assert sounds_secret(name)


@pytest.mark.parametrize(
    "name", ["Content-Type", "Idempotency-Key", "Date", "Retry-After", "X-Monkey", "Author", "Design"]
)
def test_other_headers_are_shown(name: str) -> None:
    """The idempotency key is no secret: it is what an act is found by."""
    assert redact_headers({name: "v"}) == ((name, "v"),)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@host/p", f"https://{REDACTED}@host/p"),
        ("https://pw@host/p", f"https://{REDACTED}@host/p"),
        ("https://h/p?a=1&api_key=pw&token=pw", f"https://h/p?a=1&api_key={REDACTED}&token={REDACTED}"),
        ("https://h:1/p?q", "https://h:1/p?q"),
        ("http://[::1", REDACTED),
    ],
)
def test_urls_are_shown_without_credentials(url: str, shown: str) -> None:
    """Neither user nor password, and no parameter that sounds like one."""
    assert redact_url(url) == shown


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8))
def test_a_known_value_is_found_in_every_form(value: str) -> None:
    """Plain, in a URL, in JSON, and in base64."""
    redactor = Redactor([value])
    forms = [value, quote(value, safe=""), json.dumps(value)[1:-1], base64.b64encode(value.encode()).decode()]
    for form in forms:
        assert form not in redactor.text(f"<{form}>") or form in f"<{REDACTED}>"
        assert redactor.body(f"<{form}>".encode()).startswith(b"<" + REDACTED.encode())
    assert value not in repr(redactor) or value in "Redactor()"


def test_nothing_to_take_out() -> None:
    """Without values everything stays as it is."""
    assert Redactor([]).text("as it is") == "as it is"
    assert Redactor([""]).body(b"as it is") == b"as it is"


def test_a_request_shows_no_credential_and_no_content() -> None:
    """Its text form is for logs."""
    request = Outgoing(
        method="POST",
        origin=origin("https://desk.test"),
        path="/acts",
        query="token=canary",
        headers={"Authorization": "Bearer canary"},
        body=b"canary",
    )
    assert "canary" not in repr(request)
    assert "POST https://desk.test/acts" in repr(request)

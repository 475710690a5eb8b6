"""Literal secrets are found by shape, by name and by value; ordinary text is not."""

import pytest

from pilotage.credentials.scanning import scan
from pilotage.credentials.values import SecretValue

# Written in two halves, so that no scanner takes this file for a leak.
WRITTEN_DOWN = {
    "AWS access key": "key = AKIA" + "QWERTYUIOP234567",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "Slack token": "xoxb-" + "1234567890-abcdefghij",
    "Stripe key": "sk_live_" + "a1B2c3D4" * 3,
    "Anthropic key": "sk-ant-" + "a1B2c3D4" * 4,
    "OpenAI key": "sk-proj-" + "a1B2c3D4" * 5,
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "JSON web token": "eyJ" + "hbGciOiJIUzI1" + ".eyJ" + "zdWIiOiIxMjM0" + ".c2lnbmF0dXJlLW9mLWl0",
    "password in a URL": "postgresql://app:" + "s3cr3t-9x7q@db.internal/x",
    "assigned secret": 'api_token = "' + 'q8Zr2LmX0vTn5Kc1"',
}


@pytest.mark.parametrize("rule", WRITTEN_DOWN)
def test_a_secret_that_is_written_down_is_found_and_not_shown(rule: str) -> None:
    """The finding says where and what kind; of the value it has four letters and a digest."""
    (found,) = scan("a.py", ["x = 1", WRITTEN_DOWN[rule]])
    assert (found.rule, found.line, found.place) == (rule, 2, "a.py")
    assert WRITTEN_DOWN[rule] not in repr(found)
    assert len(found.begins) == 7


@pytest.mark.parametrize(
    "line",
    [
        'token = "helpdesk-token"',
        'password = "<your password here>"',
        "password = os.environ['DATABASE_PASSWORD_OF_1']",
        'url = "https://user@host/path"',
        'secret = "${SECRET_FROM_ELSEWHERE_1}"',
        "sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
        WRITTEN_DOWN["assigned secret"] + "  # pilotage: no secret",
    ],
)
def test_ordinary_lines_are_not(line: str) -> None:
    """Names, placeholders, references, digests, and what somebody says is none."""
    assert list(scan("a.py", [line])) == []


def test_a_known_value_is_found_wherever_it_stands() -> None:
    """Without a telling name or shape."""
    known = [SecretValue("payments-token", "plain-words-only")]
    (found,) = scan("log", ["we sent plain-words-only to them"], known)
    assert found.rule == "value of payments-token"
    assert "plain-words-only" not in repr(found)

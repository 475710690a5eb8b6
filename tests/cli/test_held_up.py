"""What our own side holds up is said with its remedy, by every command that a person asks why nothing moves."""

from pathlib import Path
from typing import cast

import pytest

from tests.cli.conftest import Pilotage


@pytest.fixture
def claims(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three claims, in a project whose environment is neither dev nor live, and where nothing is set."""
    (project / "pyproject.toml").write_text(
        '[tool.pilotage]\nautomations = ["tests.cli.payments:expenses"]\n[tool.pilotage.settings.office]\n'
    )
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "office")
    file = project / "claims.csv"
    file.write_text("id\n1\n2\n3\n")
    return file


def told_everywhere(pilotage: Pilotage, why: str, to_do: str, *command: str, what: str = "effects") -> None:
    """`run`, `connections` and `status` say why and what to do, and how many wait."""
    ran = pilotage(*(command or ("run",)))
    assert f"3 {what} of payments wait: " in ran.err
    assert why in ran.err
    assert f" To do: {to_do}" in ran.err
    sides = pilotage("connections").out
    assert "payments: cannot be called from here, 3 cases waiting" in sides
    assert why in sides
    data = pilotage("status", "--json").data
    assert data["condition"] == "attention"
    (need,) = [
        one
        for one in cast("list[dict[str, str]]", data["needs"])
        if one["title"].startswith("payments: cannot be called from here, 3 cases waiting")
    ]
    assert why in need["why"]
    assert to_do in need["why"]


def test_a_setting_that_is_missing_is_said_with_its_variable(claims: Path, pilotage: Pilotage) -> None:
    """`submit --work` says so at once, and what to set."""
    told_everywhere(
        pilotage,
        "Setting payments-url: is not set in office",
        "Set PAYMENTS_URL in office",
        *("submit", "expenses", str(claims), "--work"),
    )


def test_a_secret_that_is_not_granted_is_said_with_the_command(
    claims: Path, pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The remedy is the command to type."""
    monkeypatch.setenv("PAYMENTS_URL", "https://127.0.0.1:9")
    monkeypatch.setenv("PAYMENTS_TOKEN", "a-token-of-payments")
    assert pilotage("submit", "expenses", str(claims)).code == 0
    told_everywhere(
        pilotage, 'may not use the secret "payments-token"', "pilotage secret grant payments-token expenses"
    )


def test_an_address_that_is_refused_is_said_with_the_projects_setting(
    claims: Path, pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits as the others do, without an attempt used up, and the word to write is named."""
    monkeypatch.setenv("PAYMENTS_URL", "https://127.0.0.1:9")
    monkeypatch.setenv("PAYMENTS_TOKEN", "a-token-of-payments")
    assert pilotage("secret", "grant", "payments-token", "expenses").code == 0
    assert pilotage("submit", "expenses", str(claims)).code == 0
    told_everywhere(
        pilotage, "127.0.0.1 may not be called: it is not public", "Correct the base URL; if the service is meant"
    )
    assert """write private-addresses = ["127.0.0.1"] into""" in pilotage("connections").out


@pytest.fixture
def reading(claims: Path) -> Path:
    """The same with an automation whose step only reads."""
    (claims.parent / "pyproject.toml").write_text(
        '[tool.pilotage]\nautomations = ["tests.cli.payments:rates"]\n[tool.pilotage.settings.office]\n'
    )
    return claims


def test_a_reading_step_waits_for_what_is_missing_here_too(
    reading: Path, pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting, then a secret, its grant and an address: no case is given up, and each is said with its remedy."""
    work = ("submit", "rates", str(reading), "--work")
    told_everywhere(
        pilotage, "Setting payments-url: is not set in office", "Set PAYMENTS_URL in office", *work, what="cases"
    )


@pytest.mark.parametrize(
    ("token", "granted", "why", "to_do"),
    [
        (False, False, "payments-token", ""),
        (True, False, 'may not use the secret "payments-token"', "pilotage secret grant payments-token rates"),
        (True, True, "127.0.0.1 may not be called: it is not public", "Correct the base URL; if the service is meant"),
    ],
    ids=["secret", "grant", "address"],
)
def test_a_reading_step_waits_for_its_secret_and_its_address(
    reading: Path,
    pilotage: Pilotage,
    monkeypatch: pytest.MonkeyPatch,
    *,
    token: bool,
    granted: bool,
    why: str,
    to_do: str,
) -> None:
    """Whatever is missing here, the cases wait."""
    monkeypatch.setenv("PAYMENTS_URL", "https://127.0.0.1:9")
    if token:
        monkeypatch.setenv("PAYMENTS_TOKEN", "a-token-of-payments")
    if granted:
        assert pilotage("secret", "grant", "payments-token", "rates").code == 0
    assert pilotage("submit", "rates", str(reading)).code == 0
    told_everywhere(pilotage, why, to_do, what="cases")


def test_check_names_all_that_is_missing_for_a_connection(
    claims: Path, pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Setting, secret and grant together, with the command for each, before anything is called; in dev nothing of it is asked."""
    found = [one for one in pilotage("check", "--json").data["findings"] if one["code"] == "PLT-573"]  # type: ignore[union-attr,index,call-overload]
    (one,) = found
    assert one["place"] == "Connection payments"
    assert one["warning"]
    for said in (
        "the setting payments-url is not set",
        "the secret payments-token has no value",
        "expenses may not use",
    ):
        assert said in one["message"]
    for way in (
        "set PAYMENTS_URL",
        "pilotage secret set payments-token",
        "pilotage secret grant payments-token expenses",
    ):
        assert way in one["remedy"]
    monkeypatch.setenv("PAYMENTS_URL", "https://payments.example")
    monkeypatch.setenv("PAYMENTS_TOKEN", "a-token-of-payments")
    out = pilotage("check").out
    assert "expenses may not use the secret payments-token" in out
    assert "payments-url" not in out
    assert pilotage("secret", "grant", "payments-token", "expenses").code == 0
    assert "Nothing is wrong with expenses." in pilotage("check").out
    monkeypatch.setenv("PILOTAGE_ENVIRONMENT", "dev")
    monkeypatch.delenv("PAYMENTS_TOKEN")
    assert "Nothing is wrong with expenses." in pilotage("check").out

"""`pilotage secret` and `pilotage audit`: what people type, and what they read; never a value."""

import io
import json
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Pilotage, Said

VALUE, NEXT = "canary-first-1a", "canary-second-2b"


@pytest.fixture
def give(pilotage: Pilotage, monkeypatch: pytest.MonkeyPatch) -> object:
    """Calls a command with a value on standard input."""

    def call(value: str, *words: str) -> Said:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{value}\n"))
        return pilotage(*words)

    return call


def test_a_secret_is_set_rotated_and_retired(pilotage: Pilotage, give: Pilotage) -> None:
    """Both are valid in between; the list and the trail tell it, and nothing shows a value."""
    said = [pilotage("secret", "init"), give(VALUE, "secret", "set", "post-token", "--expires", "5d")]
    assert said[-1].out == "post-token is set: version 1.\n"
    said.append(give(NEXT, "secret", "rotate", "post-token"))
    assert "version 2 is used from now on" in said[-1].out
    assert "Version 1 is valid too, until it is retired." in said[-1].out
    listed = pilotage("secret", "list", "--json")
    (row,) = [one for one in listed.data["secrets"] if one["secret"] == "post-token"]  # type: ignore[index, attr-defined]
    assert row["versions"] == [1, 2]
    assert row["comes_from"] == "local store"
    said += [listed, pilotage("secret", "list"), pilotage("secret", "retire", "post-token")]
    assert said[-1].out == "Retired: version 1 of post-token.\n"
    said += [pilotage("secret", "who", "post-token"), pilotage("secret", "rekey"), pilotage("audit")]
    kinds = [one["kind"] for one in pilotage("audit", "--json").data["acts"]]  # type: ignore[attr-defined]
    assert kinds == ["secret.key made", "secret.set", "secret.rotated", "secret.retired", "secret.rewrapped"]
    verified = pilotage("audit", "--verify")
    assert (verified.code, verified.out) == (0, "5 acts are as they were sealed.\n")
    said += [verified, pilotage("secret", "forget", "post-token")]
    assert all(one.code == 0 for one in said), [one.err for one in said]
    assert not any(value in one.out + one.err for one in said for value in (VALUE, NEXT))


def test_without_a_key_nothing_is_asked_for(pilotage: Pilotage, give: Pilotage) -> None:
    """The remedy is a command."""
    said = give(VALUE, "secret", "set", "post-token")
    assert said.code == 2
    assert "PLT-233" in said.err
    assert "pilotage secret init" in said.err


@pytest.mark.parametrize("value", ["", "tiny-x", "two\nlines-of-it", "ünïcode-letters"])
def test_what_cannot_be_sent_or_masked_is_refused(pilotage: Pilotage, give: Pilotage, value: str) -> None:
    """And not shown."""
    pilotage("secret", "init")
    said = give(value, "secret", "set", "post-token")
    assert said.code == 2
    assert "PLT-232" in said.err
    assert not value or value not in said.err


def test_what_is_not_there_is_neither_rotated_nor_retired(pilotage: Pilotage, give: Pilotage) -> None:
    """Each refusal names the next command."""
    pilotage("secret", "init")
    assert "pilotage secret set post-token" in give(VALUE, "secret", "rotate", "post-token").err
    assert "pilotage secret set post-token" in pilotage("secret", "retire", "post-token").err
    assert "PLT-239" in pilotage("secret", "forget", "post-token").err
    assert "PLT-239" in pilotage("secret", "revoke", "post-token", "letters").err


def test_a_store_that_comes_first_is_named(pilotage: Pilotage, give: Pilotage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets a value that is not used learns it at once."""
    pilotage("secret", "init")
    monkeypatch.setenv("POST_TOKEN", "from-the-environment")
    assert "environment variable comes before the local store" in give(VALUE, "secret", "set", "post-token").err


def test_grants_are_given_listed_and_taken_back(pilotage: Pilotage) -> None:
    """For automations that there are."""
    assert pilotage("secret", "grant", "post-token", "letters").out == "letters may use post-token in dev.\n"
    assert "letters" in pilotage("secret", "grants").out
    assert "Did you mean letters" in pilotage("secret", "grant", "post-token", "leters").err
    assert pilotage("secret", "revoke", "post-token", "letters").code == 0
    assert pilotage("secret", "grants", "--json").data == {"grants": []}


def test_a_secret_that_ends_soon_needs_somebody(pilotage: Pilotage, give: Pilotage) -> None:
    """`status` says so, with the command."""
    pilotage("secret", "init")
    give(VALUE, "secret", "set", "post-token", "--expires", "5d")
    needs = pilotage("status", "--json").data["needs"]
    assert [one["command"] for one in needs] == ["pilotage secret rotate post-token"]  # type: ignore[attr-defined]
    assert "post-token has to be replaced soon" in json.dumps(needs)


def test_holds_releases_and_decisions_are_in_the_trail(pilotage: Pilotage) -> None:
    """Whoever stopped effects, and why."""
    pilotage("hold", "--reason", "The letters look odd.")
    pilotage("resume")
    (began, lifted) = pilotage("audit", "--kind", "hold", "--json").data["acts"]  # type: ignore[misc]
    assert (began["kind"], lifted["kind"]) == ("hold.began", "hold.lifted")
    assert "The letters look odd." in began["said"]
    assert began["known"] == "shell user, not verified"


def test_the_head_can_be_kept_elsewhere(pilotage: Pilotage) -> None:
    """It is one line; with --against, the trail must hold it."""
    pilotage("hold", "--reason", "x")
    head = pilotage("audit", "--head").out.strip()
    assert pilotage("audit", "--verify", "--against", head).code == 0
    assert pilotage("audit", "--verify", "--against", head[:-1] + ("0" if head[-1] != "0" else "1")).code == 1
    assert pilotage("audit", "--verify", "--against", "nonsense").code == 2
    assert pilotage("audit", "--against", head).code == 2
    assert pilotage("doctor").code == 0


def test_where_secrets_come_from_is_the_projects_business(pilotage: Pilotage, project: Path) -> None:
    """A wrong line is an error with the words that are known."""
    file = project / "pyproject.toml"
    good = file.read_text()
    for line, word in (
        ('stores = ["vault"]', "environment, files, local"),
        ('store = ["local"]', "'store'"),
        ('lease = "soon"', '"5m"'),
    ):
        file.write_text(f"{good}\n[tool.pilotage.secrets]\n{line}\n")
        said = pilotage("status")
        assert (said.code, "PLT-237" in said.err, word in said.err) == (2, True, True), said.err

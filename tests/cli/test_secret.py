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


def test_a_script_learns_whether_the_end_of_the_trail_is_proven(
    pilotage: Pilotage, give: Pilotage, project: Path
) -> None:
    """Without a head kept elsewhere the chain is proven and its end is not: said, in JSON, and by the exit code if asked."""
    pilotage("secret", "init")
    give(VALUE, "secret", "set", "post-token")
    said = pilotage("audit", "--verify")
    assert said.code == 0
    assert "Not proven is that the trail was not cut at its end" in said.err
    proven = {"chain": True, "signatures": True, "end": False}
    for words, code in ((("--verify",), 0), (("--verify", "--require-heads"), 1)):
        told = pilotage("audit", *words, "--json")
        assert (told.code, told.data["holds"], told.data["proven"]) == (code, True, proven)
    head = str(pilotage("audit", "--head", "--json").data["head"])
    told = pilotage("audit", "--verify", "--require-heads", "--against", head, "--json")
    assert (told.code, told.data["proven"]) == (0, proven | {"end": True})
    (project / "heads").mkdir()
    with (project / "pyproject.toml").open("a") as file:
        file.write('[tool.pilotage.audit]\nheads = "heads"\n')
    assert pilotage("audit", "--verify", "--require-heads").code == 1, "a folder without a head proves nothing"
    (project / "heads" / "dev-2026-11-29.heads").write_text(f"{head}\n")
    told = pilotage("audit", "--verify", "--require-heads", "--json")
    assert (told.code, told.data["proven"]) == (0, proven | {"end": True})
    assert "PLT-920" in pilotage("audit", "--require-heads").err


def test_without_a_key_nothing_is_asked_for(pilotage: Pilotage, give: Pilotage) -> None:
    """The remedy is a command."""
    said = give(VALUE, "secret", "set", "post-token")
    assert said.code == 2
    assert "PLT-233" in said.err
    assert "pilotage secret init" in said.err


def test_another_key_is_not_made_by_mistake(pilotage: Pilotage, give: Pilotage, project: Path) -> None:
    """The list marks what cannot be opened here; the remedy is to bring the key, or to give it up in words."""
    pilotage("secret", "init")
    give(VALUE, "secret", "set", "post-token")
    (file,) = (project / ".pilotage" / "keys").glob("dev.key")
    file.unlink()
    said = pilotage("secret", "init")
    assert (said.code, file.exists()) == (2, False)
    assert "PLT-233" in said.err
    assert "pilotage secret init --new" in said.err
    assert "Bring that key file" in give(VALUE, "secret", "set", "post-token").err
    assert "NO KEY HERE" in pilotage("secret", "list").out
    rows = pilotage("secret", "list", "--json").data["secrets"]
    assert [one["versions_without_key"] for one in rows if one["secret"] == "post-token"] == [[1]]  # type: ignore[attr-defined]
    assert pilotage("secret", "init", "--new").code == 0
    assert give(VALUE, "secret", "set", "post-token").code == 0
    assert "NO KEY HERE" not in pilotage("secret", "list").out


def test_who_holds_what_nothing_names_is_an_error(pilotage: Pilotage, give: Pilotage) -> None:
    """With the nearest names."""
    pilotage("secret", "init")
    give(VALUE, "secret", "set", "post-token")
    assert pilotage("secret", "who", "post-token").out == "No process holds post-token.\n"
    said = pilotage("secret", "who", "post-tokn")
    assert said.code == 2
    assert "PLT-001" in said.err
    assert "Did you mean post-token" in said.err


def test_a_trail_without_its_key_is_verified_without_signatures(pilotage: Pilotage, project: Path) -> None:
    """And says so."""
    pilotage("secret", "init")
    pilotage("hold", "--reason", "x")
    assert pilotage("audit", "--verify", "--json").data["signatures"] == "checked"
    for file in (project / ".pilotage" / "keys").glob("*audit*"):
        file.unlink()
    said = pilotage("audit", "--verify", "--json")
    assert (said.code, said.data["signatures"]) == (0, "not checked")
    assert pilotage("audit", "--most", "0").code == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("",), "has no name"),
        (("crm", "--lasts", "0d"), "no time at all"),
        (("crm", "--lasts=-1d"), "no time at all"),
        (("crm", "--lasts", "-1d"), "--lasts"),
    ],
)
def test_a_token_that_is_nobodys_or_is_over_is_refused(pilotage: Pilotage, words: tuple[str, ...], reason: str) -> None:
    """With the reason, and nothing is made."""
    said = pilotage("token", "new", *words, "--scope", "read")
    assert said.code == 2
    assert reason in said.err
    assert pilotage("token", "--json").data == {"tokens": []}


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
    said = give(VALUE, "secret", "set", "post-token").err
    assert "the environment variable POST_TOKEN comes before the local store" in said


def test_a_file_that_comes_first_is_named_too(pilotage: Pilotage, give: Pilotage, project: Path) -> None:
    """Its very path: that is what is to be taken away."""
    pilotage("secret", "init")
    file = project / ".pilotage" / "secrets" / "dev" / "post-token"
    file.parent.mkdir(parents=True)
    file.write_text("from-a-file-1")
    file.chmod(0o600)
    assert f"the file {file} comes before the local store" in give(VALUE, "secret", "set", "post-token").err


def test_nothing_is_asked_for_that_could_not_be_rotated(pilotage: Pilotage, give: Pilotage) -> None:
    """It is said before a value is read; an empty value is refused with the way to give one."""
    pilotage("secret", "init")
    said = give("", "secret", "rotate", "nope")
    assert (said.code, "PLT-239" in said.err, "pilotage secret set nope" in said.err) == (2, True, True)
    assert "on standard input: pilotage secret set nope < FILE" in give("", "secret", "set", "nope").err


def test_the_group_lists_its_commands_and_knows_slips_of_the_pen(pilotage: Pilotage) -> None:
    """`pilotage secret` alone, with --help and with --json; a wrong word gets the nearest of the group."""
    for words in (("secret",), ("secret", "--help")):
        said = pilotage(*words)
        assert (said.code, "secret scan " in said.out, "submit" in said.out) == (0, True, False)
    assert {"secret set", "secret scan"} <= {one["name"] for one in pilotage("secret", "--json").data["commands"]}  # type: ignore[attr-defined]
    said = pilotage("secret", "scn")
    assert (said.code, "Did you mean secret scan?" in said.err) == (2, True)
    assert "`pilotage secret` lists them." in pilotage("secret", "xyzzy").err


def test_nothing_found_in_the_trail_is_explained(pilotage: Pilotage) -> None:
    """An empty trail, a kind that it does not have, a subject that it does not know."""
    assert pilotage("audit", "--kind", "secret").out == "There is no act in the trail yet.\n"
    pilotage("secret", "init")
    pilotage("hold", "--reason", "x")
    nonsense = pilotage("audit", "--kind", "nonsense").out
    assert nonsense == 'There is no act of the kind "nonsense" in the trail. It has: hold.began, secret.key made.\n'
    assert "Did you mean hold.began?" in pilotage("audit", "--kind", "hold.begin").out
    assert (
        pilotage("audit", "--subject", "nope").out
        == 'There is nothing about "nope" in the trail, which has 2 acts in all.\n'
    )
    about = pilotage("audit", "--subject", "nope", "--kind", "hold", "--since", "1h").out
    assert 'nothing about "nope" of the kind "hold" since 1h ago' in about


def test_one_is_one(pilotage: Pilotage, give: Pilotage, tmp_path: Path) -> None:
    """What is counted has its noun."""
    pilotage("secret", "init")
    file = tmp_path / "alone.py"
    file.write_text('password = "hTz93-kLmPq7"\n')
    assert pilotage("secret", "scan", str(file)).err.endswith("1 file was searched, 1 secret found.\n")
    verified = pilotage("audit", "--verify")
    assert verified.out == "2 acts are as they were sealed.\n"
    assert "1 signed head was compared with them, and its signature is right." in verified.err


def test_heads_that_are_kept_in_a_folder_are_compared(pilotage: Pilotage, project: Path) -> None:
    """A running worker keeps them; --verify and doctor compare; a wrong line in the project's file is an error."""
    file = project / "pyproject.toml"
    good = file.read_text()
    file.write_text(f'{good}\n[tool.pilotage.audit]\nheads = "kept"\n')
    pilotage("secret", "init")
    pilotage("run")
    (kept,) = (project / "kept").iterdir()
    verified = pilotage("audit", "--verify")
    assert (verified.code, "1 head was compared that is kept in" in verified.err) == (0, True), verified.err
    number, _, rest = kept.read_text().partition(":")
    kept.write_text(f"{int(number) + 7}:{rest}")
    assert pilotage("audit", "--verify").code == 1
    assert pilotage("doctor").code == 1
    file.write_text(f'{good}\n[tool.pilotage.audit]\nhead = "kept"\n')
    said = pilotage("status")
    assert (said.code, 'heads = "FOLDER"' in said.err) == (2, True)


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

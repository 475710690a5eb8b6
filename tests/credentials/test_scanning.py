"""Literal secrets are found by shape, by name and by value; ordinary text is not."""

import base64
import io
import json
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from pilotage import __main__ as top
from pilotage.credentials.scanning import Scanner
from pilotage.credentials.values import SecretValue
from pilotage.kernel.ids import shown
from pilotage.machinery.storage.database import Database

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
    (found,) = Scanner().lines("a.py", ["x = 1", WRITTEN_DOWN[rule]])
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
    assert list(Scanner().lines("a.py", [line])) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (".env", "DB_PASSWORD=" + "Tr0ub4dor&3xYz99"),
        ("deploy.txt", "export DB_PASSWORD=" + "Tr0ub4dor&3xYz99  # of the desk"),
        ("desk.ini", "api_key = " + "1a2b3c4d5e6f"),
        ("a.py", 'password = "' + 'hunter2hunter2xyz"'),
        ("a.py", 'PASSWORD: str = "' + 'correct horse battery"'),
        ("a.json", '{"passwd": "' + 'correct-horse-battery"}'),
    ],
)
def test_what_people_think_of_is_found_behind_a_telling_name(place: str, line: str) -> None:
    """It need not look thrown together, and outside of code it needs no quotes."""
    (found,) = Scanner().lines(place, [line])
    assert found.rule == "assigned secret"
    assert not any(word in found.begins for word in ("Tr0ub", "hunte", "corre"))


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (".env", "DB_PASSWORD=changeme-2024"),
        (".env", "DB_PASSWORD=${OTHER_PASSWORD}"),
        (".env", "DB_PASSWORD="),
        (".env", "DB_PASSWORD=<password-1234>"),
        (".env", "POST_TOKEN_FILE=/run/secrets/post-token-1"),
        (".env", "API_TOKEN=xxxxxxxx1"),
        ("a.py", "password = read_password_2()"),
        ("a.py", 'password = os.environ["DB_PASSWORD_1"]'),
        ("a.py", 'password = "example-password-1"'),
        ("a.py", 'password = "helpdesk-password"'),
        ("a.py", 'secret = "payments-token"'),
    ],
)
def test_what_stands_for_a_value_is_not(place: str, line: str) -> None:
    """Placeholders, references, nothing, and the names of secrets."""
    assert list(Scanner().lines(place, [line])) == []


def test_a_long_line_costs_no_more_than_it_is_long() -> None:
    """Whoever sends a record cannot make a search stand still."""
    line = "password" * 20_000 + '"' * 20_000 + "token_" * 20_000
    began = time.process_time()
    assert list(Scanner().stored("C-1", line)) == []
    assert time.process_time() - began < 5


def test_a_known_value_is_found_wherever_it_stands() -> None:
    """Without a telling name or shape."""
    known = [SecretValue("payments-token", "plain-words-only")]
    (found,) = Scanner(known).lines("log", ["we sent plain-words-only to them"])
    assert found.rule == "value of payments-token"
    assert "plain-words-only" not in repr(found)


def test_a_value_of_the_projects_files_is_known_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where `pilotage new` keeps them: a value is found in a log; a file that holds none stops nobody."""
    (tmp_path / "pyproject.toml").write_text("[tool.pilotage]\nautomations = []\n")
    folder = tmp_path / ".pilotage" / "secrets" / "dev"
    folder.mkdir(parents=True)
    (folder / "desk").write_text("words of a file\n")
    (folder / "broken").write_bytes(b"\xff\xfe")
    (tmp_path / "desk.log").write_text("they were sent words of a file again\n")
    monkeypatch.chdir(tmp_path)
    assert top.main(("secret", "scan", "--json")) == 1
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["rule"] == "value of desk"
    assert found["place"].endswith("desk.log")


# -- what is stored ------------------------------------------------------------------

PROJECT = '''
import pilotage as pl
from pydantic import BaseModel

class Note(BaseModel):
    id: str
    text: str

@pl.compute
def read(note: Note) -> Note:
    """It as it is."""
    return note

notes = pl.Automation(
    "notes", purpose="Notes are kept.", takes=Note, gives=Note, key=lambda note: note.id,
    owner=pl.Role("desk lead"), process=pl.Path(read),
)
'''
VALUE = "known+value/of&ours-77"


@pytest.mark.slow
def test_what_is_stored_is_searched_whole_and_no_value_is_shown(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Records, values, timelines, originals in quarantine and large contents; a record cannot say that it holds none."""
    token = WRITTEN_DOWN["GitHub token"]
    rows = [
        {"id": "N-1", "text": f"two lines\nthe second has {token}  # pilotage: no secret"},
        {"id": "N-2", "text": f'they wrote "{base64.b64encode(VALUE.encode()).decode()}"'},
        {"id": "N-3", "text": "ordinary"},
        {"id": "N-4", "wrong": f'password="{WRITTEN_DOWN["assigned secret"][-17:-1]}"'},
        {"id": "N-5", "wrong": "x" * 70_000 + f" {token}"},
    ]
    (tmp_path / "notes.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "notes.py").write_text(PROJECT)
    project = tmp_path / "pyproject.toml"
    project.write_text('[tool.pilotage]\nautomations = ["notes:notes"]\n')
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", database_url)
    monkeypatch.setattr("sys.path", [str(tmp_path), *sys.path])
    monkeypatch.chdir(tmp_path)

    def pilotage(*words: str, given: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        capsys.readouterr()
        assert top.main(words) == code, capsys.readouterr().err
        said = capsys.readouterr()
        assert token not in said.out + said.err
        assert VALUE not in said.out + said.err
        return said.out

    pilotage("secret", "init")
    pilotage("secret", "scan", "--stored")
    top.main(("submit", "notes", "notes.jsonl"))
    pilotage("secret", "set", "their-token", given=VALUE)
    found = json.loads(pilotage("secret", "scan", "--stored", "--json", code=1))["findings"]
    database = Database(database_url)
    with database.snapshot() as tx:
        numbers = {row.key: row.id for row in tx.execute(sa.text("SELECT key, id FROM cases"))}
    database.close()
    places = {(one["place"], one["line"], one["rule"]) for one in found}
    first, second = shown("C", numbers["N-1"]), shown("C", numbers["N-2"])
    assert (f"{first} case_content.record.text", 2, "GitHub token") in places
    assert any(place.startswith(f"{second} case_content.record") and "their-token" in rule for place, _, rule in places)
    assert any(p.startswith("Q-") and ".original.wrong" in p and rule == "assigned secret" for p, _, rule in places)
    assert any(p.startswith("Q-") and " content " in p and rule == "GitHub token" for p, _, rule in places), places
    listed = ", ".join(f'"{one["digest"]}"' for one in found)
    project.write_text(f"{project.read_text()}[tool.pilotage.secrets]\nallow = [{listed}]\n")
    pilotage("secret", "scan", "--stored")
    project.write_text(
        f'{project.read_text().split("[tool.pilotage.secrets]")[0]}[tool.pilotage.secrets]\nallow = "all"\n'
    )
    assert top.main(("secret", "scan", "--stored")) == 2
    assert "PLT-237" in capsys.readouterr().err

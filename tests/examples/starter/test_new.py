"""`pilotage new` makes a project that runs, and nothing that is there is written over."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from pilotage.examples.starter.errors import FolderInUse, NotAProjectName
from pilotage.examples.starter.naming import known_to_python, refuse_wrong_name
from pilotage.examples.starter.writing import port_of, write_project

SOURCE: Final = Path(__file__).resolve().parents[3] / "src"
TODAY: Final = date(2026, 11, 23)


# -- names ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("My Automation", "pilotage new my-automation"),
        ("Büro", "pilotage new buro"),
        ("9lives", "pilotage new a-9lives"),
        ("under_score", "pilotage new under-score"),
        ("json", "pilotage new json-automation"),
        ("class", "pilotage new class-automation"),
        ("pytest", "pilotage new pytest-automation"),
        ("tests", "pilotage new tests-automation"),
        ("../up", "pilotage new up"),
        ("", "pilotage new unnamed"),
    ],
)
def test_a_wrong_name_is_refused_with_one_that_would_do(name: str, suggestion: str) -> None:
    """A name is lower-case letters, digits and hyphens, and means nothing else to Python."""
    with pytest.raises(NotAProjectName) as refused:
        refuse_wrong_name(name)
    assert refused.value.remedy.endswith(suggestion)


@pytest.mark.parametrize("name", ["expenses", "my-automation", "a1"])
def test_a_good_name_is_taken(name: str) -> None:
    """Nothing else is asked of a name."""
    refuse_wrong_name(name)


def test_a_folder_that_only_lies_there_takes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a file of Python's is nothing that could be imported."""
    (tmp_path / "invoices_of_may").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    assert not known_to_python("invoices_of_may")
    (tmp_path / "invoices_of_may" / "__init__.py").touch()
    assert known_to_python("invoices_of_may")


# -- folders -------------------------------------------------------------------


def test_nothing_is_written_over(tmp_path: Path) -> None:
    """A folder with a file in it, a file and a link to nowhere are left as they are, and nothing else appears."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    before = sorted(tmp_path.rglob("*"))
    for place in ("full", "file", "link"):
        with pytest.raises(FolderInUse):
            write_project("expenses", tmp_path / place, today=TODAY)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "full" / "mine.txt").read_text(encoding="utf-8") == "mine"


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    """Whoever made the folder first gets the project in it, and the token is for its owner alone."""
    (tmp_path / "deep" / "expenses").mkdir(parents=True)
    written = write_project("expenses", tmp_path / "deep" / "expenses", today=TODAY)
    assert all((written.folder / name).is_file() for name in written.files)
    secret = written.folder / ".pilotage" / "secrets" / "dev" / "payments-token"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["expenses"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a project or nothing of it."""

    def full_disk(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_project("expenses", tmp_path / "expenses", today=TODAY)
    assert list(tmp_path.iterdir()) == []


def test_two_projects_do_not_share_a_port(tmp_path: Path) -> None:
    """The port belongs to the folder: the same one every time, another one elsewhere."""
    assert port_of(tmp_path / "a") == port_of(tmp_path / "a")
    assert len({port_of(tmp_path / str(number)) for number in range(20)}) > 15


# -- a project, from its making to its last case -----------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with another name than its example's, made by the command."""
    made = _pilotage(tmp_path, "new", "paid-back", "--json")
    assert made["package"] == "paid_back"
    assert sorted(made["files"]) == sorted(
        str(path.relative_to(tmp_path / "paid-back"))
        for path in (tmp_path / "paid-back").rglob("*")
        if path.is_file() and ".pilotage" not in path.parts
    )
    return tmp_path / "paid-back"


@pytest.mark.slow
def test_its_tests_pass_and_nothing_is_wrong_with_it(project: Path) -> None:
    """The project passes its own tests, `pilotage check`, rules of style, and a strict type checker."""
    tests = _run(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert tests.returncode == 0, tests.stdout
    assert "6 passed" in tests.stdout
    assert _pilotage(project, "check") == {"automations": ["paid-back"], "errors": 0, "findings": [], "warnings": 0}
    rules = ["--isolated", "--line-length=120", "--select=E,F,I,B,UP,ANN,D1,SIM,RUF,PTH", "--ignore=D107"]
    for command in (["ruff", "check", *rules], ["ruff", "format", "--isolated", "--line-length=120", "--check"]):
        done = _run(project, "-m", *command, ".")
        assert done.returncode == 0, done.stdout
    types = _run(project, "-m", "basedpyright", "--level", "error", "--pythonpath", sys.executable, ".")
    assert types.returncode == 0, types.stdout


@pytest.mark.slow
def test_it_runs_from_the_first_record_to_the_last_decision(project: Path) -> None:
    """Seven records: three are paid, three decided by people, one is corrected; each is paid once."""
    with _fake_payments(project):
        taken = _pilotage(project, "submit", "paid-back", "records.csv")
        assert (taken["arrived"], taken["accepted"], taken["quarantined"]) == (7, 6, 1)
        assert _places(_pilotage(project, "run")) == {"done": 3, "with people": 3}

        asked = {one["key"]: one for one in _pilotage(project, "inbox")["decisions"]}
        kinds = {key: one["kind"] for key, one in asked.items()}
        assert kinds == {"E-3": "approval", "E-5": "judgement", "E-6": "unknown variant"}
        for key, answer in {"E-3": "approve", "E-5": "engineering", "E-6": "meal"}.items():
            _pilotage(project, "decide", asked[key]["decision"], answer, "--reason", "I looked.")
        (shape,) = _pilotage(project, "quarantine")["shapes"]
        _pilotage(
            project, "quarantine", "release", shape["example"], "--set", "amount=12.00", "--reason", "The receipt."
        )
        assert _places(_pilotage(project, "run")) == {"done": 7}

    case = _pilotage(project, "case", "E-5")
    assert case["values"]["pay"]["amount"] == "18.20"
    assert case["values"]["budget"] == "engineering"
    assert _pilotage(project, "case", "E-4")["values"]["december_dinner"]["amount"] == "52.00"
    assert _pilotage(project, "status")["places"]["done"] == 7
    assert _pilotage(project, "doctor")["holds"] is True
    paid = [json.loads(line) for line in (project / "payments.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(one["text"] for one in paid) == [f"E-{number}" for number in range(1, 8)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "places"),
    [
        pytest.param("done-then-500", {"done": 3, "with people": 3}, id="asked-and-found"),
        pytest.param("changed-body", {"done": 3, "with people": 3}, id="not-taken-for-an-answer"),
        pytest.param("busy", {"done": 3, "with people": 3}, id="waited-for"),
        pytest.param("refused", {"dead letter": 3, "with people": 3}, id="given-up"),
    ],
)
def test_its_payment_service_fails_as_it_is_told(project: Path, fault: str, places: dict[str, int]) -> None:
    """Each fault ends as the documentation says, and no claim is paid twice; what was refused is paid after a replay."""
    (project / "fault.txt").write_text(fault, encoding="utf-8")
    with _fake_payments(project):
        _pilotage(project, "submit", "paid-back", "records.csv")
        assert _places(_pilotage(project, "run")) == places
        if "dead letter" in places:
            (project / "fault.txt").unlink()
            became = _pilotage(project, "replay", "--all", "--reason", "The account is open again.")
            assert (became["replayed"], became["succeeded"]) == (3, 3)
    assert _pilotage(project, "doctor")["holds"] is True
    paid = [json.loads(line) for line in (project / "payments.jsonl").read_text(encoding="utf-8").splitlines()]
    assert sorted(one["text"] for one in paid) == ["E-1", "E-2", "E-4"]


def _places(said: dict[str, Any]) -> dict[str, int]:
    return {place: count for place, count in said["places"].items() if count}


def _pilotage(folder: Path, *words: str) -> dict[str, Any]:
    done = _run(folder, "-m", "pilotage", *dict.fromkeys([*words, "--json"]))
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PILOTAGE_", "PYTEST_", "PAYMENTS_"))
    }
    return {**kept, "PYTHONPATH": str(SOURCE), "NO_COLOR": "1"}


@contextmanager
def _fake_payments(project: Path) -> Iterator[None]:
    command = [sys.executable, "fake_payments.py"]
    with subprocess.Popen(command, cwd=project, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("Payments: http://127.0.0.1:")
            yield
        finally:
            process.terminate()

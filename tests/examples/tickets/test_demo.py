"""The demo from its file to the help desk's log, small, on both databases: the sums hold, also when the desk misbehaves."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import psutil
import pytest

from pilotage.__main__ import main
from pilotage.examples.tickets.demo import FAULTS
from pilotage.examples.tickets.generator import generated
from pilotage.examples.tickets.playground import Playground
from pilotage.examples.tickets.train import train
from pilotage.machinery.cli.exits import Exit

SOURCE = Path(__file__).resolve().parents[3] / "src"
SMALL = ("--requests", "60")


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The router that every demo here would train."""
    file = tmp_path_factory.mktemp("trained") / "router.json"
    train(generated(requests=1), file)
    return file


@pytest.fixture
def folder(tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the current one, in which a demo has trained its router before."""
    ground = Playground.at(tmp_path)
    ground.root.mkdir()
    ground._write(None)
    shutil.copy(trained, ground.router)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PILOTAGE_DATABASE_URL", raising=False)
    monkeypatch.delenv("PILOTAGE_ENVIRONMENT", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    """What the demo says as JSON; it has to be all that stands on stdout."""
    capsys.readouterr()
    code = main(["demo", "--json", *words])
    said = capsys.readouterr()
    story = cast("dict[str, object]", json.loads(said.out))
    assert code == Exit.OK, said
    return story


def check(story: dict[str, object]) -> None:
    """Every request is somewhere, and what was confirmed is what the help desk holds."""
    number = cast("dict[str, int]", story)
    parts = ("duplicates", "done", "with_people", "quarantined", "dead_letters")
    assert number["submitted"] == sum(number[part] for part in parts)
    assert number["effects_confirmed"] == number["helpdesk_received"] == number["done"]
    assert number["effects_unknown"] == number["dead_letters"] == 0
    assert story["helpdesk_acted_on_twice"] == []
    assert number["done"] > 0
    assert number["with_people"] > 0
    assert number["quarantined"] > 0
    assert number["duplicates"] > 0
    assert number["quarantined"] + number["duplicates"] == 71  # broken rows that stand there already are duplicates


@pytest.mark.slow
def test_the_sums_hold_run_after_run(
    folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A database that has seen the demo before sees new requests; the folder's own project proves itself afterwards."""
    monkeypatch.setenv("PILOTAGE_DATABASE_URL", database_url)
    first, second = run(capsys, *SMALL), run(capsys, *SMALL)
    check(first)
    check(second)
    assert first["done"] == second["done"]
    assert main(["doctor"]) == Exit.OK
    assert main(["inbox", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["waiting"] == cast("int", first["with_people"]) + cast("int", second["with_people"])


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_the_sums_hold_when_the_help_desk_misbehaves(
    folder: Path, fault: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The fault strikes, everything is reconciled, and the help desk acted once on each key."""
    story = run(capsys, *SMALL, "--fault", fault)
    check(story)
    assert cast("dict[str, int]", story["helpdesk_faults"])[fault] >= 5
    assert cast("int", story["helpdesk_requests"]) >= cast("int", story["helpdesk_received"])


@pytest.mark.slow
def test_the_demo_tells_a_manager(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table says how many are where and why, what the help desk says, and what to try next; each run is afresh."""
    assert main(["demo", *SMALL]) == Exit.OK
    said = capsys.readouterr()
    for words in (
        "handled",
        "with people",
        "in quarantine",
        "The help desk says that it holds",
        "went to the right team",
        " inbox ",
    ):
        assert words in said.out
    assert "Accuracy on" in said.err
    assert "Traceback" not in said.err
    ground = Playground.at(folder)
    assert ground.token_file.stat().st_mode & 0o77 == 0
    assert ground.token_file.read_text() not in said.out + said.err


def test_a_folder_of_somebody_elses_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the demo did not write it does not touch."""
    kept = folder / "pilotage-demo" / "pyproject.toml"
    kept.write_text("[project]\n")
    assert main(["demo"]) == Exit.REFUSED
    assert "TICKETS-003" in capsys.readouterr().err
    assert kept.read_text() == "[project]\n"
    assert main(["demo", "--helpdesk", "--project", str(folder / "elsewhere")]) == Exit.REFUSED
    assert "TICKETS-005" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_ends_everything(folder: Path) -> None:
    """The demo stops in the middle, its help desk goes with it, and what was taken in adds up."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, "-m", "pilotage", "demo", "--requests", "2000"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        log = folder / "pilotage-demo" / "helpdesk.jsonl"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not (log.exists() and log.stat().st_size):
            time.sleep(0.05)
        desks = psutil.Process(process.pid).children()
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=60)
    assert process.returncode == Exit.INTERRUPTED, words
    assert b"Interrupted." in words
    assert b"Traceback" not in words
    assert desks
    assert psutil.wait_procs(desks, timeout=10)[1] == []
    assert main(["doctor"]) == Exit.OK

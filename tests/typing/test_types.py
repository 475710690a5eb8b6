"""The proof of the types: right programs are clean, wrong ones are refused, by both checkers; the stub says what runs."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pilotage.authoring.typing.generate import stub

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
STUB = SOURCE / "pilotage" / "__init__.pyi"
RIGHT = [HERE / "examples", HERE / "proof", STUB]
WRONG = HERE / "wrong" / "wrong.py"

Found = list[tuple[str, int, str]]


def test_the_stub_is_what_the_generator_writes() -> None:
    """The stub is never edited by hand: `python -m pilotage.authoring.typing.generate` writes it."""
    assert STUB.read_text(encoding="utf-8") == stub()


@pytest.fixture(params=["basedpyright", "mypy"])
def checker(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[list[Path]], Found]:
    """A type checker in its strictest form: the errors that it finds, as file, line and rule."""
    return {"basedpyright": _basedpyright, "mypy": _mypy}[request.param](tmp_path)


@pytest.mark.slow
def test_right_programs_are_clean(checker: Callable[[list[Path]], Found]) -> None:
    """Examples, corners and the stub itself have no error, no `Any` that hides one, no cast and no ignored line."""
    assert checker(RIGHT) == []
    texts = [file.read_text(encoding="utf-8") for file in (HERE / "examples").rglob("*.py")]
    assert not any(re.search(r"\bAny\b|\bcast\(|type: ignore|pyright: ignore", text) for text in texts)


@pytest.mark.slow
def test_wrong_programs_are_refused(checker: Callable[[list[Path]], Found]) -> None:
    """Each of the twenty-two programs has an error, and the lines around it have none."""
    blocks: dict[str, set[int]] = {}
    name = ""
    for number, line in enumerate(WRONG.read_text(encoding="utf-8").splitlines(), 1):
        if found := re.match(r"# (W\d+) ", line):
            name = found[1]
        if name:
            blocks.setdefault(name, set()).add(number)
    errors = {number for _, number, rule in checker([WRONG]) if rule not in {"reportUnusedImport", "empty-body"}}
    assert len(blocks) == 22
    assert [name for name, lines in blocks.items() if not lines & errors] == []
    assert errors <= set().union(*blocks.values())


PHANTOMS = {f"pilotage.{name}" for name in ("Step._needs", "Step._gives", "When._label", "When._needs", "When._gives")}
"""Types made visible as properties that nobody reads: how a checker learns what a step needs and gives."""
TOLD_APART = {
    # One function at run time, told apart by overloads: leaving an argument out is a finding with words of its own.
    ("pilotage.Approval.__init__", "amount"),
    ("pilotage.BusinessException.__init__", "when"),
    ("pilotage.HandOver.__init__", "accepted_within"),
    ("pilotage.HandOver.__init__", "gives"),
    ("pilotage.HandOver.__init__", "of"),
    ("pilotage.HandOver.__init__", "within"),
    ("pilotage.Wait.__init__", "time"),
    ("pilotage.Wait.__init__", "until"),
    ("pilotage.act", "through"),
    ("pilotage.act", "undo"),
    ("pilotage.compute", "batch"),
    ("pilotage.compute", "function"),
    ("pilotage.judge", "batch"),
    ("pilotage.judge", "function"),
    ("pilotage.rule", "scope"),
}
STUBTEST = """
import json
from mypy import stubtest
from mypy.options import Options

options = Options()
options.incremental = False
options.follow_imports = "silent"
options.plugins = ["pydantic.mypy"]
options.pos_only_special_methods = False
stubtest.build_stubs(["pilotage"], options, find_submodules=False)
print(json.dumps([[error.object_desc, error.message] for error in stubtest.test_module("pilotage")]))
"""


@pytest.mark.slow
def test_the_stub_is_what_runs(tmp_path: Path) -> None:
    """Every name and every argument is compared by mypy's stubtest; what differs on purpose is listed, and nothing more."""
    environment = {**os.environ, "MYPYPATH": str(SOURCE), "PYTHONPATH": str(SOURCE)}
    done = _run([sys.executable, "-c", STUBTEST], tmp_path, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    told = set()
    other = []
    for name, message in json.loads(done.stdout.splitlines()[-1]):
        argument = re.search(r'runtime parameter "(\w+)" has a default value', message)
        if argument and (name, argument[1]) in TOLD_APART:
            told.add((name, argument[1]))
        elif name in PHANTOMS:
            told.add(name)
        else:
            other.append(f"{name}: {message}")
    assert other == []
    assert told == TOLD_APART | PHANTOMS


def _basedpyright(folder: Path) -> Callable[[list[Path]], Found]:
    def check(paths: list[Path]) -> Found:
        configuration = folder / "pyrightconfig.json"
        settings = {
            "include": [str(path) for path in paths],
            "extraPaths": [str(SOURCE), str(HERE / "examples")],
            "typeCheckingMode": "strict",
            "pythonVersion": "3.11",
            "reportMissingModuleSource": False,
        }
        configuration.write_text(json.dumps(settings), encoding="utf-8")
        command = [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable]
        done = _run([*command, "-p", str(configuration)], folder, dict(os.environ))
        report = json.loads(done.stdout)
        assert report["summary"]["filesAnalyzed"] >= len(paths), done.stdout
        return [
            (each["file"], each["range"]["start"]["line"] + 1, each.get("rule", ""))
            for each in report["generalDiagnostics"]
            if each["severity"] == "error"
        ]

    return check


def _mypy(folder: Path) -> Callable[[list[Path]], Found]:
    def check(paths: list[Path]) -> Found:
        configuration = folder / "mypy.ini"
        configuration.write_text(
            "[mypy]\nstrict = true\npython_version = 3.11\nexplicit_package_bases = true\nplugins = pydantic.mypy\n"
            f"mypy_path = {SOURCE}:{HERE / 'examples'}\n"
            # What stands behind the face is checked by the other checker, in the house's own run.
            "[mypy-pilotage.*]\nfollow_imports = silent\n",
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "mypy", "--config-file", str(configuration), "--no-error-summary"]
        done = _run([*command, *map(str, paths)], folder, dict(os.environ))
        assert done.returncode in {0, 1}, done.stdout + done.stderr
        lines = re.finditer(r"^(.+?):(\d+): error: .*?(?:\[([\w-]+)\])?$", done.stdout, re.MULTILINE)
        return [(line[1], int(line[2]), line[3] or "") for line in lines]

    return check


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)

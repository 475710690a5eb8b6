"""The import contracts of pyproject.toml hold, and each of them can be broken."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

LINTER = "from importlinter.cli import lint_imports_command; lint_imports_command()"

# A house in which every contract is broken once.
BROKEN_HOUSE = {
    "__init__.py": "",
    "kernel/__init__.py": "",
    "kernel/words.py": "import structlog\n",
    "machinery/__init__.py": "",
    "authoring/__init__.py": "",
    "authoring/steps.py": "import pilotage.inbox\n",
    "cases/__init__.py": "",
    "cases/values.py": "from pilotage.cases import store\n",
    "cases/store.py": "",
    "cases/service.py": "import sqlalchemy\nimport dbos\nimport httpx2\nimport fastapi\nimport opentelemetry\n",
    "inbox/__init__.py": "",
    "inbox/here.py": "from pilotage.inbox import there\n",
    "inbox/there.py": "from pilotage.inbox import here\n",
}


def test_the_contracts_hold(root: Path) -> None:
    """Every import of the package points downward, inward and through its door."""
    done = _lint(root / "src", root / "pyproject.toml")
    assert done.returncode == 0, done.stdout
    assert "KEPT" in done.stdout


def test_every_contract_can_be_broken(root: Path, tmp_path: Path) -> None:
    """In a house in which everything is wrong, no contract says that it is kept."""
    for name, text in BROKEN_HOUSE.items():
        path = tmp_path / "pilotage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    shutil.copy(root / "pyproject.toml", tmp_path)
    done = _lint(tmp_path, tmp_path / "pyproject.toml")
    names = [
        contract["name"]
        for contract in tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    ]
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"Contracts: 0 kept, {len(names)} broken." in done.stdout, done.stdout


def test_a_room_without_a_storey_is_refused(root: Path, tmp_path: Path) -> None:
    """A new folder must be put into the order of the subjects before anything else may be said about it."""
    for name in ("kernel", "machinery", "authoring", "novelties"):
        (tmp_path / "pilotage" / name).mkdir(parents=True)
        (tmp_path / "pilotage" / name / "__init__.py").touch()
    (tmp_path / "pilotage" / "__init__.py").touch()
    done = _lint(tmp_path, root / "pyproject.toml")
    assert done.returncode == 1
    assert "novelties" in done.stdout


def _lint(package: Path, config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LINTER, "--config", str(config), "--no-cache", "--no-logo"],
        cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )

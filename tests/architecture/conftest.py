"""The source of the package, read once for every test that looks at it."""

import ast
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Module:
    """One file of the package: its path below `src`, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def rooms(self) -> tuple[str, ...]:
        """The parts of the path below `pilotage`: `("cases", "store", "ledger")`."""
        return Path(self.path).with_suffix("").parts[1:]


def read(source: Path) -> list[Module]:
    """Every Python file below a folder."""
    return [
        Module(path=str(path.relative_to(source)), text=text, tree=ast.parse(text))
        for path in sorted(source.rglob("*.py"))
        for text in [path.read_text(encoding="utf-8")]
    ]


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """The files of the package."""
    return read(ROOT / "src")


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def files_in_git() -> list[Path]:
    """What git has, and what it would take up: every file that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]

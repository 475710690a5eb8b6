"""Style, spelling and types are checked where everything else is, by the same commands as `./dev lint` and `./dev types`."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["-m", "ruff", "check", "--output-format=concise"], id="rules"),
        pytest.param(["-m", "ruff", "format", "--check"], id="form"),
        pytest.param(["-m", "codespell_lib"], id="spelling"),
        pytest.param(["tools/fragments.py"], id="changelog"),
    ],
)
def test_the_source_is_in_style(command: list[str], root: Path) -> None:
    """What `./dev fix` does not put right by itself is put right by hand, before it is taken."""
    done = subprocess.run([sys.executable, *command], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join([*done.stdout.splitlines()[-60:], done.stderr])


@pytest.mark.slow
def test_the_types_tell_the_truth(root: Path) -> None:
    """basedpyright, strict, finds nothing that its baseline does not know; the baseline only shrinks."""
    command = [sys.executable, "-m", "basedpyright", "--level", "error"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, "\n".join(done.stdout.splitlines()[-60:])

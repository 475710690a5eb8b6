"""The environment of the rivals and of the plots: benchmarks/.venv, made when it is first asked for."""

import functools
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import Failed

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / "bin" / "python"
_REQUIREMENTS = HERE / "requirements-rivals.txt"


@functools.cache
def python() -> str:
    """Its interpreter, with everything installed. Raises Failed with the installer's last words."""
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes()).hexdigest()
    stamp = VENV / "ready"
    if not (stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted):
        print("Setting up benchmarks/.venv with what the rivals need ...", file=sys.stderr)
        uv = shutil.which("uv")
        if uv is None:
            _call([sys.executable, "-m", "venv", str(VENV)])
            _call([str(PYTHON), "-m", "pip", "install", "--quiet", "--requirement", str(_REQUIREMENTS)])
        else:
            _call([uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(VENV)])
            _call([uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--requirement", str(_REQUIREMENTS)])
        stamp.write_text(wanted, encoding="utf-8")
    return str(PYTHON)


@functools.cache
def from_npm(package: str, program: str) -> str:
    """The path of a program (a pattern) from a package of npm's, beside the environment. Raises Failed like `python`."""
    folder = VENV / "npm" / package.replace("/", "-")
    found = next(folder.glob(f"node_modules/{program}"), None)
    if found is None:
        npm = shutil.which("npm")
        if npm is None:
            raise Failed(f"there is no npm on this machine for {package}")
        print(f"Installing {package} into benchmarks/.venv ...", file=sys.stderr)
        _call([npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", package])
        found = next(folder.glob(f"node_modules/{program}"), None)
    if found is None:
        raise Failed(f"{package} has no program for this machine")
    return str(found)


def version(package: str, *, of: str = sys.executable) -> str:
    """The installed version of a package."""
    asked = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    done = subprocess.run([of, "-c", asked], text=True, capture_output=True, check=False)
    return done.stdout.strip() or "?"


def _call(command: list[str]) -> None:
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        words = " ".join((done.stderr or done.stdout).strip().splitlines()[-2:])
        raise Failed(f"it could not be installed: {words}")

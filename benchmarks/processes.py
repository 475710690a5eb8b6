"""Every measurement runs in a process of its own: `python -m benchmarks.processes MODULE SETTINGS` prints one object."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PATH = f"{ROOT}{os.pathsep}{ROOT / 'src'}"
"""What is measured is the code of this checkout, whatever is installed."""


class Failed(Exception):
    """A measurement did not come to its end."""


def measure(
    module: str, settings: Mapping[str, object], *, python: str = sys.executable, within: float = 900
) -> dict[str, Any]:
    """What `module.measure(**settings)` gives, in a new process; it and all its children are gone afterwards."""
    command = [python, "-m", "benchmarks.processes", module, json.dumps(settings)]
    environment = os.environ | {"PYTHONPATH": PATH, "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        said, complained = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        raise Failed(f"it was not done within {within:.0f} s") from None
    finally:
        _end(process)
    if process.returncode:
        raise Failed("\n".join(complained.strip().splitlines()[-6:]) or f"it ended with {process.returncode}")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


def _end(process: "subprocess.Popen[str]") -> None:
    """End what is left of the session that was started for the measurement."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            return
        if process.poll() is None or sign is signal.SIGTERM:
            time.sleep(0.2)
    process.wait()


def main() -> int:
    """The process: nothing but the result gets to standard output."""
    module, settings = sys.argv[1:]
    out = os.dup(1)
    os.dup2(2, 1)
    found = importlib.import_module(module).measure(**json.loads(settings))
    os.write(out, (json.dumps(found) + "\n").encode())
    os.close(out)
    sys.stderr.flush()
    os._exit(0)  # whatever threads a rival has left


if __name__ == "__main__":
    main()

"""How long it takes until something happens: CPU time of a first import, of the command's help, of a second ./dev."""

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, Options, Result

TIMES = 7
ROOT = Path(__file__).resolve().parents[2]


def measure(options: Options) -> Result:
    """CPU seconds, the children's too; they do not depend on what else the machine is doing."""
    del options
    figures = [
        _figure("python -c pass", [sys.executable, "-c", "pass"]),
        _figure("import pilotage", [sys.executable, "-c", "import pilotage"]),
        _figure(
            "import pilotage, and a step", [sys.executable, "-c", "import pilotage as pl; pl.compute; pl.Automation"]
        ),
        _figure("pilotage --help", [sys.executable, "-m", "pilotage", "--help"], to_reach=0.3),
        _figure("./dev help, once set up", [str(ROOT / "dev"), "help"], to_reach=0.15),
    ]
    return Result(figures=figures)


def _figure(name: str, command: list[str], to_reach: float | None = None) -> Figure:
    _cpu(command)  # the first one fills the caches
    return Figure(name=name, unit="s CPU", values=tuple(_cpu(command) for _ in range(TIMES)), to_reach=to_reach)


def _cpu(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system

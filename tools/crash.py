"""Runs the crash suite in its long form and shows what it found: `./dev crash [KILLS] [--sqlite | --postgres] [...]`.

200 processes are killed on each database unless another number is named, and everything else happens in proportion.
Other arguments go to pytest. The figures also stay in a file, a line of JSON for each test: the one that CRASH_REPORT
names, or one in the system's folder for what is temporary.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

KILLS = "200"
ALWAYS = ("test", "database", "kills", "cases", "on_their_way", "unknown", "twice")
"""Columns of the table; what else a test found stands behind them in words."""


def arguments(given: list[str]) -> tuple[str, list[str]]:
    """How many are killed, and what pytest is called with."""
    numbers = [word for word in given if word.isdigit()]
    rest = [word for word in given if not word.isdigit() and word not in {"--sqlite", "--postgres"}]
    others = [other for word, other in (("--sqlite", "postgres"), ("--postgres", "sqlite")) if word in given]
    if not any(word.startswith("tests") for word in rest):
        rest.append("tests/crash")
    return (numbers or [KILLS])[0], [*rest, *(["-k", f"not {others[0]}"] if len(others) == 1 else [])]


def table(lines: list[dict[str, Any]]) -> str:
    """The figures, a row for each test and database."""
    rows = [[name.replace("_", " ") for name in ALWAYS] + ["and"]]
    for line in lines:
        others = [f"{name.replace('_', ' ')} {value}" for name, value in line.items() if name not in ALWAYS]
        rows.append([str(line.get(name, "-")) for name in ALWAYS] + [", ".join(others)])
    wide = [max(len(row[column]) for row in rows) for column in range(len(ALWAYS))]
    aligned = (
        [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, wide, strict=False))
        ]
        for row in rows
    )
    return "\n".join("  ".join([*cells, row[-1]]) for cells, row in zip(aligned, rows, strict=True))


def main(given: list[str]) -> int:
    """Run the suite; pytest's answer."""
    kills, rest = arguments(given)
    report = Path(os.environ.get("CRASH_REPORT") or Path(tempfile.mkdtemp(prefix="pilotage-crash-")) / "report.jsonl")
    before = report.stat().st_size if report.exists() else 0
    environment = {**os.environ, "CRASHES": kills, "CRASH_REPORT": str(report)}
    print(f"{kills} kills on each database; the figures go to {report}", flush=True)
    answer = subprocess.call([sys.executable, "-m", "pytest", "-v", "-s", *rest], env=environment)
    if report.exists():
        found = report.read_bytes()[before:].decode().splitlines()
        print(f"\n{table([json.loads(line) for line in found])}")
    return answer


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How much memory a process holds that takes cases in and works on them, while they become many."""

import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from json import dumps
from pathlib import Path
from typing import Any

from benchmarks import work

FIRST = 10_000
STEP = 10_000
PAGE = 1024


def measure(url: str, cases: int) -> dict[str, Any]:
    """Resident MB of the process when so many cases are done, each time that 10,000 more are."""
    from benchmarks.ours.automation import requests
    from benchmarks.ours.platform import platform
    from pilotage.cases.service.submitting import submit_file

    found: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder, platform(url, [requests]) as made, made.working():
        records = work.records(cases)
        begun = time.perf_counter()
        for done in range(STEP, cases + 1, STEP):
            submit_file(made.intake, requests, _file(Path(folder), records))
            _wait(made, done)
            found[done] = _resident()
        seconds = time.perf_counter() - begun
    return {"megabytes": found, "greatest": _status("VmHWM"), "seconds": seconds}


def _file(folder: Path, records: Iterator[dict[str, object]]) -> Path:
    file = folder / "records.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(dumps(record) + "\n" for record in islice(records, STEP))
    return file


def _wait(made: Any, number: int) -> None:
    from pilotage.cases.store import tallying

    while True:
        with made.database.snapshot() as tx:
            if tallying.words(tx, tallying.CASE)["done"] >= number:
                return
        time.sleep(0.02)


def _resident() -> float:
    return _status("VmRSS")


def _status(word: str) -> float:
    """MB, as Linux tells it of this process."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(word + ":"):
            return int(line.split()[1]) / PAGE
    raise LookupError(word)

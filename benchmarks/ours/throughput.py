"""Pilotage: one process works and another submits a file, as in production; and both in one process."""

import tempfile
import time
from pathlib import Path

from benchmarks import work
from benchmarks.contender import Contender

_HOW = (
    "blocks of 1000 records, batches of up to 1000, two batches at a time, one checkpoint at the end; a row, content and two "
    "timeline entries a case."
)
CONTENDERS = [
    Contender(
        name="pilotage",
        module=__name__,
        records=20_000,
        quick=10_000,
        settings={"apart": True},
        how="Two processes as in production: `pilotage run --forever` works, `pilotage submit FILE` takes in; " + _HOW,
    ),
    Contender(
        name="pilotage_in_one_process",
        module=__name__,
        records=20_000,
        quick=10_000,
        how="One process, as `pilotage submit FILE --work`: " + _HOW,
    ),
]


def measure(url: str, number: int, *, apart: bool = False) -> dict[str, float]:
    """Seconds from submit until every case is done, by a worker in this process or in another one."""
    from benchmarks.ours.automation import requests
    from benchmarks.ours.platform import platform, prove, wait_until_done
    from benchmarks.ours.worker import workers
    from pilotage.cases.service.submitting import submit_file

    with tempfile.TemporaryDirectory() as folder, platform(url, [requests]) as made:
        with workers(1, url, "benchmarks.ours.automation", "requests") if apart else made.working():
            warm = work.write(Path(folder) / "warm.jsonl", 1)
            submit_file(made.intake, requests, warm)
            wait_until_done(made)
            file = Path(folder) / "records.jsonl"
            file.write_text("".join(line.replace('"R', '"N') for line in _lines(folder, number)), encoding="utf-8")
            begun, cpu = time.perf_counter(), time.process_time()
            submit_file(made.intake, requests, file)
            submitted = time.perf_counter() - begun
            wait_until_done(made)
            seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        prove(made, number + 1)
    return {"seconds": seconds, "number": number, "submitted": submitted, "cpu": cpu}


def _lines(folder: str, number: int) -> list[str]:
    return work.write(Path(folder) / "source.jsonl", number).read_text(encoding="utf-8").splitlines(keepends=True)

"""Pilotage: the file is submitted in a worker process, as `pilotage submit FILE --work` does."""

import tempfile
import time
from pathlib import Path

from benchmarks import work
from benchmarks.contender import Contender

CONTENDERS = [
    Contender(
        name="pilotage",
        module=__name__,
        records=20_000,
        quick=4_000,
        how="One worker process as `pilotage submit FILE --work` has it: blocks of 500 records, batches of up to 1000, "
        "two batches at a time, one checkpoint at the end; a row, content and two timeline entries a case.",
    )
]


def measure(url: str, number: int) -> dict[str, float]:
    """Seconds from submit until every case is done."""
    from benchmarks.ours.automation import requests
    from benchmarks.ours.platform import platform, prove, wait_until_done
    from pilotage.cases.service.submitting import submit_file

    with tempfile.TemporaryDirectory() as folder, platform(url, [requests]) as made, made.working():
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

"""Effects against the example's help desk, which counts for itself."""

import os
import tempfile
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from benchmarks import work

_MOVES = sa.text("SELECT 1 FROM cases WHERE place IN ('ready', 'moving', 'waiting') LIMIT 1")
_PLACES = sa.text("SELECT place, count(*) FROM cases GROUP BY place")


def measure(url: str, number: int, workers: int, per_second: int) -> dict[str, object]:
    """What the help desk's own log says: acts a second, use of the quota, requests over it."""
    os.environ["BENCH_PER_SECOND"] = str(per_second)
    from benchmarks.ours.acting import assigning
    from benchmarks.ours.platform import platform
    from benchmarks.ours.worker import workers as started
    from pilotage.cases.service.submitting import submit_file
    from pilotage.examples.tickets.helpdesk.client import Client
    from pilotage.examples.tickets.helpdesk.quota import Quota
    from pilotage.examples.tickets.helpdesk.server import as_process
    from pilotage.examples.tickets.helpdesk.setup import Setup

    with tempfile.TemporaryDirectory() as folder:
        setup = Setup(log=Path(folder) / "desk.jsonl", quota=Quota(per_second=per_second or None))
        with as_process(setup) as running, platform(url, [assigning]) as made:
            there = {"HELPDESK_URL": running.url, "HELPDESK_TOKEN": running.token}
            with started(workers, url, "benchmarks.ours.acting", "assigning", there), Client(running) as desk:
                submit_file(made.intake, assigning, work.write(Path(folder) / "records.jsonl", number))
                ends = time.monotonic() + 240
                while _moves(made.database) and time.monotonic() < ends:
                    time.sleep(0.1)
                log = desk.log()
                held = desk.stats()["assignments"]
            with made.database.snapshot() as tx:
                places = dict(tx.execute(_PLACES).all())
    return {**_read(log, per_second), "number": number, "held_by_the_desk": held, "places": places}


def _moves(database) -> bool:  # noqa: ANN001 - pilotage is imported in the process that measures
    with database.snapshot() as tx:
        return tx.execute(_MOVES).first() is not None


def _read(log: list, per_second: int) -> dict[str, object]:
    acts = [datetime.fromisoformat(entry["at"]).timestamp() for entry in log if entry["status"] == 201]
    over = sum(entry["status"] == 429 for entry in log)
    seconds = max(acts) - min(acts)
    found: dict[str, object] = {
        "acts": len(acts),
        "seconds": seconds,
        "per_second": (len(acts) - 1) / seconds,
        "over": over,
    }
    if per_second:
        counted = Counter(int(moment) for moment in acts)
        whole = range(int(min(acts)) + 1, int(max(acts)))  # the first and the last second are not whole
        used = sum(counted[second] for second in whole) / (len(whole) * per_second) if whole else 0.0
        found["quota_use"] = used
    return found

"""Cases per second of several worker processes."""

import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from benchmarks import work

_SPAN = sa.text("SELECT min(formed_at) FROM batches")
_ENDED = sa.text("SELECT max(changed_at) FROM cases")


def measure(url: str, name: str, number: int, workers: int) -> dict[str, float]:
    """Seconds from the first batch until the last case is done, by the database's clock."""
    from benchmarks.ours import waiting
    from benchmarks.ours.platform import platform, wait_until_done
    from benchmarks.ours.worker import workers as started
    from pilotage.cases.service.submitting import submit_file

    automation = {"waiting": waiting.waiting, "computing": waiting.computing}[name]
    with platform(url, [automation]) as made, tempfile.TemporaryDirectory() as folder:
        file = work.write(Path(folder) / "records.jsonl", number)
        submit_file(made.intake, automation, file)
        with made.database.transaction() as tx:
            _stand_still(tx, automation.name, still=True)
        with started(workers, url, "benchmarks.ours.waiting", name):
            time.sleep(2)
            with made.database.transaction() as tx:
                _stand_still(tx, automation.name, still=False)
            wait_until_done(made, pause=0.05)
            with made.database.snapshot() as tx:
                seconds = (tx.execute(_ENDED).scalar_one() - tx.execute(_SPAN).scalar_one()) / 1_000_000
    return {"seconds": seconds, "number": number}


def _stand_still(tx: sa.Connection, automation: str, *, still: bool) -> None:
    """Keep the cases from being claimed until every worker runs: they are ready of a release that nobody serves."""
    before, after = ("dev", "later") if still else ("later", "dev")
    tx.execute(
        sa.text("UPDATE cases SET release = :after WHERE release = :before AND automation = :automation"),
        {"before": before, "after": after, "automation": automation},
    )

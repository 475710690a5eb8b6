"""`python -m pilotage demo --json` as a process of its own on PostgreSQL, with each fault; the rest is with the example's tests.

What it says is compared with the help desk's own log and with the ledger, which are read here and not by the demo.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pilotage.cases.store import looking
from pilotage.examples.tickets.demo import FAULTS
from pilotage.machinery.storage.database import Database
from tests.acceptance.ground import SOURCE
from tests.databases import on_postgresql

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

REQUESTS = os.environ.get("DEMO_REQUESTS", "300")
PARTS = ("duplicates", "done", "with_people", "quarantined", "dead_letters")


@on_postgresql
def test_the_sums_hold_with_each_fault(tmp_path: Path, database_url: str) -> None:
    """Run after run in one folder and one database: the sums hold, no key is acted on twice, ledger and desk agree."""
    for fault in FAULTS:
        story = demo(tmp_path, database_url, "--fault", fault)
        assert story["submitted"] == sum(story[part] for part in PARTS), story
        assert story["helpdesk_faults"][fault] >= 5
        log = (tmp_path / "pilotage-demo" / "helpdesk.jsonl").read_text().splitlines()
        acts = Counter(one["key"] for one in map(json.loads, log) if one["acted"])
        assert set(acts.values()) == {1}, fault
        database = Database(database_url)
        try:
            with database.snapshot() as tx:
                states = {row.key: row.state for row in looking.effects_at(tx, "tickets", "assign") if row.key in acts}
        finally:
            database.close()
        assert len(acts) == story["helpdesk_received"]
        known = Counter(states.values())
        assert known["confirmed"] == story["effects_confirmed"]
        assert known["confirmed"] + known["unknown"] == len(acts), fault
        assert known["unknown"] <= story["effects_unknown"]


def demo(folder: Path, database_url: str, *words: str) -> dict[str, Any]:
    """What the demo says; it is all that stands on stdout."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pilotage", "demo", "--json", "--requests", REQUESTS, *words],
        env={**os.environ, "PYTHONPATH": SOURCE, "PILOTAGE_DATABASE_URL": database_url},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)

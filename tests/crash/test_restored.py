"""A backup that was written under load is restored after a crash: nothing is lost, and a desk that honours keys acts once."""

import os
import signal
from pathlib import Path

import pytest

from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from tests.acceptance.ground import Ground, until

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(300)]
CASES = 400


def test_a_backup_under_load_is_restored_after_a_crash(tmp_path: Path) -> None:
    """The worker is killed after the backup; the older state sends again what it does not know of, under the same keys."""
    ground = Ground(tmp_path / "project", f"sqlite:///{tmp_path / 'live.db'}")
    try:
        with as_process(Setup(log=ground.root / "desk.jsonl", detect_duplicates=True)) as ground.desk:
            ground.fill({"safe": CASES})
            worker = ground.start("run", "--forever")
            until(lambda: ground.acted() > 20, every=0.01, said=ground.logs)
            written = ground.ok("backup", str(tmp_path / "backup"))
            at_backup = ground.acted()
            until(lambda: ground.acted() > min(at_backup + 50, CASES - 1), every=0.01, said=ground.logs)
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
            after = ground.acted()
            until(lambda: ground.run("restore", str(tmp_path / "backup"), "--over").returncode == 0, said=ground.logs)
            assert sum(written["places"].values()) == CASES
            ground.well()
            ground.ok("run")
            assert ground.acted() == after, "something went out under the hold"
            ground.ok("resume")
            ground.ok("run", within=240)
        assert ground.agrees({"safe": CASES}) == {"confirmed": CASES}
        ground.well()
        (aside,) = tmp_path.glob("live.before-restore-*.db")
        assert aside.stat().st_size > 0
    finally:
        ground.end()

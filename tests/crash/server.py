"""A PostgreSQL of a test's own, which the test may kill and start again.

It waits for the disk like one in earnest: what it has told a client to be committed is there after the kill.
"""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import psycopg

from tests.conftest import postgres_from_its_wheel

_SETTINGS: Final = """
max_connections = 100
shared_buffers = 64MB
log_min_messages = warning
"""


@dataclass(frozen=True, kw_only=True)
class MortalServer:
    """A server with a database called `pilotage`, listening on a socket file alone."""

    folder: Path
    programs: Path
    user: str | None

    @property
    def data(self) -> Path:
        """Where its data and its socket lie."""
        return self.folder / "data"

    @property
    def socket(self) -> Path:
        """The socket that it listens on."""
        return self.data / ".s.PGSQL.5432"

    def url(self) -> str:
        """The address of its database, without a way in between."""
        return f"postgresql://postgres@/pilotage?host={self.data}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        words = ["-w", "-o", f'-h "" -k {self.data}', "-l", str(self.data / "log"), "-D", str(self.data), "start"]
        subprocess.run(
            [str(self.programs / "pg_ctl"), *words],
            check=True,
            user=self.user,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    def kill(self) -> int:
        """`kill -9` of the postmaster and all its children, at once; how many processes that were."""
        postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
        postmaster.suspend()  # it would start children anew, and clean up
        all_of_it = [postmaster, *postmaster.children(recursive=True)]
        for process in all_of_it:
            process.kill()
        _, left = psutil.wait_procs(all_of_it, timeout=10)
        assert not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]
        return len(all_of_it)


@contextmanager
def mortal_server() -> Generator[MortalServer]:
    """One that runs, and ends with the block, or with whoever runs the tests."""
    with postgres_from_its_wheel(_SETTINGS) as (folder, made):
        with psycopg.connect(made.get_uri(), autocommit=True) as there:
            there.execute("CREATE DATABASE pilotage")
        yield MortalServer(folder=folder, programs=made.bin_path, user=made.system_user)

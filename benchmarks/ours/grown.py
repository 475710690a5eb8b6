"""A platform with many stored cases: how fast new ones go through it, and how long its pages and queries take."""

import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks import work

BASE = 10_000
DAY = 86_400_000_000
NEW = 5_000
OK = 200


def measure(url: str, cases: int) -> dict[str, Any]:
    """Cases per second of new ones, three times; milliseconds of each page and query, forty times."""
    from benchmarks.ours.automation import requests
    from benchmarks.ours.platform import platform
    from pilotage.cases.service.submitting import submit_file

    with platform(url, [requests]) as made, tempfile.TemporaryDirectory() as folder:
        speeds: list[float] = []
        with made.working():
            submit_file(made.intake, requests, _file(folder, "A", BASE))
            _wait(made)
        begun = time.perf_counter()
        _multiply(made.database, cases // BASE - 1)
        filled = time.perf_counter() - begun
        with _pages(made) as pages:
            queries = {name: _times(asking) for name, asking in {**pages, **_queries(made)}.items()}
        with made.working():
            for letter in "BCD":
                file = _file(folder, letter, NEW)
                begun = time.perf_counter()
                submit_file(made.intake, requests, file)
                _wait(made)
                speeds.append(NEW / (time.perf_counter() - begun))
    return {"speeds": speeds, "queries": queries, "filled": filled, "cases": cases}


def _file(folder: str, letter: str, number: int) -> Path:
    source = work.write(Path(folder) / "source.jsonl", number)
    file = Path(folder) / f"{letter}.jsonl"
    file.write_text(source.read_text(encoding="utf-8").replace('"id": "R', f'"id": "{letter}'), encoding="utf-8")
    return file


# In the words of the index of open cases: this asks again and again while the clock runs.
_MOVES = sa.text(
    "SELECT 1 FROM cases WHERE place IN ('ready', 'moving', 'waiting') "
    "AND place NOT IN ('done', 'withdrawn', 'handed over') LIMIT 1"
)


def _wait(made: Any) -> None:
    while True:
        with made.database.snapshot() as tx:
            if tx.execute(_MOVES).first() is None:
                return
        time.sleep(0.005)


def _multiply(database: Any, copies: int) -> None:
    """Copy what has ended so many times, a day older each; of a hundred one is a dead letter, one with people."""
    from pilotage.cases.store import tallying
    from pilotage.cases.tables import case_content, cases, submissions, timeline

    with database.snapshot() as tx:
        least, most = tx.execute(sa.select(sa.func.min(timeline.c.case_id), sa.func.max(timeline.c.id))).one()
    span = most - least + 1
    for copy in range(1, copies + 1):
        with database.transaction() as tx:
            for table in (cases, case_content, timeline):
                values = [_older(column, copy, span) for column in table.c]
                owner = table.c.id if table is cases else table.c.case_id
                chosen = sa.select(*values).where(owner >= least)
                tx.execute(table.insert().from_select([column.name for column in table.c], chosen))
    with database.transaction() as tx:
        some = {"reason": "It failed.", "place": "dead letter"}
        tx.execute(cases.update().where(cases.c.key.like("%77")).values(**some))
        tx.execute(
            cases.update().where(cases.c.key.like("%33")).values(place="with people", node="answer", reason=None)
        )
        tx.execute(_ASK)  # nobody is late, so that nothing escalates while new cases are measured
        tx.execute(_SEND)
        tx.execute(_GIVE)
        counted = {name: submissions.c[name] + copies * BASE for name in ("arrived", "accepted")}
        tx.execute(submissions.update().values(**counted))
        tallying.count_anew(tx)
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("VACUUM ANALYZE"))


def _older(column: Any, copy: int, span: int) -> Any:
    if column.name in {"id", "case_id", "batch", "submission"} and column.name != "submission":
        return column - copy * span
    if column.name in {"accepted_at", "changed_at", "at"}:
        return column - copy * DAY
    return sa.literal(f"{copy}-") + column if column.name == "key" else column


_ASK = sa.text(
    "INSERT INTO decisions (id, automation, case_id, node, kind, why, asked, step, chain, zone, deadline, asked_at, state) "
    "SELECT id, automation, id, 'answer', 'exception', 'Nobody knows.', 'operations', 0, '[[\"operations\", \"1d\"]]', "
    "'UTC', changed_at + 400 * 86400000000, changed_at, 'waiting' FROM cases WHERE place = 'with people'"
)


_SEND = sa.text(
    "INSERT INTO effects (id, key, automation, release, case_id, node, step, connection, generation, inputs, repeat, "
    "state, priority, attempt, failures, asked, asking, doubtful, planned_at, changed_at, words) "
    "SELECT id, 'bench/' || key || '/answer/0', automation, release, id, 'send', 'send', 'helpdesk', 0, '{}', 'ask', "
    "CASE WHEN key LIKE '%50' THEN 'refused' ELSE 'confirmed' END, 0, 1, 0, 0, FALSE, FALSE, accepted_at, changed_at, "
    "CASE WHEN key LIKE '%50' THEN 'Not found.' END FROM cases WHERE place = 'done'"
)
_GIVE = sa.text(
    "INSERT INTO effect_content (effect_id, case_id, node, result) "
    "SELECT id, case_id, node, '{\"id\": \"T1\"}' FROM effects WHERE state = 'confirmed'"
)


@contextmanager
def _pages(made: Any) -> Generator[dict[str, Callable[[], object]]]:
    """Every page that needs no name in its address, as a browser gets it, by its address."""
    from fastapi.testclient import TestClient

    from pilotage.machinery.web.values import WebSettings

    settings = WebSettings(token="measured")
    site = made.site(settings)
    addresses = [
        route.path
        for route in site.routes
        if "GET" in (getattr(route, "methods", None) or ()) and "{" not in route.path and "/live/" not in route.path
    ]
    with TestClient(site, base_url="http://127.0.0.1:8451") as browser:
        if browser.get(settings.link("http://127.0.0.1:8451")).status_code != OK:
            raise AssertionError("the link does not open the page")

        def getting(address: str) -> Callable[[], object]:
            def get() -> None:
                if (got := browser.get(address)).status_code != OK:
                    raise AssertionError(f"{address}: {got.status_code}")

            return get

        yield {f"page {address}": getting(address) for address in addresses}


def _queries(made: Any) -> dict[str, Callable[[], object]]:
    from pilotage.cases.service.finding import find
    from pilotage.cases.service.today import read_places
    from pilotage.inbox import store
    from pilotage.operations.commands.status import _details

    def status() -> object:
        read_places(made.database, ("requests",))
        with made.database.snapshot() as tx:
            return _details(tx, made.database.now(tx), 8)

    def inbox() -> object:
        with made.database.snapshot() as tx:
            return store.count_waiting(tx, None), store.waiting(
                tx, automation=None, asked=None, kind=None, case=None, most=20
            )

    return {"status": status, "inbox": inbox, "case": lambda: find(made.database, "A00004711")}


def _times(asking: Callable[[], object]) -> Sequence[float]:
    asking()
    taken: list[float] = []
    for _ in range(40):
        begun = time.perf_counter()
        asking()
        taken.append((time.perf_counter() - begun) * 1000)
    return taken

"""A lone case from submit to done, seen from the process that works or from another one; and an idle worker."""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

from benchmarks import work
from benchmarks.databases import sqlite_file


def measure(url: str, way: str, number: int, seconds: float = 20) -> dict[str, Any]:
    """Milliseconds of each case, or the share of a core that an idle worker takes."""
    from benchmarks.ours.automation import requests
    from benchmarks.ours.platform import platform

    with platform(url, [requests]) as made:
        if way == "elsewhere":
            from benchmarks.ours.worker import workers

            with workers(1, url, "benchmarks.ours.automation", "requests"):
                return {"milliseconds": _each(made, number, _looking(url))}
        with made.working() as worker:
            if way == "idle":
                time.sleep(3)
                cpu, begun = time.process_time(), time.monotonic()
                time.sleep(seconds)
                return {"share": (time.process_time() - cpu) / (time.monotonic() - begun)}
            return {"milliseconds": _each(made, number, _told(worker))}


def _each(made: Any, number: int, wait: Callable[[], Callable[[int], None]]) -> list[float]:
    from benchmarks.ours.automation import requests
    from pilotage.cases.arrivals import Arrival

    taken: list[float] = []
    for record in work.records(number + 20):
        begin_waiting = wait()
        begun = time.perf_counter()
        submission = made.intake.begin(requests, "bench")
        receipt = made.intake.take(requests, submission, [Arrival(fields=record)])
        begin_waiting(receipt.cases[0])
        taken.append((time.perf_counter() - begun) * 1000)
        made.intake.finish(submission)
        time.sleep(0.01 + (len(taken) * 37 % 100) / 1000)  # lone, and at no fixed moment of anybody's rounds
    return taken[20:]


def _told(worker: Any) -> Callable[[], Callable[[int], None]]:
    """Wait for the worker's own word that the checkpoint is committed: no polling."""
    done = threading.Event()
    inner = worker.mover.after_save

    def after_save(left: Any) -> None:
        inner(left)
        done.set()

    worker.mover.after_save = after_save

    def wait() -> Callable[[int], None]:
        done.clear()
        return lambda case: None if done.wait(30) else _late(case)

    return wait


def _looking(url: str) -> Callable[[], Callable[[int], None]]:
    """Look into the database every two milliseconds."""
    look = _look(url)

    def until(case: int) -> None:
        ends = time.monotonic() + 30
        while look(case) != "done":
            if time.monotonic() > ends:
                _late(case)
            time.sleep(0.002)

    return lambda: until


def _look(url: str) -> Callable[[int], str]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(sqlite_file(url), isolation_level=None)
        return lambda case: connection.execute("SELECT place FROM cases WHERE id = ?", (case,)).fetchone()[0]
    import psycopg

    asking = psycopg.connect(url, autocommit=True, prepare_threshold=1)
    return lambda case: asking.execute("SELECT place FROM cases WHERE id = %s", (case,)).fetchone()[0]


def _late(case: int) -> None:
    raise TimeoutError(f"case {case} was not done within 30 s")

"""DBOS, on which Pilotage itself stands: a workflow for each record as its documentation shows, and for each batch."""

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import work
from benchmarks.contender import Contender
from benchmarks.databases import sqlite_file
from benchmarks.processes import ROOT

_HOW = (
    "DBOS {dbos}, one process, its defaults (SQLite switched to WAL with synchronous FULL, which is faster); "
    "@DBOS.workflow with four @DBOS.step that take and give pydantic models; "
)
CONTENDERS = [
    Contender(
        name="dbos_started", module=__name__, records=400, quick=100, packages=("dbos",), settings={"way": "start"},
        how=_HOW + "a workflow per record by DBOS.start_workflow.",
    ),
    Contender(
        name="dbos_enqueued", module=__name__, records=400, quick=100, packages=("dbos",), settings={"way": "enqueue"},
        how=_HOW + "a workflow per record by DBOS.enqueue_workflow, queue polled every 50 ms.",
    ),
    Contender(
        name="dbos_enqueued_by_a_client", module=__name__, records=400, quick=100, packages=("dbos",),
        settings={"way": "client"},
        how=_HOW + "a workflow per record by DBOSClient.enqueue from another process, queue polled every 50 ms.",
    ),
    Contender(
        name="dbos_batches_of_100", module=__name__, records=6_000, packages=("dbos",),
        settings={"way": "start", "batch": 100},
        how=_HOW + "a workflow per 100 records whose steps take lists; no row, no key and no timeline per record.",
    ),
    Contender(
        name="dbos_batches_of_500", module=__name__, records=20_000, packages=("dbos",),
        settings={"way": "start", "batch": 500},
        how=_HOW + "a workflow per 500 records whose steps take lists; no row, no key and no timeline per record.",
    ),
]  # fmt: skip
QUEUE = "bench-requests"
ONE = "one"


def launched(url: str, *, polling: float = 0.05) -> tuple[Any, Any, Any]:  # noqa: C901 - DBOS knows what is defined first
    """DBOS, the workflow for one record and the one for a list of records."""
    from dbos import DBOS

    if url.startswith("sqlite"):
        with sqlite3.connect(sqlite_file(url)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    DBOS(config={"name": "benchmark", "system_database_url": url, "log_level": "ERROR", "enable_otlp": False})

    @DBOS.step()
    def clean(request: work.Request) -> work.Cleaned:
        return work.clean(request)

    @DBOS.step()
    def sort(cleaned: work.Cleaned) -> work.Sorted:
        return work.sort(cleaned)

    @DBOS.step()
    def price(request: work.Request, sorting: work.Sorted) -> work.Priced:
        return work.price(request, sorting)

    @DBOS.step()
    def answer(request: work.Request, sorting: work.Sorted, priced: work.Priced) -> work.Answer:
        return work.answer(request, sorting, priced)

    @DBOS.workflow(name=ONE)
    def one(record: dict[str, object]) -> work.Answer:
        request = work.Request.model_validate(record)
        sorting = sort(clean(request))
        return answer(request, sorting, price(request, sorting))

    @DBOS.step()
    def clean_all(requests: list[work.Request]) -> list[work.Cleaned]:
        return [work.clean(request) for request in requests]

    @DBOS.step()
    def sort_all(cleaned: list[work.Cleaned]) -> list[work.Sorted]:
        return [work.sort(text) for text in cleaned]

    @DBOS.step()
    def price_all(requests: list[work.Request], sorting: list[work.Sorted]) -> list[work.Priced]:
        return [work.price(*both) for both in zip(requests, sorting, strict=True)]

    @DBOS.step()
    def answer_all(
        requests: list[work.Request], sorting: list[work.Sorted], priced: list[work.Priced]
    ) -> list[work.Answer]:
        return [work.answer(*all_three) for all_three in zip(requests, sorting, priced, strict=True)]

    @DBOS.workflow()
    def many(records: list[dict[str, object]]) -> list[work.Answer]:
        requests = [work.Request.model_validate(record) for record in records]
        sorting = sort_all(clean_all(requests))
        return answer_all(requests, sorting, price_all(requests, sorting))

    DBOS.launch()
    DBOS.register_queue(QUEUE, polling_interval_sec=polling)
    return DBOS, one, many


def measure(url: str, number: int, way: str, batch: int = 0) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    with tempfile.TemporaryDirectory() as folder:
        file = work.write(Path(folder) / "records.jsonl", number)
        if way == "client":
            return _by_a_client(url, file, number)
        dbos, one, many = launched(url)
        one(work.read(file)[0])
        time.sleep(1.5)  # queues are looked up once a second
        begun = time.perf_counter()
        records = work.read(file)
        things = list(work.chunks(records, batch)) if batch else records
        workflow = many if batch else one
        for thing in things:
            if way == "start":
                dbos.start_workflow(workflow, thing)
            else:
                dbos.enqueue_workflow(QUEUE, workflow, thing)
        _wait(dbos)
        seconds = time.perf_counter() - begun
    _prove(dbos, len(things) + 1)
    return {"seconds": seconds, "number": number}


def _by_a_client(url: str, file: Path, number: int) -> dict[str, float]:
    """The same with the workflows in another process."""
    with _worker(url):
        from dbos import DBOSClient

        client = DBOSClient(system_database_url=url)
        options: Any = {"workflow_name": ONE, "queue_name": QUEUE}
        client.enqueue(options, work.read(file)[0]).get_result(polling_interval_sec=0.05)
        begun = time.perf_counter()
        for record in work.read(file):
            client.enqueue(options, record)
        _wait(client)
        seconds = time.perf_counter() - begun
        _prove(client, number + 1)
        client.destroy()
    return {"seconds": seconds, "number": number}


def _prove(dbos: Any, number: int) -> None:
    ended = dbos.list_workflows(status="SUCCESS", load_input=False, load_output=False)
    assert len(ended) == number, f"{len(ended)} of {number}"


def _wait(dbos: Any) -> None:
    while dbos.list_workflows(status=["PENDING", "ENQUEUED"], limit=1, load_input=False, load_output=False):
        time.sleep(0.02)


@contextmanager
def _worker(url: str) -> Generator[None]:
    command = [sys.executable, "-m", __name__, url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdin
    assert process.stdout
    try:
        if process.stdout.readline() != b"ready\n":
            raise ChildProcessError("the worker did not start")
        yield
    finally:
        process.stdin.close()
        process.wait(timeout=60)


def main() -> None:
    """Work on what clients enqueue, until the input ends."""
    dbos, _, _ = launched(sys.argv[1])
    time.sleep(1.5)  # queues are looked up once a second
    print("ready", flush=True)
    sys.stdin.read()
    dbos.destroy()


if __name__ == "__main__":
    main()

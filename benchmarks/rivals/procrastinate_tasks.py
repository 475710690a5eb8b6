"""Procrastinate: jobs in PostgreSQL. It has no steps and keeps no outcomes, so the job stores its own."""

import asyncio
import json
import tempfile
import time
from pathlib import Path

from benchmarks import work
from benchmarks.contender import Contender

_HOW = (
    "Procrastinate {procrastinate}, one worker process with 10 jobs at once (async, as its documentation recommends), "
    "jobs put in by batch_defer; "
)
CONTENDERS = [
    Contender(
        name="procrastinate", module=__name__, records=1_000, databases=("postgres",), apart=True,
        packages=("procrastinate",), settings={"batch": 1},
        how=_HOW + "a job per record does all four steps and commits one row with their outcomes.",
    ),
    Contender(
        name="procrastinate_batches_of_100", module=__name__, records=10_000, databases=("postgres",), apart=True,
        packages=("procrastinate",), settings={"batch": 100},
        how=_HOW + "a job per 100 records does all four steps and commits 100 rows with their outcomes.",
    ),
]  # fmt: skip


def measure(url: str, number: int, batch: int) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    return asyncio.run(_measure(url, number, batch))


async def _measure(url: str, number: int, batch: int) -> dict[str, float]:
    import procrastinate
    import psycopg_pool

    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    pool = psycopg_pool.AsyncConnectionPool(url, min_size=10, max_size=10, open=False)

    @app.task(name="answer")
    async def answer(records: list[dict[str, object]]) -> None:
        gave = [(state["request"]["id"], json.dumps(state)) for state in map(work.through, records)]
        async with pool.connection() as connection, connection.cursor() as cursor:
            await cursor.executemany("INSERT INTO outcomes VALUES (%s, %s)", gave)

    async with app.open_async(), pool:
        await app.schema_manager.apply_schema_async()
        async with pool.connection() as connection:
            await connection.execute("CREATE TABLE outcomes (id text PRIMARY KEY, given text NOT NULL)")
        with tempfile.TemporaryDirectory() as folder:
            file = work.write(Path(folder) / "records.jsonl", number)
            begun = time.perf_counter()
            jobs = [{"records": chunk} for chunk in work.chunks(work.read(file), batch)]
            for first in range(0, len(jobs), 500):
                await answer.batch_defer_async(*jobs[first : first + 500])
            await app.run_worker_async(wait=False, concurrency=10, install_signal_handlers=False)
            seconds = time.perf_counter() - begun
        async with pool.connection() as connection:
            found = await (await connection.execute("SELECT count(*) FROM outcomes")).fetchone()
    assert found is not None
    assert found[0] == number, f"{found[0]} of {number}"
    return {"seconds": seconds, "number": number}

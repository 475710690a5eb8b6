"""absurd: durable tasks with steps in PostgreSQL."""

import tempfile
import threading
import time
from pathlib import Path

from benchmarks import work
from benchmarks.contender import Contender

_HOW = (
    "absurd-sdk {absurd-sdk}, schema from absurdctl {absurdctl}, one worker process with 10 threads, queue polled every "
    "50 ms; "
)
CONTENDERS = [
    Contender(
        name="absurd", module=__name__, records=600, databases=("postgres",), apart=True,
        packages=("absurd-sdk", "absurdctl"), settings={"batch": 1}, how=_HOW + "a task of four steps per record.",
    ),
    Contender(
        name="absurd_batches_of_100", module=__name__, records=10_000, databases=("postgres",), apart=True,
        packages=("absurd-sdk", "absurdctl"), settings={"batch": 100},
        how=_HOW + "a task of four steps per 100 records.",
    ),
    Contender(
        name="absurd_batches_of_500", module=__name__, records=20_000, databases=("postgres",), apart=True,
        packages=("absurd-sdk", "absurdctl"), settings={"batch": 500},
        how=_HOW + "a task of four steps per 500 records.",
    ),
]  # fmt: skip
_LEFT = "SELECT count(*) FROM absurd.t_default WHERE state <> 'completed'"


def measure(url: str, number: int, batch: int) -> dict[str, float]:
    """Seconds from the file until every record is answered."""
    import absurd_sdk
    import absurdctl
    import psycopg

    with psycopg.connect(url, autocommit=True) as looking, tempfile.TemporaryDirectory() as folder:
        looking.execute(absurdctl.BUNDLED_SCHEMA_SQL)
        app, submitting = absurd_sdk.Absurd(url), absurd_sdk.Absurd(url)
        app.create_queue("default")

        @app.register_task(name="answer")
        def answer(params: list[dict[str, object]], context: absurd_sdk.TaskContext) -> int:
            states: list[work.State] = [{"request": record} for record in params]
            for step in work.STEPS:
                states = context.step(step, lambda step=step, now=states: [work.advance(step, one) for one in now])
            return len(states)

        threading.Thread(target=app.start_worker, kwargs={"concurrency": 10, "poll_interval": 0.05}).start()
        file = work.write(Path(folder) / "records.jsonl", number)
        begun = time.perf_counter()
        things = list(work.chunks(work.read(file), batch))
        for thing in things:
            submitting.spawn("answer", thing, queue="default")
        while looking.execute(_LEFT).fetchone() != (0,):
            time.sleep(0.02)
        seconds = time.perf_counter() - begun
        done = looking.execute("SELECT count(*) FROM absurd.t_default WHERE state = 'completed'").fetchone()
    assert done == (len(things),), f"{done} of {len(things)}"
    return {"seconds": seconds, "number": number}

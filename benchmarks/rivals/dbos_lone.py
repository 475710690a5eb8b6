"""DBOS with one record at a time: called directly, and through its queue."""

import time

from benchmarks import work
from benchmarks.rivals.dbos_workflows import QUEUE, launched


def measure(url: str, way: str, number: int, polling: float = 1.0) -> dict[str, list[float]]:
    """Milliseconds of each record."""
    dbos, one, _ = launched(url, polling=polling)
    time.sleep(2)
    taken: list[float] = []
    for record in work.records(number + 5):
        begun = time.perf_counter()
        if way == "direct":
            one(record)
        else:
            dbos.enqueue_workflow(QUEUE, one, record).get_result(polling_interval_sec=0.005)
        taken.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.01 + (len(taken) * 37 % 100) / 1000)
    return {"milliseconds": taken[5:]}

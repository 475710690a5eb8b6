"""One and two worker processes on PostgreSQL: a step that waits, and one that computes."""

import statistics
import sys

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import measure as in_process

ROUNDS = 3
STEPS = {"waiting": 20_000, "computing": 8_000}


def measure(options: Options) -> Result:
    """Cases a second with one worker, with two, and the ratio."""
    values: dict[tuple[str, int], list[float]] = {}
    with databases() as given:
        for _ in range(options.rounds or (1 if options.quick else ROUNDS)):
            for name, many in STEPS.items():
                for workers in (1, 2):
                    settings = {"name": name, "number": many // (4 if options.quick else 1), "workers": workers}
                    with given.empty("postgres") as url:
                        found = in_process("benchmarks.ours.several", {"url": url, **settings})
                    speed = found["number"] / found["seconds"]
                    values.setdefault((name, workers), []).append(speed)
                    print(f"{name}, {workers}: {speed:,.0f} cases/s", file=sys.stderr)
    figures = [
        Figure(name=f"{name}, {workers} worker(s)", unit="cases/s", values=tuple(found))
        for (name, workers), found in values.items()
    ]
    medians = {key: statistics.median(found) for key, found in values.items()}
    ratios = {name: number(medians[name, 2] / medians[name, 1]) for name in STEPS}
    for name, ratio in ratios.items():
        figures.append(
            Figure(
                name=f"{name}: two are times one", unit="times", values=(ratio,),
                to_reach=1.7 if name == "waiting" else None,
            )
        )  # fmt: skip
    document: dict[str, object] = {
        "unit": "cases/s",
        **{f"{name}, {workers}": number(value) for (name, workers), value in medians.items()},
        "two_are_times_one": ratios,
        "how": "PostgreSQL; the cases are stored first, then claimed by workers that already run: from the moment the "
        "first is taken until the last is done. Waiting: an async step that sleeps 50 ms (64 at once in a batch); "
        "computing: a plain step that takes 2 ms of a core.",
    }
    return Result(figures=figures, document=document)

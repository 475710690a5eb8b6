"""A lone case from submit to done, in a worker process and from another one, beside DBOS; and what an idle worker costs."""

import sys
from collections.abc import Sequence

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process

CASES = 200
REACH = {("sqlite", "here"): (12, 25), ("postgres", "here"): (25, 50), ("sqlite", "elsewhere"): (150, None),
         ("postgres", "elsewhere"): (60, None)}  # fmt: skip
WAYS: dict[str, tuple[str, dict[str, object]]] = {
    "pilotage in the worker process": ("benchmarks.ours.lone", {"way": "here"}),
    "pilotage from another process": ("benchmarks.ours.lone", {"way": "elsewhere"}),
    "dbos called directly": ("benchmarks.rivals.dbos_lone", {"way": "direct"}),
    "dbos through its queue, polled every 10 ms": ("benchmarks.rivals.dbos_lone", {"way": "queue", "polling": 0.01}),
    "dbos through its queue, as it comes": ("benchmarks.rivals.dbos_lone", {"way": "queue", "polling": 1.0}),
}
HOW = (
    "One record at a time, at moments that follow no rhythm. Pilotage: a submission begun and one record taken in, until "
    "the checkpoint of its last step is committed (in the worker process: its own word; from another process: a look "
    "into the database every 2 ms). DBOS: a workflow of four steps, until it has returned, or get_result every 5 ms."
)


def measure(options: Options) -> Result:
    """Milliseconds, and the share of a core."""
    cases = 40 if options.quick else CASES
    figures: list[Figure] = []
    document: dict[str, object] = {"unit": "ms", "how": HOW}
    with databases() as given:
        for kind in ("sqlite", "postgres"):
            for name, (module, settings) in WAYS.items():
                many = cases if settings.get("polling") != 1.0 else cases // 5
                try:
                    with given.empty(kind) as url:
                        found = in_process(module, {"url": url, "number": many, **settings})["milliseconds"]
                except Failed as error:
                    print(f"{name} on {kind} was not measured: {error}", file=sys.stderr)
                    continue
                told = {"p50": number(_at(found, 0.50)), "p99": number(_at(found, 0.99)), "cases": len(found)}
                document[f"{name}, {kind}"] = told
                print(f"{name}, {kind}: {told}", file=sys.stderr)
                reach = REACH.get((kind, str(settings["way"])), (None, None))
                for word, share, wanted in (("p50", 0.50, reach[0]), ("p99", 0.99, reach[1])):
                    value = (_at(found, share),)
                    figures.append(Figure(name=f"{name}, {kind}, {word}", unit="ms", values=value, to_reach=wanted))
            with given.empty(kind) as url:
                settings = {"url": url, "number": 0, "way": "idle", "seconds": 5 if options.quick else 20}
                share = in_process("benchmarks.ours.lone", settings)["share"]
            document[f"idle worker, {kind}"] = {"share_of_a_core": round(share, 4)}
            figures.append(Figure(name=f"idle worker, {kind}", unit="% of a core", values=(share * 100,), to_reach=3))
    return Result(figures=figures, document=document)


def _at(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

"""New cases per second, and the times of pages and queries, with 10,000, 100,000 and 1,000,000 stored cases."""

import statistics
import sys
from typing import Any

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process

CASES = (10_000, 100_000, 1_000_000)
HOW = (
    "10,000 cases go through the platform and are then copied in the database, each copy a day older, with outcomes, "
    "timelines and an effect; one in a hundred is a dead letter, one waits for a person. Then 5,000 new ones go through, three times. "
    "Pages (got from the web application as a browser does) and queries run forty times each, after one that is not counted."
)


def measure(options: Options) -> Result:
    """Each size on each database."""
    sizes = options.cases or ((10_000, 100_000) if options.quick else CASES)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    with databases() as given:
        for kind in ("sqlite", "postgres"):
            for size in sizes:
                try:
                    with given.empty(kind) as url:
                        one = in_process("benchmarks.ours.grown", {"url": url, "cases": size}, within=1_800)
                except Failed as error:
                    print(f"{kind} with {size:,} was not measured: {error}", file=sys.stderr)
                    continue
                found[kind, size] = one
                asked = {name: number(_late(times)) for name, times in one["queries"].items()}
                print(f"{kind} {size:,}: {statistics.median(one['speeds']):,.0f} cases/s; ms: {asked}", file=sys.stderr)
    return _result(found)


def _late(times: list[float]) -> float:
    """The 95th percentile."""
    return sorted(times)[int(len(times) * 0.95)]


def _result(found: dict[tuple[str, int], dict[str, Any]]) -> Result:
    figures: list[Figure] = []
    document: dict[str, object] = {"unit": {"speed": "cases/s", "queries": "ms, 95th percentile"}, "how": HOW}
    for (kind, size), one in found.items():
        name = f"{kind}, {size:,} stored"
        first = next((other for (base, _), other in found.items() if base == kind), one)
        least = 0.8 * statistics.median(first["speeds"])
        figures.append(Figure(name=f"{name}: new", unit="cases/s", values=tuple(one["speeds"]), to_reach=least))
        for query, times in one["queries"].items():
            figures.append(Figure(name=f"{name}: {query}", unit="ms", values=tuple(times), to_reach=100))
        document[name] = {
            "cases_per_second": number(statistics.median(one["speeds"])),
            "queries": {query: number(_late(times)) for query, times in one["queries"].items()},
            "filled_in_seconds": number(one["filled"]),
        }
    return Result(figures=figures, document=document)

"""Effects per second against a help desk that counts, without and with a quota, by one and three workers."""

import statistics
import sys
from typing import Any

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process

QUOTA = 200
ROUNDS = 1
HOW = (
    "The example's help desk as a process; all figures from its own log. Worker processes run before the records come "
    f"in. With a quota the desk takes {QUOTA} requests in each second of its clock and answers 429 to the others; the "
    f"connection declares Window({QUOTA}, seconds=1). Use is counted over whole seconds, the first and last left out."
)


def measure(options: Options) -> Result:
    """Each combination in turn."""
    many = {0: 1_000 if options.quick else 5_000, QUOTA: 1_000 if options.quick else 3_000}
    found: dict[str, list[dict[str, Any]]] = {}
    with databases() as given:
        for _ in range(options.rounds or ROUNDS):
            for kind in ("sqlite", "postgres"):
                for quota in (0, QUOTA):
                    for workers in (1, 3):
                        name = f"{kind}, {workers} worker(s), {f'{quota} a second' if quota else 'no quota'}"
                        settings = {"number": many[quota], "workers": workers, "per_second": quota}
                        try:
                            with given.empty(kind) as url:
                                one = in_process("benchmarks.ours.sends", {"url": url, **settings})
                        except Failed as error:
                            print(f"{name} was not measured: {error}", file=sys.stderr)
                            continue
                        found.setdefault(name, []).append(one)
                        print(f"{name}: {one}", file=sys.stderr)
    figures: list[Figure] = []
    document: dict[str, object] = {"unit": "effects/s", "how": HOW}
    for name, several in found.items():
        figures.append(_figure(name, "effects/s", [one["per_second"] for one in several]))
        document[name] = told = {"effects_per_second": number(statistics.median(one["per_second"] for one in several))}
        told["over_quota"] = max(one["over"] for one in several)
        told["places"] = several[-1]["places"]
        if "quota_use" in several[0]:
            use = [one["quota_use"] * 100 for one in several]
            figures.append(_figure(f"{name}: quota use", "%", use, to_reach=95))
            figures.append(_figure(f"{name}: over quota", "requests", [one["over"] for one in several], to_reach=0))
            told["quota_use_percent"] = number(statistics.median(use))
    return Result(figures=figures, document=document)


def _figure(name: str, unit: str, values: list[float], to_reach: float | None = None) -> Figure:
    return Figure(name=name, unit=unit, values=tuple(values), to_reach=to_reach)

"""How long ten cases wait beside a flood of another automation, of another segment, and at a slow connection."""

import statistics
import sys

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process

ROUNDS = 3
FLOOD = {"automation": 5_000, "segment": 5_000, "connection": 2_000}
HOW = (
    "One worker. The flood is stored before the worker starts; two seconds after its first cases move, ten small cases are "
    "submitted, and the clock runs until all ten are done. Automation and segment: a case of the flood takes 20 ms in its step. "
    "Connection: a call of the flood takes 0.5 s. The measurement fails if the flood ends first."
)


def measure(options: Options) -> Result:
    """Each kind of flood, and the same ten cases alone, on both databases."""
    values: dict[str, list[float]] = {}
    with databases() as given:
        for _ in range(options.rounds or (1 if options.quick else ROUNDS)):
            for kind in ("sqlite", "postgres"):
                for what, flood in FLOOD.items():
                    for many in (0, flood):
                        name = f"{kind}, {what}, {f'beside {many:,}' if many else 'alone'}"
                        try:
                            with given.empty(kind) as url:
                                found = in_process("benchmarks.ours.fair", {"url": url, "kind": what, "flood": many})
                        except Failed as error:
                            print(f"{name} was not measured: {error}", file=sys.stderr)
                            continue
                        values.setdefault(name, []).append(found["seconds"])
                        print(f"{name}: {found}", file=sys.stderr)
    figures = [Figure(name=name, unit="s", values=tuple(several)) for name, several in values.items()]
    document: dict[str, object] = {"unit": "s", "how": HOW}
    document |= {name: number(statistics.median(several)) for name, several in values.items()}
    return Result(figures=figures, document=document)

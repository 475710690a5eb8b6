"""The memory of a process that takes in and handles 1,000,000 cases, against what it held after 10,000."""

import sys
from typing import Any

from benchmarks.databases import databases
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.ours.memory import FIRST
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process

CASES = 1_000_000
QUICK = 100_000
MOST = 1.2
HOW = (
    "One process as `pilotage submit FILE --work` has it takes in and handles file after file of 10,000 records; its "
    "resident memory (VmRSS) is read each time all of a file's cases are done. The database's server is not counted."
)


def measure(options: Options) -> Result:
    """Once on each database."""
    cases = options.cases[0] if options.cases else QUICK if options.quick else CASES
    figures: list[Figure] = []
    document: dict[str, object] = {"unit": "MB", "how": HOW}
    with databases() as given:
        for kind in options.only or ("sqlite", "postgres"):
            try:
                with given.empty(kind) as url:
                    one = in_process("benchmarks.ours.memory", {"url": url, "cases": cases}, within=14_400)
            except Failed as error:
                print(f"{kind} was not measured: {error}", file=sys.stderr)
                continue
            told = _told(one, cases)
            print(f"{kind}: {told}", file=sys.stderr)
            document[kind] = told
            figures.append(_figure(f"{kind}, {cases:,} cases: end / after {FIRST:,}", told["end_is_times_first"]))
    return Result(figures=figures, document=document)


def _figure(name: str, ratio: float) -> Figure:
    return Figure(name=name, unit="times", values=(ratio,), to_reach=MOST)


def _told(one: dict[str, Any], cases: int) -> dict[str, Any]:
    after = {int(done): megabytes for done, megabytes in one["megabytes"].items()}
    return {
        "megabytes": {done: number(after[done]) for done in sorted(after) if done in _shown(cases)},
        "greatest": number(one["greatest"]),
        "end_is_times_first": number(after[max(after)] / after[FIRST]),
        "seconds": number(one["seconds"]),
    }


def _shown(cases: int) -> set[int]:
    """Which numbers of cases are told: the first, and ten more."""
    return {FIRST, *(max(FIRST, cases * tenth // 10 // FIRST * FIRST) for tenth in range(1, 11))}

"""Cases per second through four computing steps with all bookkeeping, beside rivals and a hand-written floor."""

import shutil
import statistics
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence

from benchmarks.contender import Contender
from benchmarks.databases import Databases, databases
from benchmarks.environment import from_npm, python, version
from benchmarks.figures import Figure, Options, Result, number
from benchmarks.processes import Failed
from benchmarks.processes import measure as in_process
from benchmarks.rivals import CONTENDERS

ROUNDS = 3
PER_RECORD = ("dbos_started", "dbos_enqueued", "dbos_enqueued_by_a_client")
_FEW = 1_000
Values = Mapping[tuple[str, str], Sequence[float]]


def measure(options: Options) -> Result:
    """Everybody in turn, several times: Pilotage, rivals, floor, Pilotage, ..."""
    chosen = [one for one in CONTENDERS if _takes_part(one, options)]
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    out: dict[tuple[str, str], str] = {}
    with databases() as given:
        for turn in range(options.rounds or (2 if options.quick else ROUNDS)):
            for one in chosen:
                if options.quick and turn and one.quick < _FEW:
                    continue  # the slow ones once, so that it stays under a minute
                for kind in one.databases:
                    if (one.name, kind) not in out:
                        _add(given, one, kind, values, out, quick=options.quick)
    return _result(values, {one.name for one in chosen})


def _takes_part(one: Contender, options: Options) -> bool:
    if options.only:
        return one.name in options.only
    return bool(one.quick) or not options.quick


def _add(
    given: Databases,
    one: Contender,
    kind: str,
    values: dict[tuple[str, str], list[float]],
    out: dict[tuple[str, str], str],
    *,
    quick: bool,
) -> None:
    many = one.quick if quick else one.records
    try:
        _refuse_missing(one)
        with given.empty(kind) as url:
            interpreter = python() if one.apart else sys.executable
            settings = {"url": url, "number": many, **one.settings}
            if one.program:
                settings["program"] = from_npm(*one.program)
            found = in_process(one.module, settings, python=interpreter, within=300)
    except Failed as error:
        out[one.name, kind] = str(error)
        print(f"{one.name} on {kind} was not measured: {error}", file=sys.stderr)
        return
    speed = found["number"] / found["seconds"]
    values[one.name, kind].append(speed)
    print(f"{one.name:32}{kind:10}{speed:10,.0f} cases/s  ({many:,} in {found['seconds']:.2f} s)", file=sys.stderr)


def _refuse_missing(one: Contender) -> None:
    for program in one.needs:
        if shutil.which(program) is None:
            raise Failed(f"there is no {program} on this machine")


def _result(values: Values, measured: set[str]) -> Result:
    figures = [
        Figure(name=f"{name} {kind}", unit="cases/s", values=tuple(found)) for (name, kind), found in values.items()
    ]
    medians = {key: statistics.median(found) for key, found in values.items()}
    document: dict[str, object] = {"unit": "cases/s"}
    how: dict[str, str] = {}
    spread: dict[str, dict[str, list[float] | None]] = {}
    for one in CONTENDERS:
        kinds = dict.fromkeys(("sqlite", "postgres", *one.databases))
        document[one.name] = {kind: _told(medians.get((one.name, kind))) for kind in kinds}
        ranges = {kind: values.get((one.name, kind)) for kind in kinds}
        spread[one.name] = {
            kind: [number(min(found)), number(max(found))] if found else None for kind, found in ranges.items()
        }
        how[one.name] = _how(one) if one.name in measured else "not measured in this run"
        if one.name == PER_RECORD[-1]:
            best, word = _fastest_per_record(medians)
            document["dbos_workflow_per_record"], how["dbos_workflow_per_record"] = best, word
    ratios = {kind: _ratios(document, kind) for kind in ("sqlite", "postgres")}
    rounds = {f"{name} {kind}": len(found) for (name, kind), found in values.items()}
    document |= {"how": how, "spread": spread, "pilotage_is_times": ratios, "rounds": rounds}
    words = tuple(f"{kind}: Pilotage is " + _sentence(found) for kind, found in ratios.items() if found)
    return Result(figures=figures, document=document, words=words)


def _fastest_per_record(medians: Mapping[tuple[str, str], float]) -> tuple[dict[str, float | None], str]:
    best: dict[str, float | None] = {}
    words: list[str] = []
    for kind in ("sqlite", "postgres"):
        found = {name: medians[name, kind] for name in PER_RECORD if (name, kind) in medians}
        name = max(found, key=found.__getitem__, default=None)
        best[kind] = None if name is None else number(found[name])
        words += [] if name is None else [f"{kind}: {name}"]
    return best, "The fastest of dbos_started, dbos_enqueued and dbos_enqueued_by_a_client; " + ", ".join(
        words or ["not measured"]
    )


def _told(value: float | None) -> float | None:
    return None if value is None else number(value)


def _how(one: Contender) -> str:
    interpreter = python() if one.apart else sys.executable
    return one.how.format(**{package: version(package, of=interpreter) for package in one.packages})


def _ratios(document: Mapping[str, object], kind: str) -> dict[str, float]:
    speeds = {name: found.get(kind) for name, found in document.items() if isinstance(found, dict)}
    ours = speeds.pop("pilotage", None)
    return {name: number(ours / speed) for name, speed in speeds.items() if ours and speed}


def _sentence(ratios: Mapping[str, float]) -> str:
    return ", ".join(f"{ratio:g} times {name}" for name, ratio in ratios.items()) + "."

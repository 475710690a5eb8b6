"""`./dev bench` lists the scenarios; `./dev bench NAME [--json]` runs one; `./dev bench plot` draws what is kept."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import page
from benchmarks.figures import Figure, Options, Result
from benchmarks.machine import machine
from benchmarks.scenarios import SCENARIOS

RESULTS = Path(__file__).resolve().parent / "results"


def main(words: Sequence[str]) -> int:
    """List, or measure and print."""
    if not words:
        for name, scenario in SCENARIOS.items():
            print(f"./dev bench {name:12} {(scenario.__doc__ or '').splitlines()[0]}")
        print(
            "./dev bench plot         Draws docs/benchmarks/*.svg and fills docs/benchmarks.md from benchmarks/results/*.json."
        )
        return 0
    if words[0] == "plot":
        from benchmarks.environment import python
        from benchmarks.processes import measure

        for drawn in measure("benchmarks.plots", {}, python=python())["drawn"]:
            print(drawn)
        page.PAGE.write_text(page.fill(page.PAGE.read_text(encoding="utf-8"), RESULTS), encoding="utf-8")
        print("docs/benchmarks.md")
        return 0
    chosen = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # so that servers and folders are cleared away
    about = machine()
    options = Options(quick=chosen.quick, rounds=chosen.rounds, only=tuple(chosen.only), cases=tuple(chosen.cases))
    result = SCENARIOS[chosen.name].measure(options)
    document = {**result.as_document(), "machine": about}
    if chosen.keep:
        kept = RESULTS / f"{chosen.name}.json"
        kept.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"kept: {kept}", file=sys.stderr)
    if chosen.json:
        print(json.dumps(document))
    else:
        _table(result)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("name", choices=list(SCENARIOS))
    parser.add_argument("--json", action="store_true", help="one object on standard output and nothing else")
    parser.add_argument("--quick", action="store_true", help="under a minute: fewer records, fewer rounds")
    parser.add_argument("--rounds", type=int, help="how often everything is measured")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these alone, such as pilotage floor")
    parser.add_argument("--cases", nargs="+", default=[], type=int, help="growth, memory: how many")
    parser.add_argument("--keep", action="store_true", help="write benchmarks/results/NAME.json too")
    return parser


def _table(result: Result) -> None:
    wide = max((len(figure.name) for figure in result.figures), default=0) + 2
    print(f"{'':{wide}}{'median':>10}{'least':>10}{'greatest':>10}{'to reach':>10}")
    for figure in result.figures:
        print(f"{figure.name:{wide}}{_row(figure)}  {figure.unit}")
    for words in result.words:
        print(words)


def _row(figure: Figure) -> str:
    least, greatest = min(figure.values), max(figure.values)
    return "".join(f"{_shown(value):>10}" for value in (figure.median, least, greatest, figure.to_reach))


def _shown(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

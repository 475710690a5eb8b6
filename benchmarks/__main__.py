"""`./dev bench` lists the scenarios; `./dev bench NAME [--json]` runs one."""

import json
import sys

from benchmarks.figures import Figure
from benchmarks.scenarios import SCENARIOS


def main(words: list[str]) -> int:
    """List, or measure and print."""
    names = [word for word in words if not word.startswith("-")]
    if not names:
        for name, scenario in SCENARIOS.items():
            print(f"./dev bench {name:12} {(scenario.__doc__ or '').splitlines()[0]}")
        return 0
    if names[0] not in SCENARIOS:
        print(f"There is no scenario {names[0]!r}. There are: {', '.join(SCENARIOS)}", file=sys.stderr)
        return 2
    figures = SCENARIOS[names[0]].measure()
    if "--json" in words:
        print(json.dumps({figure.name: {"unit": figure.unit, "values": figure.values} for figure in figures}))
    else:
        _table(figures)
    return 0


def _table(figures: list[Figure]) -> None:
    print(f"{'':32}{'median':>10}{'least':>10}{'greatest':>10}{'to reach':>10}")
    for figure in figures:
        to_reach = "" if figure.to_reach is None else f"{figure.to_reach:.3f}"
        values = f"{figure.median:10.3f}{min(figure.values):10.3f}{max(figure.values):10.3f}{to_reach:>10}"
        print(f"{figure.name:32}{values}  {figure.unit}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Draws docs/benchmarks/*.svg from benchmarks/results/*.json; runs in benchmarks/.venv, for matplotlib."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DRAWN = ROOT / "docs" / "benchmarks"
KINDS = {"sqlite": "#2f6f8f", "postgres": "#c77b30", "redis": "#8a8a8a", "own": "#8a8a8a"}


def measure() -> dict[str, list[str]]:
    """Draw every result that is kept."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "pilotage", "font.size": 9, "svg.fonttype": "none"})
    DRAWN.mkdir(parents=True, exist_ok=True)
    drawn: list[str] = []
    for file in sorted(RESULTS.glob("*.json")):
        found = json.loads(file.read_text(encoding="utf-8"))
        draw = {"throughput": _throughput, "latency": _latency, "effects": _effects, "growth": _growth}.get(
            file.stem, _numbers
        )
        figure = draw(found)
        about = found["machine"]
        figure.text(0.01, 0.005, f"{about['date'][:10]}, {about['cores']} cores, {about['processor']}", fontsize=7)
        target = DRAWN / f"{file.stem}.svg"
        figure.savefig(target, bbox_inches="tight", metadata={"Date": None})
        drawn.append(str(target.relative_to(ROOT)))
    return {"drawn": drawn}


def _throughput(found: Mapping[str, Any]) -> Any:
    rows = [
        (name, kind, speed)
        for name, kinds in found.items()
        if name in found["how"]
        for kind, speed in kinds.items()
        if speed is not None and name != "dbos_workflow_per_record"
    ]
    rows.sort(key=lambda row: row[2])
    return _bars([(f"{name.replace('_', ' ')}, {kind}", value, KINDS[kind]) for name, kind, value in rows],
                 "cases per second through four steps (logarithmic)", log=True)  # fmt: skip


def _latency(found: Mapping[str, Any]) -> Any:
    rows = [(name, told) for name, told in found.items() if isinstance(told, dict) and "p50" in told]
    bars = [(f"{name}, {word}", told[word], _colour(name)) for name, told in reversed(rows) for word in ("p99", "p50")]
    return _bars(bars, "milliseconds from submit to done (logarithmic)", log=True)


def _effects(found: Mapping[str, Any]) -> Any:
    rows = [(name, told["effects_per_second"]) for name, told in found.items() if isinstance(told, dict)
            and "effects_per_second" in told]  # fmt: skip
    return _bars([(name, value, _colour(name)) for name, value in reversed(rows)], "effects per second")


def _growth(found: Mapping[str, Any]) -> Any:
    rows = [(name, told["cases_per_second"]) for name, told in found.items() if isinstance(told, dict)
            and "cases_per_second" in told]  # fmt: skip
    return _bars([(name, value, _colour(name)) for name, value in reversed(rows)], "new cases per second")


def _numbers(found: Mapping[str, Any]) -> Any:
    rows = [(name, value) for name, value in found.items() if isinstance(value, int | float)]
    return _bars([(name, value, _colour(name)) for name, value in reversed(rows)], str(found.get("unit", "")))


def _colour(name: str) -> str:
    return KINDS["sqlite"] if "sqlite" in name else KINDS["postgres"]


def _bars(rows: list[tuple[str, float, str]], label: str, *, log: bool = False) -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 0.26 * len(rows)))
    axes = figure.subplots()
    bars = axes.barh([row[0] for row in rows], [row[1] for row in rows], color=[row[2] for row in rows])
    axes.bar_label(bars, [f"{row[1]:,.0f}" if row[1] >= 10 else f"{row[1]:g}" for row in rows], padding=3, fontsize=8)
    axes.set_xlabel(label)
    if log:
        axes.set_xscale("log")
    axes.margins(x=0.12)
    axes.spines[["top", "right"]].set_visible(False)
    return figure

"""Writes what is kept in benchmarks/results/*.json into the tables of docs/benchmarks.md, between their marks."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NOT_FIGURES = {"how", "machine", "unit", "spread", "pilotage_is_times", "rounds"}
_NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL", "own": "its own store", "redis": "Redis"}


def fill(text: str, results: Path) -> str:
    """The page with the tables of what is kept; a table of which nothing is kept says so."""

    def table(found: re.Match[str]) -> str:
        file = results / f"{found[2]}.json"
        lines = (
            _table(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else ["Nothing is kept of it yet."]
        )
        return "\n".join([found[1].rstrip(), *lines, found[3]])

    return _TABLE.sub(table, text)


def _table(result: Mapping[str, Any]) -> list[str]:
    figures = {name: value for name, value in result.items() if name not in _NOT_FIGURES}
    rows = {name: _flat(value) for name, value in figures.items()}
    if all(set(row) <= set(_NAMES) for row in rows.values()):
        rows = dict(sorted(rows.items(), key=lambda row: -max((one or 0 for one in row[1].values()), default=0)))
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    about = result["machine"]
    return [
        "",
        f"| | {' | '.join(_NAMES.get(column, column.replace('_', ' ')) for column in columns)} |",
        f"|---|{'---:|' * len(columns)}",
        *(
            f"| {name.replace('_', ' ')} | {' | '.join(_told(row.get(column)) for column in columns)} |"
            for name, row in rows.items()
        ),
        "",
        f"{about['date'][:10]}, {about['cores']} cores, {about['processor']}, load before the run {about['load_before']}.",
        "",
    ]


def _flat(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"": value}
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "queries":
            flat |= inner
        elif not isinstance(inner, dict | list):
            flat[name] = inner
    return flat


def _told(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "" if value is None else str(value)


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8"), ROOT / "benchmarks" / "results"), encoding="utf-8")

"""What a scenario gives: figures for the table, and one object for programs."""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing that was measured several times."""

    name: str
    unit: str
    values: tuple[float, ...]
    to_reach: float | None = None

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a scenario measured."""

    figures: list[Figure]
    document: Mapping[str, object] = field(default_factory=dict[str, object])
    """What `--json` prints and `results/` keeps; empty: it is made of the figures."""
    words: tuple[str, ...] = ()
    """Sentences under the table."""

    def as_document(self) -> Mapping[str, object]:
        """One object."""
        if self.document:
            return self.document
        return {one.name: {"unit": one.unit, "values": one.values} for one in self.figures}


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the command line says."""

    quick: bool = False
    rounds: int | None = None
    only: tuple[str, ...] = ()
    """Names that are measured; none: all."""
    cases: tuple[int, ...] = ()


def number(value: float) -> float:
    """A figure as it is told: three significant digits are more than it is worth."""
    return round(value) if value >= 100 else float(f"{value:.3g}")

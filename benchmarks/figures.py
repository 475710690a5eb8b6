"""What a scenario gives: figures, each with its name, its unit and all values that were measured."""

import statistics
from dataclasses import dataclass


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

"""What is asked for in the way of traces and metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pilotage.machinery.telemetry.errors import TelemetryMisset


class Paths(StrEnum):
    """How much of a call's path is shown."""

    WORDS = "words"
    """Its parts that are plain words; each other one is a star."""
    NONE = "none"
    WHOLE = "whole"


@dataclass(frozen=True, kw_only=True, slots=True)
class TelemetrySettings:
    """Where traces and metrics go, and how much of them. Something of it is on."""

    spans: bool = False
    """To a collector."""
    metrics: bool = False
    """To a collector."""
    endpoint: str | None = field(default=None, repr=False)
    """The collector as the project's file names it; None: as the environment does."""
    file: Path | None = None
    """The file to which every span is written, a line each."""
    sample: float | None = None
    """The share of traces that is kept; None: as the environment says, else all."""
    paths: Paths = Paths.WORDS
    fault: TelemetryMisset | None = None
    """Why nothing can be sent that is asked for."""
    named: Mapping[str, str] = field(default_factory=dict[str, str])
    """What the resource is called beside what the environment says of it."""

    @property
    def traces(self) -> bool:
        """Whether anybody gets spans."""
        return self.spans or self.file is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure of the whole platform, with a value for each set of labels."""

    name: str
    help: str
    rows: Sequence[tuple[Mapping[str, str], float]]
    counts: bool = False
    """It only grows."""

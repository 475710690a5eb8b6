"""Somebody who does the work: Pilotage, the floor, or a rival."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One way of doing the work. `measure(url, number, **settings)` of the module gives {"seconds": ..., ...}."""

    name: str
    module: str
    how: str
    """The configuration in a sentence; `{packages}` is filled with versions."""
    records: int
    """How many records are measured: enough for some seconds."""
    quick: int = 0
    """How many with --quick; 0: it is left out there."""
    databases: tuple[str, ...] = ("sqlite", "postgres")
    settings: Mapping[str, object] = field(default_factory=dict[str, object])
    packages: tuple[str, ...] = ()
    """Whose versions are told."""
    apart: bool = False
    """Whether it runs in the rivals' environment, benchmarks/.venv."""
    needs: tuple[str, ...] = ()
    """Programs that have to be on the PATH."""
    program: tuple[str, str] | None = None
    """A package of npm's and the program in it (see environment.from_npm); `measure` gets its path as `program`."""

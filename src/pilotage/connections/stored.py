"""What is kept of a connection in its row, and how a declared limit is written there."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from pilotage.authoring.limits import Breaker as DeclaredBreaker
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.connections.breaker import SECOND, Breaker, Terms
from pilotage.connections.checked import Checked
from pilotage.connections.clocks import Clocks
from pilotage.connections.giving_way import Line


class Counted(BaseModel):
    """What one limit has counted."""

    model_config = ConfigDict(extra="ignore")
    empty_at: int = 0
    at: dict[int, int] = Field(default_factory=dict[int, int])
    held: dict[int, int] = Field(default_factory=dict[int, int])


class Declared(BaseModel):
    """What one release declares, and when it was heard of last."""

    model_config = ConfigDict(extra="ignore")
    limits: list[dict[str, str | int | float]]
    breaker: dict[str, float] = Field(default_factory=dict[str, float])
    """In seconds; empty where a version declared it that knows of none."""
    heard: int


class Throttled(BaseModel):
    """What the other side said about its own limits."""

    model_config = ConfigDict(extra="ignore")
    times: int = 0
    last: int = 0
    early: int = 0
    """How often it refused a call although every limit that is declared had room."""
    early_at: int = 0
    early_left: float = 0.0
    """The share of the tightest limit that was left then."""


class Told(BaseModel):
    """What the other side told last in its headers."""

    model_config = ConfigDict(extra="ignore")
    at: int
    remaining: int
    until: int
    """When it counts anew."""
    limit: int | None = None
    window: float | None = None
    left: int | None = None
    """Where it has fewer left than is counted here: how many may still be permitted until then."""


class Said(BaseModel):
    """What was heard last, of one kind."""

    model_config = ConfigDict(extra="ignore")
    at: int
    words: str


class Stored(BaseModel):
    """The row's text. Unknown fields are those of a later version, which may run beside this one."""

    model_config = ConfigDict(extra="allow")
    clock: int = 0
    """The row's time when it was written: it goes on by a clock that cannot be set, where there is one."""
    clocks: Clocks | None = None
    """What the two clocks of the host read then; None where time is the database server's."""
    closed_until: int = 0
    declared: dict[str, Declared] = Field(default_factory=dict[str, Declared])
    counted: dict[str, Counted] = Field(default_factory=dict[str, Counted])
    answered: dict[int, int] = Field(default_factory=dict[int, int])
    throttled: Throttled = Field(default_factory=Throttled)
    breaker: Breaker = Field(default_factory=Breaker)
    heard: dict[int, dict[str, int]] = Field(default_factory=dict[int, dict[str, int]])
    held_back: dict[int, int] = Field(default_factory=dict[int, int])
    """By hour, how many second and later attempts had to wait."""
    said: dict[str, Said] = Field(default_factory=dict[str, Said])
    told: Told | None = None
    line: Line = Field(default_factory=Line)
    checked: dict[str, Checked] = Field(default_factory=dict[str, Checked])
    """Contract checks, by what they ask."""


def spelled(limit: Rate | Quota | Window) -> dict[str, str | int | float]:
    """A declared limit as it is written down."""
    told: dict[str, str | int | float]
    match limit:
        case Rate():
            told = {"form": "rate", "calls": limit.calls, "per": limit.per, "burst": limit.burst, "of": limit.of}
        case Quota():
            told = {"form": "quota", "calls": limit.calls, "per": limit.per, "zone": limit.zone, "of": limit.of}
        case Window():
            told = {"form": "window", "calls": limit.calls, "seconds": limit.seconds, "of": limit.of}
    return told if limit.by is None else told | {"by": limit.by}


def written(told: Mapping[str, str | int | float]) -> Rate | Quota | Window:
    """The limit that is written down."""
    given = {name: value for name, value in told.items() if name not in {"form", "calls"}}
    kinds = {"rate": Rate, "quota": Quota, "window": Window}
    return kinds[str(told["form"])](int(told["calls"]), **given)  # type: ignore[arg-type]


def spelled_terms(declared: DeclaredBreaker) -> dict[str, float]:
    """When a breaker opens, as it is written down."""
    return {
        "rate": declared.rate,
        "at_least": declared.at_least,
        "within": declared.within.seconds,
        "probe_after": declared.probe_after.seconds,
    }


def terms_of(told: Mapping[str, float]) -> Terms:
    """When a breaker opens that is written down; what is not said is as usual."""
    usual = Terms()
    return Terms(
        rate=told.get("rate", usual.rate),
        at_least=int(told.get("at_least", usual.at_least)),
        within=int(told["within"] * SECOND) if "within" in told else usual.within,
        probe_after=int(told["probe_after"] * SECOND) if "probe_after" in told else usual.probe_after,
    )

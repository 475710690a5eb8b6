"""What the Today page shows of the cases: places and counts of one moment, read in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from pilotage.cases.values import EffectState, Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How many, and how long the oldest of them has been there."""

    count: int = 0
    oldest: timedelta | None = None
    """None where there is none, or where it is not known."""


NONE: Final = Counted()
_PACE: Final = timedelta(minutes=10)
"""The time whose pace says how long a queue still needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldOn:
    """A hold that is on."""

    scope: str
    """What it holds, in words: "everything", "the automation tickets", "the connection helpdesk"."""
    reason: str
    by: str
    """Who put it on, and how that is known: "maria (shell user, not verified)"."""
    lasts: timedelta
    """How long it has been on."""
    on_the_way: int = 0
    """Calls that had started before the hold and have not ended yet."""
    everything: bool = False
    intake: bool = False
    """It stops records from being taken in, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Minute:
    """What happened in one minute."""

    start: datetime
    arrived: int = 0
    """Records that came in, by any way."""
    done: int = 0
    """Cases that reached the end of their process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """A number with its name, in a sum."""

    name: str
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """One of the two sums that hold at all times; the terms are those of `pilotage doctor`."""

    left: tuple[Term, ...]
    right: tuple[Term, ...]

    @property
    def missing(self) -> int:
        """How many are on the left and not on the right; below zero: there are too many on the right."""
        return sum(term.count for term in self.left) - sum(term.count for term in self.right)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """Effects of unknown outcome that no decision is about; about the others a person is asked."""

    asked: Counted = NONE
    """About them the other side is asked by itself."""
    left: Counted = NONE
    """Their cases have ended, so that nobody is asked any more."""
    case: str = ""
    """One of those cases."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Places and counts of one moment."""

    as_of: datetime
    """The database's time of the snapshot."""
    arrived: int = 0
    """Records that ever came in."""
    accepted: int = 0
    """Of those, the ones that became cases at once."""
    duplicates: int = 0
    """Of those, the ones that were here already."""
    quarantine: Counted = NONE
    places: Mapping[Place, Counted] = field(default_factory=dict[Place, Counted])
    """Place -> cases there; a place that is not in it has none. The age is of the time in that place."""
    effects: Mapping[EffectState, Counted] = field(default_factory=dict[EffectState, Counted])
    """State -> effects in it; a state that is not in it has none."""
    unknown: Unknown = Unknown()
    holds: tuple[HoldOn, ...] = ()
    flow: tuple[Minute, ...] = ()
    """The last 60 minutes, by the time they began; minutes without anything may be left out."""
    sums: tuple[Sum, ...] = ()
    automations: tuple[str, ...] = ()
    """The names of the automations that are loaded."""

    def at(self, place: Place) -> Counted:
        """The cases at a place."""
        return self.places.get(place, NONE)

    def effects_in(self, state: EffectState) -> Counted:
        """The effects in a state."""
        return self.effects.get(state, NONE)

    @property
    def on_the_way(self) -> int:
        """Cases that go on by themselves: ready, moving or waiting."""
        return sum(self.at(place).count for place in (Place.READY, Place.MOVING, Place.WAITING))

    @property
    def drains_in(self) -> timedelta | None:
        """How long what is on the way still needs, at the pace of the last minutes; None where nothing was done in them."""
        recent = [one for one in self.flow if self.as_of - one.start <= _PACE]
        done = sum(one.done for one in recent)
        if not done:
            return None
        lasted = max(self.as_of - min(one.start for one in recent), timedelta(seconds=1))
        return lasted * (self.on_the_way / done)

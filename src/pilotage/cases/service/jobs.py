"""An effect on its way, what became of it, and the room that a connection has for more."""

from dataclasses import dataclass

from pilotage.cases.outcomes import Outcome
from pilotage.cases.values import Permitted
from pilotage.connections.counting import Flight
from pilotage.connections.limiting import segments_in
from pilotage.connections.standing import CALLS, Standing
from pilotage.connections.values import RawResponse


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """An effect that may be sent, or asked about, until `send_by` of this process's monotonic clock."""

    effect: Permitted
    asking: bool
    send_by: float
    """Seconds of the monotonic clock."""
    settled_at: int
    """Platform time at which an act whose answer is missing can be acting no more."""
    flight: Flight | None = None
    """What its permit holds of the connection's limits; None where it only asks."""
    probe: bool = False
    """It finds out whether the other side works again, while everybody else waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A job with what became of it."""

    job: Job
    outcome: Outcome
    response: RawResponse | None = None
    """What the other side said, where it failed."""


@dataclass(kw_only=True)
class Apart:
    """The room of each value of a segment, where a limit counts them apart."""

    standing: Standing
    flight: Flight
    free_at: int | None = None
    """When the first of those that had none has some, as far as that is known of all of them."""
    _seen: bool = False

    def room(self, segments: str | None, wanted: int) -> int:
        """How many of these cases' effects may be sent."""
        of = segments_in(segments)
        room = self.standing.room(self.flight, wanted=wanted, segment=of)
        if not room:
            free = self.standing.free_at(self.flight, {CALLS: 1}, of)
            first = free if self.free_at is None or not self._seen else min(self.free_at, free or 0)
            self.free_at, self._seen = first, True
        return room

    def took(self, segments: str | None, count: int) -> None:
        """So many were taken."""
        self.standing.take(self.flight, {CALLS: count}, segments_in(segments))

"""The two clocks of a host, and what may be believed of them: one can be set and jumps, the other only goes on. Pure.

A connection's row has a time of its own, which goes on by the clock that cannot be set: what lasts so long is counted on it, and
a jump neither shortens nor lengthens it. Dates are a distance from it. While the host's clock shows another distance than the
one that was kept to, nobody knows which of the two the other side has, and both count.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, ConfigDict

from pilotage.connections.counting import SAME, SECOND, Dates
from pilotage.kernel.clock import Beat

TOLERANCE: Final = SECOND // 20
"""Clocks that differ by no more than this agree: they are not read at the same moment, and one may be slewed."""
SETTLED: Final = 3_600 * SECOND
"""How long a clock that jumped must go on steadily until it is believed: a time server is asked every 1,024 seconds at the
least (RFC 5905), so a jump that it takes back is taken back within three of its turns."""
_DRIFT: Final = 2_000
"""Of so many seconds one may be slewed: 500 millionths, the most that a kernel's discipline does."""
_BACK: Final = SECOND
"""A steady clock that reads so much less than before is another clock: a restored machine, whatever its boot says."""


class Clocks(BaseModel):
    """What the two clocks read when the row was written. Never changed: each reading gives the next one."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    boot: str = ""
    steady: int = 0
    at: int = 0
    """The row's time then."""
    kept: int = 0
    """How far the dates that are kept to lie ahead of the row's time."""
    shown: int = 0
    """How far the host's clock was ahead of the row's time."""
    since: int = 0
    """Since when (the row's time) it has shown that."""

    @property
    def agree(self) -> bool:
        """Whether the host's clock shows the dates that are kept to."""
        return abs(self.shown - self.kept) <= TOLERANCE

    @property
    def dates(self) -> Dates:
        """Between which distances the other side's dates lie."""
        return Dates(low=min(self.kept, self.shown), high=max(self.kept, self.shown))

    @property
    def settles_at(self) -> int | None:
        """When (the row's time) the host's clock is believed; None: it is."""
        return None if self.agree else self.since + SETTLED

    @property
    def is_news(self) -> bool:
        """Whether a jump, or that it was taken back, was seen at this reading; others must know of it."""
        return self.since == self.at


def read(before: Clocks | None, clock: int, now: int, beat: Beat | None) -> tuple[int, Clocks | None]:
    """The row's time now, and what the clocks tell. `clock` is the row's time when it was written.

    Without a beat time is the database server's, or a test's: there is one clock, and it is believed.
    """
    known = before is not None and before.at == clock  # else written by what knows of no clocks: an earlier version
    if beat is None:
        at = max(clock, now - before.kept) if known and before is not None else max(clock, now)
        return at, before.model_copy(update={"at": at, "boot": ""}) if known and before is not None else None
    if before is None or not known:
        at = max(clock, beat.wall)
        return at, Clocks(boot=beat.boot, steady=beat.steady, at=at, shown=beat.wall - at, since=at)
    if beat.boot == before.boot and beat.steady > before.steady - _BACK:
        at = clock + max(0, beat.steady - before.steady)
    else:  # started anew: there is only the host's clock
        at = clock + max(0, beat.wall - (clock + before.dates.high))
    return at, _next(before, at, beat)


def _next(before: Clocks, at: int, beat: Beat) -> Clocks:
    shown, kept, since = beat.wall - at, before.kept, before.since
    drift = min((at - before.at) // _DRIFT, TOLERANCE)
    if abs(shown - kept) <= TOLERANCE:  # nothing jumped: follow it as slowly as a clock is slewed
        kept += max(-drift, min(drift, shown - kept))
        since = since if before.agree else at
    elif before.agree or abs(shown - before.shown) > TOLERANCE + drift:
        since = at
    elif at - since >= SETTLED:
        kept = shown
    return Clocks(boot=beat.boot, steady=beat.steady, at=at, kept=kept, shown=shown, since=since)


def dates_of(clocks: Clocks | None) -> Dates:
    """Between which distances from the row's time the other side's dates lie."""
    return SAME if clocks is None else clocks.dates


_UNITS: Final[Mapping[str, int]] = {"d": 86_400, "h": 3_600, "min": 60, "s": 1}


def jump_in_words(clocks: Clocks) -> str:
    """By how much the host's clock differs: "2 h ahead", "3 d behind"."""
    seconds = max(1, round(abs(clocks.shown - clocks.kept) / SECOND))
    unit = next(name for name, length in _UNITS.items() if seconds >= length)
    return f"{seconds / _UNITS[unit]:.3g} {unit} {'ahead' if clocks.shown > clocks.kept else 'back'}"

"""Who is asked next when nobody answers in time. Pure; there is no way from here to a yes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pilotage.kernel.clock import from_micros, micros
from pilotage.kernel.durations import duration


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Who is asked, and until when."""

    role: str
    step: int
    deadline: int | None
    """Platform time in microseconds; None at the end of the chain."""


def first(chain: Sequence[tuple[str, str]], *, now: int, zone: str) -> Asked:
    """The first of the chain is asked."""
    role, within = chain[0]
    return Asked(role=role, step=0, deadline=_deadline(within, now, zone))


def after_silence(chain: Sequence[tuple[str, str]], *, step: int, now: int, zone: str) -> Asked:
    """The next of the chain; at its end the last one stays asked, without a deadline, and the owner is alarmed."""
    if step + 1 >= len(chain):
        return Asked(role=chain[step][0], step=step, deadline=None)
    role, within = chain[step + 1]
    return Asked(role=role, step=step + 1, deadline=_deadline(within, now, zone))


def _deadline(within: str, now: int, zone: str) -> int:
    moment: datetime = duration(within).after(from_micros(now), zone)
    return micros(moment)

"""What becomes of the work that waits at a connection: when a quota is gone at this pace, how much waits until it is back. Pure.

It is a forecast of steady work: calls go on at the pace of the last minutes, or as fast as the limits allow where there was
none yet, and what waits now is all there is.
"""

from dataclasses import dataclass
from typing import Final

from pilotage.connections.counting import SECOND, Form, QuotaForm, RateForm, WindowForm
from pilotage.connections.standing import CALLS, Standing
from pilotage.connections.wording import moment_in_words
from pilotage.kernel.clock import from_micros
from pilotage.kernel.counted import counted

FASTEST: Final = 1_000.0
"""Calls a second that are reckoned with where no call was seen and nothing but a long quota is declared."""
_MOST_WINDOWS: Final = 5_000
"""Windows of a quota that are looked at: more than thirteen years of days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """What is to be expected of one connection, times in microseconds of platform time."""

    pace: float
    """Calls a second."""
    measured: bool
    """Whether that is what was seen, or what the limits allow."""
    waiting: int
    quota: QuotaForm | None = None
    """The quota that will be gone first."""
    gone_at: int | None = None
    back_at: int | None = None
    will_wait: int = 0
    """How many will still be waiting when it is gone."""
    done_at: int | None = None
    """When all that waits now is done."""
    zone: str = "UTC"
    """The time zone in which its quotas are counted."""


def forecast(standing: Standing, waiting: int) -> Forecast:
    """What is to be expected, where so many effects wait for their turn at the connection."""
    allowed, now = _allowed(standing), standing.dated(standing.now)
    seen = standing.pace()
    pace = seen or (allowed or 0.0)
    if pace <= 0:
        return Forecast(pace=0.0, measured=False, waiting=waiting)
    zone = next((form.zone for form in standing.forms if isinstance(form, QuotaForm)), "UTC")
    gone: list[tuple[int, QuotaForm, int]] = []
    for form in standing.forms:
        if isinstance(form, QuotaForm) and form.unit == CALLS and form.by is None:
            left = (
                form.room(standing.counts[form.key], standing.flight(0)) if form.key in standing.counts else form.calls
            )
            at = now + int(left / pace * SECOND)
            if at < form.end(now) and form.end(now) - now > 60 * SECOND and waiting >= left:
                gone.append((at, form, left))
    if not gone:
        done = now + int(waiting / pace * SECOND) if waiting else None
        return Forecast(pace=pace, measured=seen > 0, waiting=waiting, done_at=done, zone=zone)
    at, form, left = min(gone, key=lambda one: one[0])
    return Forecast(
        pace=pace,
        measured=seen > 0,
        waiting=waiting,
        quota=form,
        gone_at=at,
        back_at=form.end(now),
        will_wait=max(0, waiting - left),
        done_at=_done_at(form, now, waiting, left, pace if left else (allowed or pace)),
        zone=form.zone,
    )


def _done_at(form: QuotaForm, now: int, waiting: int, left: int, pace: float) -> int | None:
    """When it is all done, window after window."""
    begin = now
    for _ in range(_MOST_WINDOWS):
        end = form.end(begin)
        fits = min(left, int((end - begin) / SECOND * pace))
        if waiting <= fits:
            return begin + int(waiting / pace * SECOND)
        waiting -= fits
        begin, left = end, form.calls
    return None


def _allowed(standing: Standing) -> float | None:
    """Calls a second that the short limits allow in the long run."""
    return min((_pace(form) for form in standing.forms if form.unit == CALLS and form.by is None), default=None)


def _pace(form: Form) -> float:
    match form:
        case RateForm():
            return form.calls * SECOND / form.period
        case WindowForm():
            return form.calls * SECOND / form.length
        case QuotaForm() if form.per in {"minute", "hour"}:
            return form.calls / (60 if form.per == "minute" else 3600)
        case _:
            return FASTEST


def in_words(told: Forecast, now: int) -> str:
    """The forecast in a sentence: "At this pace the daily quota is gone at 15:20; 4,100 cases will wait until midnight."."""
    if told.quota is None or told.gone_at is None or told.back_at is None:
        return (
            ""
            if told.done_at is None
            else f"At this pace all {told.waiting:,} are done {_at(told.done_at, now, told.zone)}."
        )
    kind = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}.get(told.quota.per, "")
    zone = told.quota.zone
    back = _moment(told.back_at, now, zone)
    if told.gone_at <= now:
        words = f"The {kind} quota is gone; {counted(told.will_wait, 'case waits', 'cases wait')} until {back}"
    else:
        gone = _at(told.gone_at, now, zone)
        words = (
            f"At this pace the {kind} quota is gone {gone}; {counted(told.will_wait, 'case')} will wait until {back}"
        )
    done = "" if told.done_at is None or not told.will_wait else f", and all are done {_at(told.done_at, now, zone)}"
    return f"{words}{done}."


def _moment(at: int, now: int, zone: str) -> str:
    return moment_in_words(from_micros(at), from_micros(now), zone)


def _at(at: int, now: int, zone: str) -> str:
    moment = _moment(at, now, zone)
    if moment.startswith("tomorrow"):
        return moment
    return f"on {moment}" if " at " in moment else f"at {moment}"

"""How the limits of every connection stand, what is to be expected of them, and where they look wrong: for people and programs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pilotage.authoring.automation import Automation
from pilotage.authoring.limits import Quota, Rate, Window
from pilotage.cases.store import standing as counts
from pilotage.cases.values import EffectState
from pilotage.connections import wording
from pilotage.connections.clocks import jump_in_words
from pilotage.connections.counting import SECOND, QuotaForm, form_of, is_money
from pilotage.connections.forecast import Forecast, forecast, in_words
from pilotage.connections.limiting import read
from pilotage.connections.standing import CALLS, Standing, Used
from pilotage.connections.stored import Told, written
from pilotage.kernel.clock import from_micros
from pilotage.machinery.cli.times import iso
from pilotage.machinery.storage.database import Database
from pilotage.operations.values import Condition, Need, Urgency

_RECENT: Final = 86_400 * SECOND
_SHORT: Final = 0.1
"""A limit with less than so much left is short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One limit of a connection."""

    words: str
    form: str
    unit: str
    value: str | None
    most: float
    left: float
    free_at: int | None
    """When it has room, where it has none now."""
    declared_by: Sequence[str]

    @property
    def share(self) -> float:
        """How much of it is used."""
        return 1 - self.left / self.most


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One connection with its limits."""

    name: str
    now: int
    limits: Sequence[Limit]
    waiting: int
    forecast: Forecast
    sentence: str
    """The forecast in words."""
    throttled: int
    """How often the other side refused a call as one too many."""
    throttled_at: int | None
    closed_until: int | None
    """Until when the other side wants no calls."""
    told: Mapping[str, object] | None
    """What the other side told of its limits last."""
    doubts: Sequence[str]
    """Where what is declared looks wrong."""
    jumped: str | None = None
    """That the clock of this machine jumped, as long as quotas are kept to by both clocks."""

    @property
    def short(self) -> bool:
        """Whether there is little left, or a quota will be gone."""
        gone = self.forecast.gone_at is not None
        return gone or self.closed_until is not None or any(one.left < _SHORT * one.most for one in self.limits)


def accounts(database: Database, automations: Iterable[Automation]) -> list[Account]:
    """Every connection that has limits, or that was ever throttled."""
    own: dict[str, list[Rate | Quota | Window]] = {}
    for connection in (one for automation in automations for one in automation.connections):
        own.setdefault(connection.name, []).extend(connection.limits)
    with database.snapshot() as tx:
        now = database.now(tx)
        standings = read(tx, now, own, beat=database.beat())
        waiting: Counter[str] = Counter()
        for _, connection, state, count, _ in counts.effect_states(tx):
            if state == EffectState.PLANNED.value:
                waiting[connection] += count
    return [
        _account(name, standing, waiting[name])
        for name, standing in standings.items()
        if standing.forms or standing.stored.throttled.times
    ]


def _account(name: str, standing: Standing, waiting: int) -> Account:
    expected = forecast(standing, waiting)
    throttled, told = standing.stored.throttled, standing.stored.told
    now = standing.dated(standing.now)
    return Account(
        name=name,
        now=now,
        limits=[_limit(standing, one) for one in standing.used()],
        waiting=waiting,
        forecast=expected,
        sentence=in_words(expected, now),
        throttled=throttled.times,
        throttled_at=standing.dated(throttled.last) if throttled.last else None,
        closed_until=standing.dated(standing.opens()) if standing.closed else None,
        told=None if told is None else _told(standing, told),
        doubts=doubts(standing),
        jumped=jumped(standing),
    )


def _limit(standing: Standing, used: Used) -> Limit:
    scale = SECOND if is_money(used.form.unit) else 1
    free_at = used.free_at if used.left < 1 else None
    return Limit(
        words=wording.in_words(used.form),
        form=wording.form_in_a_word(used.form),
        unit=used.form.unit,
        value=used.value,
        most=used.form.most / scale,
        left=used.left / scale,
        free_at=None if free_at is None else standing.dated(free_at),
        declared_by=standing.declared_by(used.form),
    )


def doubts(standing: Standing) -> list[str]:
    """Where what is declared looks wrong, in sentences."""
    found: list[str] = []
    if differing := standing.differing():
        told = "; ".join(
            f"{name} declares {', '.join(wording.in_words(form_of(written(one))) for one in limits) or 'none'}"
            for name, limits in sorted(differing.items())
        )
        found.append(f"Its limits are declared differently: {told}. The strictest count.")
    throttled, said = standing.stored.throttled, standing.stored.told
    if throttled.early and throttled.early_at > standing.now - _RECENT:
        at = _clock(standing, throttled.early_at)
        found.append(
            f"It refused {throttled.early:,} {'call' if throttled.early == 1 else 'calls'} as too many, the last at {at}, "
            f"although {throttled.early_left:.0%} was left: its limit is stricter than declared or counts in another form, "
            "or another program uses the account."
        )
    if said is not None and said.limit is not None and said.window is not None:
        found += _told_otherwise(standing, said.limit, said.window)
    return found


def _told(standing: Standing, told: Told) -> dict[str, object]:
    moments = {"at": standing.dated(told.at), "until": standing.dated(told.until)}
    return {**told.model_dump(exclude_none=True), **moments}


def jumped(standing: Standing) -> str | None:
    """That the host's clock jumped, where that matters: a sentence."""
    clocks = standing.stored.clocks
    if clocks is None or clocks.settles_at is None or not any(isinstance(form, QuotaForm) for form in standing.forms):
        return None
    return (
        f"The clock of this machine jumped {jump_in_words(clocks)} by {_clock(standing, clocks.since)}. Nobody knows which of "
        f"the two times is right: quotas are kept to by both until {_clock(standing, clocks.settles_at)}."
    )


def _clock(standing: Standing, moment: int) -> str:
    return wording.moment_in_words(from_micros(standing.dated(moment)), from_micros(standing.dated(standing.now)))


def _told_otherwise(standing: Standing, limit: int, window: float) -> list[str]:
    """A limit that the other side tells, where another one is declared for the same length of time."""
    for form in standing.forms:
        if form.unit == CALLS and form.by is None and _length(form) == window:
            return (
                []
                if _calls(form) == limit
                else [f"It tells a limit of {limit:,} in {window:g} s; declared is {wording.in_words(form)}."]
            )
    return []


def _length(form: object) -> float:
    if isinstance(form, QuotaForm):
        return {"minute": 60.0, "hour": 3600.0, "day": 86_400.0, "week": 604_800.0}.get(form.per, 0.0)
    return float(getattr(form, "period", None) or getattr(form, "length", 0)) / SECOND


def _calls(form: object) -> int:
    return int(getattr(form, "calls", 0))


def needs(found: Sequence[Account]) -> list[Need]:
    """Connections whose limits look wrong: somebody must look at what is declared. And a clock that jumped."""
    jumps = [one for one in found if one.jumped]
    return [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title="The clock of this machine jumped",
            why=f"{one.jumped} Whoever set it need do nothing more if it is right now.",
            command="pilotage limits",
        )
        for one in jumps[:1]
    ] + [
        Need(
            condition=Condition.ATTENTION,
            urgency=Urgency.TROUBLE,
            title=f"The limits of {one.name} look wrong",
            why=" ".join(one.doubts),
            command=f"pilotage limits {one.name}",
        )
        for one in found
        if one.doubts
    ]


def as_data(one: Account) -> Mapping[str, object]:
    """A connection for a program."""
    return {
        "connection": one.name,
        "waiting": one.waiting,
        "limits": [
            {
                "limit": limit.words,
                "form": limit.form,
                "unit": limit.unit,
                "for": limit.value,
                "most": limit.most,
                "left": limit.left,
                "used": limit.most - limit.left,
                "free_at": iso(limit.free_at),
                "declared_by": list(limit.declared_by),
            }
            for limit in one.limits
        ],
        "pace": round(one.forecast.pace, 3),
        "measured": one.forecast.measured,
        "forecast": one.sentence,
        "gone_at": iso(one.forecast.gone_at),
        "back_at": iso(one.forecast.back_at),
        "will_wait": one.forecast.will_wait,
        "done_at": iso(one.forecast.done_at),
        "throttled": one.throttled,
        "throttled_at": iso(one.throttled_at),
        "closed_until": iso(one.closed_until),
        "told": one.told,
        "doubts": list(one.doubts),
        "clock": one.jumped,
    }

"""Sample data for the Today page: what it must be good for, from an empty platform to huge numbers."""

from datetime import UTC, datetime, timedelta
from typing import Final

from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import NONE, Counted, HoldOn, Minute, Places, Sum, Term

NOW: Final = datetime(2026, 11, 23, 14, 24, 11, tzinfo=UTC)


def flow(scale: int = 1, *, until: int = 60) -> tuple[Minute, ...]:
    """An hour of work that comes in waves; `until` is how many of its minutes anything came in."""
    start = NOW.replace(second=0) - timedelta(minutes=59)
    return tuple(
        Minute(
            start=start + timedelta(minutes=index),
            arrived=scale * ((7 * index) % 23 + (index % 5) * 4) if index < until else 0,
            done=scale * ((7 * (index - 2)) % 21 + ((index - 2) % 5) * 4) if 2 <= index < until + 2 else 0,
        )
        for index in range(60)
    )


def sums(
    *,
    arrived: int,
    accepted: int,
    duplicates: int,
    quarantine: int,
    places: dict[Place, Counted],
) -> tuple[Sum, ...]:
    """The two sums, in the terms of the glossary."""
    return (
        Sum(
            left=(Term(name="arrived", count=arrived),),
            right=(
                Term(name="accepted", count=accepted),
                Term(name="duplicates", count=duplicates),
                Term(name="in quarantine", count=quarantine),
                Term(name="discarded by a person", count=0),
            ),
        ),
        Sum(
            left=(Term(name="accepted", count=accepted), Term(name="released from quarantine", count=0)),
            right=tuple(Term(name=place.value, count=here.count) for place, here in places.items()),
        ),
    )


def _platform(
    *,
    places: dict[Place, Counted],
    quarantine: Counted = NONE,
    duplicates: int = 0,
    lost: int = 0,
    effects: dict[EffectState, Counted] | None = None,
    holds: tuple[HoldOn, ...] = (),
    minutes: tuple[Minute, ...] = (),
) -> Places:
    accepted = sum(here.count for here in places.values()) + lost
    arrived = accepted + duplicates + quarantine.count
    return Places(
        as_of=NOW,
        arrived=arrived,
        accepted=accepted,
        duplicates=duplicates,
        quarantine=quarantine,
        places=places,
        effects=effects or {},
        holds=holds,
        flow=minutes,
        sums=sums(
            arrived=arrived, accepted=accepted, duplicates=duplicates, quarantine=quarantine.count, places=places
        ),
        automations=("tickets",),
    )


EMPTY: Final = Places(as_of=NOW)

HEALTHY: Final = _platform(
    places={
        Place.READY: Counted(count=4, oldest=timedelta(seconds=1)),
        Place.MOVING: Counted(count=10, oldest=timedelta(seconds=3)),
        Place.WAITING: Counted(count=0),
        Place.WITH_PEOPLE: Counted(count=312, oldest=timedelta(hours=3, minutes=4)),
        Place.DONE: Counted(count=1_650),
    },
    quarantine=Counted(count=14, oldest=timedelta(minutes=41)),
    duplicates=10,
    effects={
        EffectState.PLANNED: Counted(count=6, oldest=timedelta(seconds=2)),
        EffectState.SENDING: Counted(count=8, oldest=timedelta(seconds=1)),
        EffectState.CONFIRMED: Counted(count=1_650),
        EffectState.REFUSED: Counted(count=3, oldest=timedelta(minutes=2)),
    },
    minutes=flow(),
)

TROUBLE: Final = _platform(
    places={
        Place.READY: Counted(count=41, oldest=timedelta(seconds=12)),
        Place.MOVING: Counted(count=64, oldest=timedelta(seconds=9)),
        Place.WAITING: Counted(count=318, oldest=timedelta(minutes=22)),
        Place.WITH_PEOPLE: Counted(count=47, oldest=timedelta(days=3)),
        Place.DEAD_LETTER: Counted(count=3, oldest=timedelta(hours=2)),
        Place.DONE: Counted(count=911),
        Place.WITHDRAWN: Counted(count=2),
    },
    quarantine=Counted(count=28, oldest=timedelta(hours=5)),
    effects={
        EffectState.PLANNED: Counted(count=318, oldest=timedelta(minutes=22)),
        EffectState.SENDING: Counted(count=2, oldest=timedelta(minutes=22)),
        EffectState.CONFIRMED: Counted(count=911),
        EffectState.UNKNOWN: Counted(count=14, oldest=timedelta(minutes=24)),
        EffectState.UNDONE: Counted(count=1),
    },
    holds=(
        HoldOn(
            scope="the connection helpdesk",
            reason="The help desk answers 500 after it has done the work",
            by="maria (shell user, not verified)",
            lasts=timedelta(minutes=22),
            on_the_way=2,
        ),
    ),
    minutes=flow(until=38),
)

BROKEN: Final = _platform(
    places={Place.DONE: Counted(count=90), Place.READY: Counted(count=7, oldest=timedelta(minutes=12))},
    lost=3,
    minutes=flow(until=20),
)

HUGE: Final = _platform(
    places={
        Place.READY: Counted(count=1_204_377, oldest=timedelta(minutes=1)),
        Place.MOVING: Counted(count=2_000, oldest=timedelta(seconds=4)),
        Place.WAITING: Counted(count=88_123_456, oldest=timedelta(days=211)),
        Place.WITH_PEOPLE: Counted(count=12_345_678, oldest=timedelta(days=400)),
        Place.DEAD_LETTER: Counted(count=1_000_000, oldest=timedelta(days=90)),
        Place.HANDED_OVER: Counted(count=734_000_111),
        Place.DONE: Counted(count=1_987_654_321),
        Place.WITHDRAWN: Counted(count=45_678),
    },
    quarantine=Counted(count=9_876_543, oldest=timedelta(days=31)),
    duplicates=345_678_901,
    effects={state: Counted(count=1_234_567_890, oldest=timedelta(days=400)) for state in EffectState},
    minutes=flow(91_000),
)

HOSTILE: Final = _platform(
    places={Place.WAITING: Counted(count=1, oldest=timedelta(minutes=5))},
    effects={EffectState.PLANNED: Counted(count=1, oldest=timedelta(minutes=5))},
    holds=(
        HoldOn(
            scope='the automation <script>alert("scope")</script>',
            reason='"><img src=x onerror=alert(1)> {{ 7 * 7 }} </hx-partial>',
            by="Robert'); DROP TABLE holds;--",
            lasts=timedelta(minutes=5),
        ),
    ),
)

ALL: Final = {
    "empty": EMPTY,
    "healthy": HEALTHY,
    "trouble": TROUBLE,
    "broken": BROKEN,
    "huge": HUGE,
    "hostile": HOSTILE,
}

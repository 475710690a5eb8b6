"""The panels of the cases on the Today page: places and counts, the last hour, what went out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from pilotage.cases.values import EffectState, Place
from pilotage.cases.values_today import Counted, Minute, Places, Sum
from pilotage.machinery.web import wording
from pilotage.machinery.web.charts import Mirrored, Pair, Share, mirrored, shares
from pilotage.machinery.web.values import Panel, Visit

MINUTES: Final = 60

_MEANINGS: Final[Mapping[Place, str]] = {
    Place.READY: "can go on at once",
    Place.MOVING: "in a batch that runs now",
    Place.WAITING: "for a time, a connection, a season or another automation",
    Place.WITH_PEOPLE: "somebody must decide",
    Place.DEAD_LETTER: "used up their retries",
    Place.HANDED_OVER: "went on in another automation",
    Place.DONE: "reached the end",
    Place.WITHDRAWN: "ended by a person",
}
_QUARANTINE_MEANS: Final = "records that are not as agreed"

_EFFECTS_MEAN: Final[Mapping[EffectState, str]] = {
    EffectState.PLANNED: "not sent yet",
    EffectState.SENDING: "on their way now",
    EffectState.CONFIRMED: "the other side did it",
    EffectState.REFUSED: "the other side did not do it",
    EffectState.UNKNOWN: "not known whether it was done",
    EffectState.UNDOING: "being taken back",
    EffectState.UNDONE: "taken back",
    EffectState.UNDO_REFUSED: "the other side did not take it back",
    EffectState.UNDO_UNKNOWN: "not known whether it was taken back",
}


_SELDOM: Final = frozenset(
    {EffectState.UNDOING, EffectState.UNDONE, EffectState.UNDO_REFUSED, EffectState.UNDO_UNKNOWN}
)
"""States that are shown only when an effect is in them."""


@dataclass(frozen=True, kw_only=True)
class PlaceRow:
    """A place with its cases."""

    name: str
    meaning: str
    here: Counted
    link: str = ""
    """The address of the list of its cases."""


@dataclass(frozen=True, kw_only=True)
class PlaceGroup:
    """Places that belong together."""

    title: str
    kind: str
    """The colour of its share: way, people or ended."""
    count: int
    rows: tuple[PlaceRow, ...]


@dataclass(frozen=True, kw_only=True)
class PlacesContext:
    """Where every record is."""

    automations: tuple[str, ...]
    """The names of the automations that are loaded."""
    arrived: int
    """Records that ever came in."""
    duplicates: int
    """Of those, the ones that were here already."""
    groups: tuple[PlaceGroup, ...]
    """The places in three groups: on the way, in people's hands, ended."""
    bar: tuple[Share, ...]
    """The groups as shares of one bar."""
    sums: tuple[Sum, ...]
    """The sums that hold at all times, with their terms."""
    missing: int
    """Records or cases that the sums do not account for."""


@dataclass(frozen=True, kw_only=True)
class FlowContext:
    """What came in and what was done, minute by minute, in the last hour."""

    sentence: str
    """The hour in a sentence."""
    chart: Mirrored
    """The minutes as bars: what came in upwards, what was done downwards."""
    begins: str
    """The time of the first minute."""
    ends: str
    """The time of the last minute, which is not over."""


@dataclass(frozen=True, kw_only=True)
class EffectRow:
    """A state with its effects."""

    name: str
    meaning: str
    here: Counted


@dataclass(frozen=True, kw_only=True)
class EffectsContext:
    """What went out, by what became of it."""

    planned_ever: int
    """Effects of all states together."""
    rows: tuple[EffectRow, ...]
    """The states, in the order in which an effect goes through them."""


def today_panels(read: Callable[[], Places]) -> tuple[Panel[object], ...]:
    """The panels for the page `today`; `read` is called once for each visit."""
    return (
        Panel(
            name="places",
            page="today",
            slot="places",
            title="Where every record is",
            context=PlacesContext,
            load=partial(_loaded, read, places_context),
            template="cases/places.html",
        ),
        Panel(
            name="flow",
            page="today",
            slot="flow",
            title="The last hour",
            context=FlowContext,
            load=partial(_loaded, read, flow_context),
            template="cases/flow.html",
            order=10,
        ),
        Panel(
            name="effects",
            page="today",
            slot="flow",
            title="What went out",
            context=EffectsContext,
            load=partial(_loaded, read, effects_context),
            template="cases/effects.html",
            order=20,
        ),
    )


def _loaded(read: Callable[[], Places], shape: Callable[[Places], object], visit: Visit) -> object:
    return shape(visit.once(read))


def places_context(places: Places) -> PlacesContext:
    """Where every record is, in three groups."""
    groups = (
        _group("On the way", "way", _rows(places, (Place.READY, Place.MOVING, Place.WAITING))),
        _group(
            "In people's hands",
            "people",
            (
                *_rows(places, (Place.WITH_PEOPLE, Place.DEAD_LETTER)),
                PlaceRow(name="quarantine", meaning=_QUARANTINE_MEANS, here=places.quarantine),
            ),
        ),
        _group("Ended", "ended", _rows(places, (Place.DONE, Place.HANDED_OVER, Place.WITHDRAWN))),
    )
    return PlacesContext(
        automations=places.automations,
        arrived=places.arrived,
        duplicates=places.duplicates,
        groups=groups,
        bar=shares([(group.kind, group.count) for group in groups]),
        sums=places.sums,
        missing=sum(abs(each.missing) for each in places.sums),
    )


def _rows(places: Places, which: Sequence[Place]) -> tuple[PlaceRow, ...]:
    return tuple(
        PlaceRow(
            name=each.value,
            meaning=_MEANINGS[each],
            here=places.at(each),
            link=f"/cases?{urlencode({'place': each.value})}",
        )
        for each in which
    )


def _group(title: str, kind: str, rows: tuple[PlaceRow, ...]) -> PlaceGroup:
    return PlaceGroup(title=title, kind=kind, count=sum(row.here.count for row in rows), rows=rows)


def flow_context(places: Places) -> FlowContext:
    """The last hour, with the minutes in which nothing happened."""
    minutes = whole_hour(places.flow, places.as_of)
    return FlowContext(
        sentence=flow_sentence(minutes),
        chart=mirrored([Pair(label=wording.minute(each.start), up=each.arrived, down=each.done) for each in minutes]),
        begins=wording.minute(minutes[0].start),
        ends=wording.minute(minutes[-1].start),
    )


def whole_hour(flow: Sequence[Minute], as_of: datetime) -> tuple[Minute, ...]:
    """The sixty minutes up to the one that is running, in order, none left out."""
    running = as_of.replace(second=0, microsecond=0)
    known = {each.start.replace(second=0, microsecond=0): each for each in flow}
    starts = (running - timedelta(minutes=back) for back in range(MINUTES - 1, -1, -1))
    return tuple(known.get(start, Minute(start=start)) for start in starts)


def flow_sentence(minutes: Sequence[Minute]) -> str:
    """The hour in words."""
    arrived = sum(each.arrived for each in minutes)
    done = sum(each.done for each in minutes)
    if not arrived and not done:
        return "Nothing came in during the last hour, and nothing was done."
    came = f"{wording.counted(arrived, 'record')} came in" if arrived else "Nothing came in"
    were = "nothing was done" if not done else "1 case was done" if done == 1 else f"{done:,} cases were done"
    busiest = max(minutes, key=lambda each: each.arrived + each.done)
    return (
        f"{came} and {were}. The busiest minute was {wording.minute(busiest.start)}, "
        f"with {busiest.arrived:,} in and {busiest.done:,} done."
    )


def effects_context(places: Places) -> EffectsContext:
    """The effects by state."""
    rows = tuple(
        EffectRow(name=state.value, meaning=_EFFECTS_MEAN.get(state, ""), here=places.effects_in(state))
        for state in EffectState
        if state not in _SELDOM or places.effects_in(state).count
    )
    return EffectsContext(planned_ever=sum(row.here.count for row in rows), rows=rows)

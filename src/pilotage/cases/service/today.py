"""Reading where everything is, for the Today page and `status`: one snapshot, a handful of grouped counts."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from pilotage.cases.store import holding, standing
from pilotage.cases.sums import proof
from pilotage.cases.values import ENDED_PLACES, EffectState, Place
from pilotage.cases.values_today import Counted, HoldOn, Minute, Places, Unknown
from pilotage.kernel.clock import from_micros
from pilotage.kernel.ids import shown
from pilotage.machinery.storage.database import Database, Tx

MINUTE: Final = 60_000_000
HOUR: Final = 60 * MINUTE


def read_places(database: Database, automations: Sequence[str]) -> Places:
    """Places and counts of this moment."""
    with database.snapshot() as tx:
        now = database.now(tx)
        opened = standing.open_places(tx)
        in_quarantine, kept = standing.waiting_in_quarantine(tx)
        tally = standing.tally(tx, opened, in_quarantine)
        oldest = dict[Place, int]()
        for _, place, _, since in opened:
            oldest[Place(place)] = min(since, oldest.get(Place(place), since))
        effects = Counter[EffectState]()
        for _, _, state, number, _ in standing.effect_states(tx):
            effects[EffectState(state)] += number
        return Places(
            as_of=from_micros(now),
            arrived=tally.arrived,
            accepted=tally.accepted,
            duplicates=tally.duplicates,
            quarantine=Counted(count=tally.in_quarantine, oldest=_age(now, kept)),
            places={
                place: Counted(count=number, oldest=_age(now, oldest.get(place)))
                for place, number in tally.places.items()
            },
            effects={state: Counted(count=number) for state, number in effects.items()},
            unknown=_unknown(tx, now) if effects[EffectState.UNKNOWN] else Unknown(),
            holds=tuple(_holds(tx, now)),
            flow=_flow(tx, now),
            sums=proof(tally),
            automations=tuple(automations),
        )


def places_of(database: Database, automation: str) -> tuple[dict[Place, int], int]:
    """How many cases of one automation are in each place, and how many of its records wait in quarantine."""
    with database.snapshot() as tx:
        found = standing.places_of(tx, automation)
        kept, _ = standing.waiting_in_quarantine(tx, automation)
    return {place: found.get(place, 0) for place in Place}, kept


def _age(now: int, since: int | None) -> timedelta | None:
    return None if since is None else timedelta(microseconds=max(0, now - since))


def _unknown(tx: Tx, now: int) -> Unknown:
    found = standing.unknown_effects(tx)
    asked = [(count, oldest) for asks, _, count, oldest, _ in found if asks]
    left = [(count, oldest, case) for asks, place, count, oldest, case in found if not asks and place in ENDED_PLACES]
    return Unknown(
        asked=Counted(
            count=sum(one[0] for one in asked), oldest=_age(now, min((one[1] for one in asked), default=None))
        ),
        left=Counted(count=sum(one[0] for one in left), oldest=_age(now, min((one[1] for one in left), default=None))),
        case=shown("C", left[0][2]) if left else "",
    )


def _holds(tx: Tx, now: int) -> list[HoldOn]:
    return [
        HoldOn(
            scope="everything" if row.scope == "everything" else f"the {row.scope} {row.name}",
            reason=row.reason,
            by=row.by,
            lasts=timedelta(microseconds=max(0, now - row.at)),
            on_the_way=len(holding.on_their_way(tx, row.scope, row.name)),
            everything=row.scope == "everything",
            intake=row.intake,
        )
        for row in holding.standing(tx)
    ]


def _flow(tx: Tx, now: int) -> tuple[Minute, ...]:
    arrived, done = standing.flow(tx, now - HOUR)
    return tuple(
        Minute(start=from_micros(minute * MINUTE), arrived=arrived.get(minute, 0), done=done.get(minute, 0))
        for minute in sorted({*arrived, *done})
    )

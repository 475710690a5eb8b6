"""Second and later attempts are held back while the other side fails now and then: they wait longer, and use up nothing."""

from collections.abc import Sequence
from random import Random

from pilotage.cases.store import permitting
from pilotage.connections.breaker import delayed
from pilotage.connections.counting import Flight
from pilotage.connections.limiting import segments_in
from pilotage.connections.standing import CALLS, Standing
from pilotage.machinery.storage.database import Tx


def without_excess(
    tx: Tx, standing: Standing, taken: Sequence[tuple[int, bool]], apart: Flight | None, chance: Random
) -> list[tuple[int, bool]]:
    """What was permitted, without the repeats for which there is no room now: those are as before, and due later.

    Questions about effects count like acts: all repeats of a connection share what there is. `apart` is the flight whose
    permits were taken already, where limits count segments apart: they are given back. Where no call failed of late nothing
    is read.
    """
    if standing.repeats() is None or not taken:
        return list(taken)
    repeats = permitting.repeats_among(tx, [effect for effect, _ in taken])
    excess = repeats[standing.permit_repeats(len(repeats)) :]
    if not excess:
        return list(taken)
    ids = [one.effect for one in excess]
    due = delayed(len(ids), standing.on_platform(standing.now), chance)
    permitting.put_back(tx, dict(zip(ids, due, strict=True)))
    if apart is not None:
        for one in excess:
            if not one.asking:
                standing.settle(apart, {CALLS: 1}, {}, segments_in(one.segments))
    held = set(ids)
    return [(effect, asking) for effect, asking in taken if effect not in held]

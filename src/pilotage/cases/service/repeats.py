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
    """What was permitted, without the repeats for which there is no room now: those are planned again, for later.

    `apart` is the flight whose permits were taken already, where limits count segments apart: they are given back.
    Where no call failed of late nothing is read.
    """
    room = standing.repeats()
    acts = [effect for effect, asking in taken if not asking]
    if room is None or not acts:
        return list(taken)
    repeats = permitting.repeats_among(tx, acts)
    standing.repeated(min(room, len(repeats)))
    excess = repeats[room:]
    if not excess:
        return list(taken)
    ids = [effect for effect, _ in excess]
    permitting.put_back(tx, dict(zip(ids, delayed(len(ids), standing.now, chance), strict=True)))
    if apart is not None:
        for _, segments in excess:
            standing.settle(apart, {CALLS: 1}, {}, segments_in(segments))
    held = set(ids)
    return [(effect, asking) for effect, asking in taken if asking or effect not in held]

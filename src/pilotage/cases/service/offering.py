"""Offering what cases hand over to other automations, in the checkpoint's transaction.

A case that comes to a hand-over waits there, with its value in a row of its own, until the other automation takes it. One
that comes again (a replay) with the same value finds that it was taken, and goes on.
"""

import hashlib
from collections.abc import Sequence

from pilotage.authoring.plan import Node
from pilotage.cases.leaving import Leaving
from pilotage.cases.store import handing
from pilotage.cases.values import BatchRow, HandOverState, Offer, Place
from pilotage.cases.walk import Walk
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.storage.database import Tx
from pilotage.machinery.storage.pulse import call


def digest_of(text: str) -> str:
    """The digest by which a value that arrives again is known."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def offer(tx: Tx, left: Sequence[Leaving], *, batch: BatchRow, env: Walk, now: int) -> list[Leaving]:
    """Write the rows of cases that came to a hand-over; how each case leaves now."""
    offering = [one.case.id for one in left if one.offer is not None]
    if not offering:
        return list(left)
    earlier = handing.earlier(tx, offering)
    rows: list[dict[str, object]] = []
    contents: list[dict[str, object]] = []
    after: list[Leaving] = []
    numbers = iter(ids.make(len(offering)))
    for one in left:
        if one.offer is None or one.node is None:
            after.append(one)
            continue
        node, digest = env.plan.nodes[one.node], digest_of(one.offer.text)
        before = earlier.get((one.case.id, one.node), {}).get(digest)
        if before is not None and before[0] in handing.ARRIVED:
            after.append(_went_on(one, node, one.offer, before[1]))
            continue
        after.append(one)
        if before is None:
            number = next(numbers)
            one.case.story.append(["offered", one.node, one.offer.taker])
            rows.append(_row(one, node, one.offer, digest, number, batch, now))
            contents.append({"hand_over_id": number, "value": one.offer.text})
    if rows:
        handing.add(tx, rows, contents)
        call(tx)
    return after


def _went_on(one: Leaving, node: Node, offered: Offer, took: int | None) -> Leaving:
    one.case.story.append(["handed over before", node.name, offered.taker, shown("C", took) if took else None])
    place = Place.HANDED_OVER if node.next is None else Place.READY
    return one._replace(place=place, node=node.next, waits_for=None, offer=None)


def _row(
    one: Leaving, node: Node, offered: Offer, digest: str, number: int, batch: BatchRow, now: int
) -> dict[str, object]:
    return {
        "id": number,
        "giver": batch.automation,
        "case_id": one.case.id,
        "node": node.name,
        "onward": node.next,
        "taker": offered.taker,
        "version": offered.version,
        "digest": digest,
        "state": HandOverState.WAITING.value,
        "took": None,
        "kept": None,
        "late_at": offered.late_at,
        "late_to": offered.late_to,
        "at": now,
        "changed_at": now,
    }

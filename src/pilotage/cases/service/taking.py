"""Taking what other automations hand over: one transaction ends the giver's case and makes the taker's.

Until then the giver's case waits on its side, so that nothing is dropped where the taker has no room, is held, or is served
by nobody. What is handed over is checked like any record: against the taker's contract, and by its key.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic_core import from_json

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Accepted, Arrival, Faulty, Sorted, check
from pilotage.cases.ports import Releases
from pilotage.cases.service.intake import BLOCK, Intake, sorted_in
from pilotage.cases.service.saving import wake_parents
from pilotage.cases.service.served import Served
from pilotage.cases.store import arriving, handing, holding, tallying
from pilotage.cases.store.handing import Offered
from pilotage.cases.values import HandOverState
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.ids import ids, shown
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.storage.pulse import call


class Fate(NamedTuple):
    """What became of a value that was handed over."""

    state: HandOverState
    took: int | None = None
    """The taker's case."""
    kept: int | None = None
    """Its record in quarantine."""


@dataclass(kw_only=True)
class Taking:
    """Takes what is handed over to the automations of this process."""

    database: Database
    served: Served
    releases: Releases
    intake: Intake
    _noted: set[str] = field(default_factory=set[str])

    def take(self) -> int:
        """Take a block of what waits for each automation of this process; how many values altogether."""
        return sum(self._take(automation) for automation in self.served.automations.values())

    def _take(self, automation: Automation) -> int:
        with self.database.snapshot() as tx:
            if not handing.any_offered(tx, automation.name):
                return 0
            free = 0 if holding.intake_held(tx, automation.name) else self.intake.room.left(tx, automation)
        try:
            (release,) = self.releases.assign(automation.name, 1)
        except PilotageError:
            return 0  # new cases begin on a release that another process has loaded: that one takes them
        self._note(automation)
        if not free:
            return 0
        with self.database.transaction() as tx:
            holding.share_gate(tx)
            if holding.intake_held(tx, automation.name):
                return 0
            offers = handing.offered(tx, automation.name, min(BLOCK, free))
            cases = self._take_in(tx, automation, release, offers) if offers else 0
        self.intake.room.took(automation, cases)
        return len(offers)

    def _note(self, automation: Automation) -> None:
        """Write the bound down once, so that others know whether what waits goes on by itself."""
        if automation.name in self._noted:
            return
        with self.database.transaction() as tx:
            handing.note_taker(tx, automation.name, automation.open_at_most, self.database.now(tx))
        self._noted.add(automation.name)

    def _take_in(self, tx: Tx, automation: Automation, release: str, offers: Sequence[Offered]) -> int:
        """The whole of a block, in one transaction; how many new cases there are."""
        now = self.database.now(tx)
        arrivals = [Arrival(fields=from_json(one.value), original=one.value.encode()) for one in offers]
        fates, new = self._sort_in(
            tx, automation, release, dict(zip(map(id, arrivals), offers, strict=True)), arrivals, now
        )
        handing.taken(
            tx,
            [
                {"id": one.id, "state": fate.state.value, "took": fate.took, "kept": fate.kept, "changed_at": now}
                for one, fate in zip(offers, fates, strict=True)
            ],
        )
        onward: dict[str | None, list[int]] = {}
        for one in offers:
            onward.setdefault(one.onward, []).append(one.case_id)
        wake_parents(tx, handing.go_on(tx, onward, now), now)
        arriving.tell(
            tx,
            [
                {
                    "case_id": one.case_id,
                    "id": number,
                    "at": now,
                    "batch": None,
                    "story": json.dumps([told(one.node, automation.name, fate)]),
                }
                for one, fate, number in zip(offers, fates, ids.make(len(offers)), strict=True)
            ],
        )
        changes = Counter((tallying.HAND_OVER, automation.name, "", fate.state.value) for fate in fates)
        if new:
            call(tx)
        tallying.add(tx, changes + tallying.of_intake(automation.name, {}, cases=new), now)
        return new

    def _sort_in(
        self,
        tx: Tx,
        automation: Automation,
        release: str,
        offer_of: Mapping[int, Offered],
        arrivals: Sequence[Arrival],
        now: int,
    ) -> tuple[list[Fate], int]:
        """Make cases of what is new, keep what does not fit; what became of each, and how many new cases there are."""
        fits, refused = _told_apart(tx, automation, offer_of, arrivals)
        accepted, faulty = check(automation, fits)
        found = sorted_in(tx, automation.name, accepted, [*faulty, *refused])

        def story(one: Accepted) -> str:
            offered = offer_of[id(one.arrival)]
            return json.dumps([["taken over", offered.giver, shown("C", offered.case_id)]])

        new, kept = self.intake.keep(tx, automation, found, release=release, now=now, story=story)
        repeated = [key for _, key in found.repeated if key is not None]
        known = arriving.known_keys(tx, automation.name, repeated) if repeated else {}
        return _fates(arrivals, found, new, kept, known), len(new)


def _told_apart(
    tx: Tx, automation: Automation, offer_of: Mapping[int, Offered], arrivals: Sequence[Arrival]
) -> tuple[list[Arrival], list[Faulty]]:
    """What is checked like any record, and what is refused for how it was handed over."""
    fits: list[Arrival] = []
    refused: list[Faulty] = []
    earlier = handing.earlier(tx, [one.case_id for one in offer_of.values()])
    for arrival in arrivals:
        one = offer_of[id(arrival)]
        before = [took for state, took in earlier[one.case_id, one.node].values() if state in handing.ARRIVED]
        if one.version != automation.version:
            reason = (
                f"It was sent for version {one.version} of {automation.name}, which is at version {automation.version}."
            )
            shape = f"version {one.version} instead of {automation.version}"
            refused.append(Faulty(arrival=arrival, kind="malformed", field=None, reason=reason, shape=shape))
        elif before:
            reason = f"{shown('C', one.case_id)} of {one.giver} was handed over before with other content."
            shape = "conflict: same case, other content"
            fault = Faulty(arrival=arrival, kind="conflict", field=None, reason=reason, shape=shape, beside=before[0])
            refused.append(fault)
        else:
            fits.append(arrival)
    return fits, refused


def _fates(
    arrivals: Sequence[Arrival],
    found: Sorted,
    new: Sequence[int],
    kept: Sequence[int],
    known: Mapping[str, tuple[int, str]],
) -> list[Fate]:
    """What became of each arrival, by its identity: the same value may come twice."""
    fate_of = {
        id(one.arrival): Fate(HandOverState.TAKEN, took=case) for one, case in zip(found.accepted, new, strict=True)
    }
    fate_of |= {
        id(fault.arrival): Fate(HandOverState.QUARANTINED, kept=number)
        for fault, number in zip(found.faulty, kept, strict=True)
    }
    fate_of |= {
        id(arrival): Fate(HandOverState.DUPLICATE, took=known[key][0] if key is not None and key in known else None)
        for arrival, key in found.repeated
    }
    return [fate_of[id(arrival)] for arrival in arrivals]


def told(node: str, taker: str, fate: Fate) -> list[object]:
    """The event in the giver's timeline."""
    took, kept = fate.took and shown("C", fate.took), fate.kept and shown("Q", fate.kept)
    return ["handed over", node, taker, took, fate.state.value, kept]

"""What became of the records of a rehearsal, one by one and counted."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic_core import from_json

from pilotage.machinery.net.door import DOOR_SHUT
from pilotage.rehearsal.standing_in import WouldBe
from pilotage.rehearsal.store import AskedDecision, EndedCase, EndedEffect, Kept, Page
from pilotage.rehearsal.values import Ending

_NUMBERED: Final = frozenset({"judgement"})
"""Kinds of decisions whose words hold a number of their own, and count as one."""


def ending_of(case: EndedCase, effects: Sequence[EndedEffect], acted: Collection[int]) -> Ending:
    """How a case ended. `acted`: effects that met the door and would have changed something."""
    at_the_door = [one for one in effects if one.attempt and DOOR_SHUT in (one.words or "")]
    if case.place in {"waiting", "dead letter"} and at_the_door:
        return Ending.WOULD_ACT if any(one.id in acted for one in at_the_door) else Ending.UNANSWERED
    if case.place == "dead letter" and DOOR_SHUT in (case.reason or ""):
        return Ending.UNANSWERED
    return Ending(case.place)


@dataclass(kw_only=True)
class Told:
    """The records of a rehearsal as plain data, and their counts."""

    acted: Collection[int]
    calls: Mapping[int, Sequence[WouldBe]]
    endings: Counter[str] = field(default_factory=Counter[str])
    whys: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    """How often: ending, step, why."""
    decisions: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    """How often: step, kind, who is asked."""

    def page(self, page: Page) -> Iterator[Mapping[str, object]]:
        """Each case of a page."""
        for case in page.cases:
            effects = page.effects.get(case.id, ())
            decisions = page.decisions.get(case.id, ())
            ending = ending_of(case, effects, self.acted)
            self.endings[ending] += 1
            for one in decisions:
                self.decisions[one.node, one.kind, one.asked] += 1
            if ending not in {Ending.DONE, Ending.HANDED_OVER}:
                self.whys[ending, case.node or "", _why(case, effects, decisions, ending)] += 1
            yield self._case(case, ending, effects, decisions)

    def _case(
        self, case: EndedCase, ending: Ending, effects: Sequence[EndedEffect], decisions: Sequence[AskedDecision]
    ) -> Mapping[str, object]:
        return {
            "automation": case.automation,
            "key": case.key,
            "ending": ending.value,
            "step": case.node,
            "reason": case.reason if ending is not Ending.WOULD_ACT else None,
            "item_of": case.parent,
            "judgements": _plain(case.judgements) or {},
            "values": _plain(case.given) or {},
            "decisions": [_decision(one) for one in decisions],
            "effects": [self._effect(one) for one in effects],
        }

    def _effect(self, effect: EndedEffect) -> Mapping[str, object]:
        return {
            "step": effect.node,
            "connection": effect.connection,
            "state": effect.state,
            "gave": _plain(effect.result),
            "calls": [
                {"method": one.method, "path": one.path, "body": one.digest, "answered": one.answered or None}
                for one in self.calls.get(effect.id, ())
            ],
        }

    def kept(self, record: Kept) -> Mapping[str, object]:
        """A record that stayed in quarantine."""
        self.endings[Ending.QUARANTINED] += 1
        self.whys[Ending.QUARANTINED, "", record.reason] += 1
        return {"key": record.key, "ending": Ending.QUARANTINED.value, "reason": record.reason, "field": record.field}


def _why(case: EndedCase, effects: Sequence[EndedEffect], decisions: Sequence[AskedDecision], ending: Ending) -> str:
    if ending is Ending.WITH_PEOPLE and decisions:
        last = decisions[-1]
        return "not sure enough" if last.kind in _NUMBERED else f"{last.kind}: {last.why}"
    if ending in {Ending.WOULD_ACT, Ending.UNANSWERED}:
        words = next((one.words for one in effects if DOOR_SHUT in (one.words or "")), None) or case.reason or ""
        return words.partition(" was not called")[0].rpartition(": ")[2]
    if ending is Ending.WAITING:
        return case.reason or next((one.words for one in effects if one.words), None) or f"for {case.waits_for}"
    return case.reason or ""


def _decision(one: AskedDecision) -> Mapping[str, object]:
    return {
        "step": one.node,
        "kind": one.kind,
        "why": one.why,
        "asked": one.asked,
        "proposal": _plain(one.proposal),
    }


def _plain(text: str | None) -> object:
    return None if text is None else from_json(text)


def as_line(data: Mapping[str, object]) -> str:
    """One line of a file of results."""
    return json.dumps(data, ensure_ascii=False) + "\n"

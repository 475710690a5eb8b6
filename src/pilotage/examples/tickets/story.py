"""What became of the requests of one run of the demo: counted in the database and at the help desk, told for a manager."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic_core import from_json

from pilotage.cases.store import counting, looking
from pilotage.cases.values import EffectState, Place
from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.measuring import THRESHOLD, Measured
from pilotage.inbox import store as inbox_store
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.output import Output
from pilotage.machinery.storage.database import Database, Tx

_ENDED: Final = (Place.DONE, Place.WITH_PEOPLE, Place.DEAD_LETTER)
_WHY: Final[Mapping[str, str]] = {
    "judgement": f"the router is less than {THRESHOLD:.0%} sure of the team",
    "unknown effect": "it is not known whether the help desk acted",
}
_FAULTS: Final[Mapping[str, str]] = {
    "malformed": "breaks the contract of a ticket",
    "unreadable": "cannot be read",
    "conflict": "has the id of an earlier one, and other words",
}


@dataclass(frozen=True, kw_only=True)
class Received:
    """What the help desk says, in its own log."""

    held: int
    """Distinct assignments of this run that it holds."""
    others: int
    """Assignments of other runs, which a used database may still have had on its way."""
    requests: int
    acted_on_twice: Sequence[str]
    faults: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Correct:
    """How often the router was right, among requests whose team is known."""

    alone: int
    alone_right: int
    proposed: int
    proposed_right: int
    out_of_scope: int
    out_of_scope_alone: int


@dataclass(frozen=True, kw_only=True)
class Story:
    """One run, in numbers."""

    submission: int
    submitted: int
    duplicates: int
    places: Mapping[Place, int]
    quarantined: Sequence[tuple[str, str, str, int]]
    """(kind, shape, reason of one, records)"""
    whys: Sequence[tuple[str, str, int]]
    """Why people are asked: (kind of decision, why, cases)."""
    dead: Sequence[tuple[str, int]]
    effects: Mapping[EffectState, int]
    received: Received
    seconds: float
    source: str
    measured: Measured
    correct: Correct
    fault: str | None
    examples: Mapping[str, str]
    """A case or record to look at, by where it is."""

    def at(self, place: Place) -> int:
        """How many cases are there."""
        return self.places.get(place, 0)

    @property
    def in_quarantine(self) -> int:
        """How many records are no cases."""
        return sum(count for *_, count in self.quarantined)

    @property
    def moving(self) -> int:
        """Cases that had come to no end when the demo stopped waiting; 0 in a sound run."""
        return sum(count for place, count in self.places.items() if place not in _ENDED)

    @property
    def adds_up(self) -> bool:
        """Whether every request is somewhere."""
        there = self.duplicates + self.in_quarantine + sum(self.places.values())
        return self.submitted == there and not self.moving

    def as_json(self) -> dict[str, object]:
        """The run as one JSON object."""
        return {
            "submitted": self.submitted,
            "duplicates": self.duplicates,
            "done": self.at(Place.DONE),
            "with_people": self.at(Place.WITH_PEOPLE),
            "quarantined": self.in_quarantine,
            "dead_letters": self.at(Place.DEAD_LETTER),
            "still_moving": self.moving,
            "effects_confirmed": self.effects.get(EffectState.CONFIRMED, 0),
            "effects_unknown": self.effects.get(EffectState.UNKNOWN, 0),
            "helpdesk_received": self.received.held,
            "helpdesk_requests": self.received.requests,
            "helpdesk_acted_on_twice": list(self.received.acted_on_twice),
            "helpdesk_faults": dict(self.received.faults),
            "fault": self.fault,
            "seconds": round(self.seconds, 2),
            "adds_up": self.adds_up,
            "source": self.source,
            "with_people_why": [{"kind": kind, "why": why, "count": count} for kind, why, count in self.whys],
            "quarantined_why": [
                {"kind": kind, "shape": shape, "reason": reason, "count": count}
                for kind, shape, reason, count in self.quarantined
            ],
            "dead_letters_why": [{"reason": reason, "count": count} for reason, count in self.dead],
            "router_unseen": self.measured.as_json(),
            "alone": self.correct.alone,
            "alone_right": self.correct.alone_right,
            "proposed": self.correct.proposed,
            "proposed_right": self.correct.proposed_right,
            "out_of_scope": self.correct.out_of_scope,
            "out_of_scope_alone": self.correct.out_of_scope_alone,
        }

    def tell(self, out: Output) -> None:
        """The table that a manager understands."""
        rate = f"{self.submitted / self.seconds:,.0f} a second" if self.seconds else ""
        out.heading(f"{self.submitted:,} requests in {self.seconds:.1f} seconds ({rate})")
        out.table(("", "requests", ""), self._rows())
        out.line(self._received())
        if self.received.acted_on_twice:
            out.line(f"ACTED ON TWICE: {', '.join(self.received.acted_on_twice[:5])}")
        for line in self._accuracy():
            out.line(line)
        if not self.adds_up:
            out.line("THE NUMBERS DO NOT ADD UP: `pilotage doctor` says more.")

    def _rows(self) -> list[tuple[str, int | None, str]]:
        rows: list[tuple[str, int | None, str]] = [
            ("handled", self.at(Place.DONE), "assigned to a team in the help desk, nobody was asked"),
            ("with people", self.at(Place.WITH_PEOPLE), "nothing is decided over their heads:"),
            *(("", None, f"{count:,}: {_WHY.get(kind, why)}") for kind, why, count in self.whys),
            ("in quarantine", self.in_quarantine, "kept as they came, to be corrected or discarded:"),
            *(("", None, words) for words in self._faults()),
            ("duplicates", self.duplicates, "the same record again: recognised, and counted"),
            (
                "dead letters",
                self.at(Place.DEAD_LETTER),
                "used up their attempts; to be replayed when the cause is mended",
            ),
            *(("", None, f"{count:,}: {reason}") for reason, count in self.dead),
        ]
        if self.moving:
            rows.append(("still moving", self.moving, "the demo stopped waiting for them"))
        return [*rows, ("together", self.submitted, "")]

    def _faults(self) -> list[str]:
        lines: list[str] = []
        for kind, _, reason, count in self.quarantined:
            why = "" if kind == "conflict" else f" ({reason.rstrip('.')})"
            lines.append(f"{count:,}: {_FAULTS.get(kind, kind)}{why}")
        return lines

    def _received(self) -> str:
        unknown = self.effects.get(EffectState.UNKNOWN, 0)
        said = f"The help desk says that it holds {self.received.held:,} assignments; the ledger says that "
        said += f"{self.effects.get(EffectState.CONFIRMED, 0):,} were confirmed"
        said += f", and {unknown:,} are of unknown outcome." if unknown else "."
        if self.fault:
            struck = ", ".join(f"{count:,} times {name}" for name, count in self.received.faults.items()) or "never"
            said += f" Its fault struck: {struck}; it was asked {self.received.requests:,} times in all."
        return said

    def _accuracy(self) -> list[str]:
        correct = self.correct
        lines: list[str] = []
        if correct.alone:
            lines.append(f"Of those handled alone {correct.alone_right / correct.alone:.1%} went to the right team.")
        if correct.proposed:
            lines.append(
                f"Of those with people the router's own guess would have been right in {correct.proposed_right / correct.proposed:.1%}."
            )
        if correct.out_of_scope:
            lines.append(
                f"{correct.out_of_scope:,} requests were for none of the teams; "
                f"{correct.out_of_scope_alone:,} of them passed for sure ones."
            )
        return lines


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the demo knows of its run beyond the database."""

    submission: int
    seconds: float
    log: Path
    source: str
    measured: Measured
    truth: Mapping[str, Team | None]
    fault: str | None


def tell_story(database: Database, run: Run) -> Story:
    """Count what became of the run, in one snapshot, and read what the help desk wrote down."""
    with database.snapshot() as tx:
        row = counting.submission(tx, run.submission)
        places = {Place(place): count for _, place, count, _ in counting.places(tx, run.submission)}
        effects = {EffectState(state): count for _, _, state, count, _ in counting.effect_states(tx, run.submission)}
        keys = counting.effect_keys(tx, run.submission)
        judged = counting.judged(tx, run.submission)
        quarantined = [(q.kind, q.shape, q.reason, q.count) for q in counting.quarantine_of(tx, run.submission)]
        dead = looking.count_reasons(tx, Place.DEAD_LETTER)
        whys = inbox_store.count_whys(tx, run.submission)
        examples = _examples(tx, judged)
    return Story(
        submission=run.submission,
        submitted=row.arrived,
        duplicates=row.duplicates,
        places=places,
        quarantined=quarantined,
        whys=whys,
        dead=dead,
        effects=effects,
        received=read_log(run.log, keys),
        seconds=run.seconds,
        source=run.source,
        measured=run.measured,
        correct=_correct(judged, run.truth),
        fault=run.fault,
        examples=examples,
    )


def read_log(log: Path, keys: set[str]) -> Received:
    """The help desk's own log, read as an auditor would; `keys` are those of this run's effects."""
    held: dict[str, str] = {}
    acts: dict[str, int] = {}
    faults: dict[str, int] = {}
    requests = 0
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        requests += 1
        if entry["fault"]:
            faults[entry["fault"]] = faults.get(entry["fault"], 0) + 1
        if not entry["acted"]:
            continue
        name = f"{entry['action']} {entry['key']}"
        acts[name] = acts.get(name, 0) + 1
        if entry["action"] == "assign":
            held[entry["assignment"]] = entry["key"]
        else:
            held.pop(entry["assignment"], None)
    ours = sum(key in keys for key in held.values())
    twice = sorted(name for name, times in acts.items() if times > 1)
    return Received(held=ours, others=len(held) - ours, requests=requests, acted_on_twice=twice, faults=faults)


def _correct(judged: Sequence[tuple[int, str, str, str | None]], truth: Mapping[str, Team | None]) -> Correct:
    counts = Counter[str]()
    for _, key, place, judgements in judged:
        if key not in truth or judgements is None:
            continue
        one: Mapping[str, object] = from_json(judgements).get("team", {})
        alone = place == Place.DONE.value
        team = truth[key]
        if team is None:
            counts["outside"] += 1
            counts["outside_alone"] += alone
        elif alone or one.get("value") is not None:
            kind = "alone" if alone else "proposed"
            counts[kind] += 1
            counts[f"{kind}_right"] += one.get("value") == team.value
    return Correct(
        alone=counts["alone"],
        alone_right=counts["alone_right"],
        proposed=counts["proposed"],
        proposed_right=counts["proposed_right"],
        out_of_scope=counts["outside"],
        out_of_scope_alone=counts["outside_alone"],
    )


def _examples(tx: Tx, judged: Sequence[tuple[int, str, str, str | None]]) -> dict[str, str]:
    examples: dict[str, str] = {}
    for case, _, place, _ in judged:
        examples.setdefault(place, shown("C", case))
    for one in inbox_store.waiting(tx, most=1):
        examples["decision"] = shown("D", one.id)
        examples["proposal"] = str(one.proposal or "")
    for record in looking.quarantined_of(tx, most=1):
        examples["quarantine"] = shown("Q", record.id)
    return examples

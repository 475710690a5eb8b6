"""The desk itself: who holds which ticket, remembered in an append-only log that survives the process."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypedDict

from pilotage.examples.tickets.contracts import Team
from pilotage.examples.tickets.helpdesk.quota import Meter, Quota

_TEAMS = frozenset(team.value for team in Team)
TURNED_AWAY = (401, 429)


class Entry(TypedDict):
    """One line of the log: a request, what it asked for, and what became of it. Status 0: the connection was cut."""

    at: str
    action: str
    key: str | None
    ticket: str | None
    team: str | None
    assignment: str | None
    acted: bool
    status: int
    fault: str | None


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A ticket in a team's queue."""

    assignment: str
    ticket: str
    team: str

    def as_json(self) -> dict[str, str]:
        """As the desk answers."""
        return {"assignment": self.assignment, "ticket": self.ticket, "team": self.team}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a request came to: a status, the assignment that it is about, and whether it changed anything."""

    status: int
    assignment: Assignment | None = None
    acted: bool = False
    problem: str | None = None


class Desk:
    """Holds assignments. Every request becomes a line of the log before it is answered; a new desk reads the log."""

    def __init__(self, log: Path, *, quota: Quota | None = None, detect_duplicates: bool = True) -> None:
        self.log = log
        self.detect_duplicates = detect_duplicates
        self.meter = Meter(quota or Quota())
        self._made = 0
        self._held: dict[str, Assignment] = {}
        self._by_key: dict[str, list[Assignment]] = {}
        self._removed_by_key: dict[str, str] = {}
        self._counts: dict[str, Counter[str]] = {"requests": Counter(), "statuses": Counter(), "faults": Counter()}
        self._acts: Counter[str] = Counter()
        log.parent.mkdir(parents=True, exist_ok=True)
        for entry in _read(log):
            self._remember(entry)
        self._file = log.open("ab", buffering=0)

    def close(self) -> None:
        """Let go of the log."""
        self._file.close()

    # -- what callers ask for; each is decided first, then written, then remembered ----------------------------------

    def assign(self, key: str | None, ticket: object, team: object) -> Outcome:
        """Decide about putting a ticket into a team's queue."""
        if not (isinstance(ticket, str) and ticket and isinstance(team, str) and team in _TEAMS):
            return Outcome(status=422, problem=f"give a ticket and one of these teams: {', '.join(sorted(_TEAMS))}")
        earlier = self._by_key.get(key) if key and self.detect_duplicates else None
        if earlier:
            if (earlier[0].ticket, earlier[0].team) != (ticket, team):
                return Outcome(status=422, problem="this Idempotency-Key came with another ticket or team before")
            return Outcome(status=201, assignment=earlier[0])
        made = Assignment(assignment=f"A{self._made + 1:06d}", ticket=ticket, team=team)
        return Outcome(status=201, assignment=made, acted=True)

    def find(self, key: str | None) -> Outcome:
        """The assignment that was made under a key and is still held."""
        held = [made for made in self._by_key.get(key or "", ()) if made.assignment in self._held]
        return Outcome(status=200, assignment=held[0]) if held else Outcome(status=404, problem="not there")

    def unassign(self, key: str | None, assignment: str) -> Outcome:
        """Decide about taking a ticket out of its queue."""
        held = self._held.get(assignment)
        if held:
            return Outcome(status=204, assignment=held, acted=True)
        repeated = key is not None and self.detect_duplicates and self._removed_by_key.get(key) == assignment
        return Outcome(status=204) if repeated else Outcome(status=404, problem="not there")

    def write(self, now: datetime, action: str, key: str | None, outcome: Outcome, *, fault: str | None = None) -> None:
        """Write the line of a request and do what it says. `outcome.status` is what the caller will see."""
        about = outcome.assignment
        entry = Entry(
            at=now.isoformat(),
            action=action,
            key=key,
            ticket=about.ticket if about else None,
            team=about.team if about else None,
            assignment=about.assignment if about else None,
            acted=outcome.acted,
            status=outcome.status,
            fault=fault,
        )
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._remember(entry, now)

    # -- what is known ------------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, object]:
        """What the desk holds and what it was asked, over the whole log."""
        return {
            "assignments": len(self._held),
            "acts": self._acts.total(),
            "keys_acted_on_twice": sorted(key for key, times in self._acts.items() if key and times > 1),
            **{name: dict(counts) for name, counts in self._counts.items()},
            "today": self.meter.today,
            "most_in_a_second": self.meter.most_in_a_second,
        }

    def _remember(self, entry: Entry, now: datetime | None = None) -> None:
        self._counts["requests"][entry["action"]] += 1
        self._counts["statuses"][str(entry["status"])] += 1
        if entry["fault"]:
            self._counts["faults"][entry["fault"]] += 1
        if entry["status"] not in TURNED_AWAY:
            self.meter.count(now or datetime.fromisoformat(entry["at"]))
        if not entry["acted"]:
            return
        key, number = entry["key"], entry["assignment"] or ""
        self._acts[f"{entry['action']} {key}" if key else ""] += 1
        if entry["action"] == "assign":
            made = Assignment(assignment=number, ticket=entry["ticket"] or "", team=entry["team"] or "")
            self._made += 1
            self._held[number] = made
            if key:
                self._by_key.setdefault(key, []).append(made)
        else:
            del self._held[number]
            if key:
                self._removed_by_key[key] = number


def _read(log: Path) -> Iterator[Entry]:
    """The lines of a log. One that a crash cut short was never answered: it is taken out of the file."""
    if not log.exists():
        return
    with log.open("r+b") as file:
        whole = 0
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(whole)
                return
            whole += len(line)
            entry: Entry = json.loads(line)
            yield entry

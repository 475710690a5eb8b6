"""Intake: records become cases, duplicates, or stay in quarantine; each block is all in or all out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pydantic_core import to_json

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Accepted, Arrival, Faulty, Sorted, check, digest_of, original_of, sort
from pilotage.cases.errors import IntakeHeld
from pilotage.cases.ports import Releases
from pilotage.cases.service.room import Room
from pilotage.cases.store import arriving, holding, moving, tallying
from pilotage.cases.values import Place
from pilotage.kernel.ids import ids
from pilotage.machinery.storage.database import Database, Tx

BLOCK: Final = 500
"""Records that are committed together."""
_STORY: Final = '[["arrived"]]'


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What became of submitted records."""

    submission: int
    arrived: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    cases: tuple[int, ...] = ()
    """The new cases of the last block."""

    def plus(self, other: "Receipt") -> "Receipt":
        """Both together."""
        return Receipt(
            submission=self.submission,
            arrived=self.arrived + other.arrived,
            accepted=self.accepted + other.accepted,
            duplicates=self.duplicates + other.duplicates,
            quarantined=self.quarantined + other.quarantined,
            cases=other.cases,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a source has been read, saved with the block."""

    next_byte: int
    next_number: int


@dataclass(kw_only=True)
class Intake:
    """Takes records in, for one process."""

    database: Database
    releases: Releases
    room: Room = field(default_factory=Room)
    direct: Callable[[str, str, int], bool] = lambda automation, release, cases: False
    """Whether this process would start a batch of so many cases of the automation's release at once."""
    batch_row: Callable[[int, str, str, int, int], dict[str, object]] | None = None
    started: Callable[[int], None] = lambda batch: None

    def begin(self, automation: Automation, source: str, fingerprint: str | None = None) -> int:
        """A new submission."""
        submission = ids.one()
        with self.database.transaction() as tx:
            now = self.database.now(tx)
            arriving.begin_submission(
                tx,
                {
                    "id": submission,
                    "automation": automation.name,
                    "source": source,
                    "fingerprint": fingerprint,
                    "next_byte": 0,
                    "next_number": 1,
                    "arrived": 0,
                    "accepted": 0,
                    "duplicates": 0,
                    "quarantined": 0,
                    "finished": False,
                    "started_at": now,
                    "changed_at": now,
                },
            )
        return submission

    def finish(self, submission: int) -> None:
        """The source was read to its end."""
        with self.database.transaction() as tx:
            arriving.count_submission(
                tx,
                submission,
                now=self.database.now(tx),
                arrived=0,
                accepted=0,
                duplicates=0,
                quarantined=0,
                finished=True,
            )

    def take(
        self, automation: Automation, submission: int, arrivals: Iterable[Arrival], progress: Progress | None = None
    ) -> Receipt:
        """Take one block in: one transaction, with the submission's place in its source."""
        block = list(arrivals)
        accepted, faulty = check(automation, block)
        (release,) = self.releases.assign(automation.name, 1)
        batch = ids.one() if self.batch_row is not None and self.direct(automation.name, release, len(block)) else None
        with self.database.transaction() as tx:
            holding.share_gate(tx)
            if held := holding.intake_held(tx, automation.name):
                msg = f"Intake of {automation.name} is on hold: {held}."
                raise IntakeHeld(
                    msg, "Nothing of this block was taken in. Submit again after `pilotage resume`; it goes on here."
                )
            self.room.need(tx, automation)
            sorted_block = _sort(tx, automation.name, accepted, faulty)
            now = self.database.now(tx)
            new = self._add(tx, automation, sorted_block, submission=submission, release=release, batch=batch, now=now)
            if batch is not None and self.batch_row is not None and new:
                moving.add_batch(tx, self.batch_row(batch, automation.name, release, len(new), now))
            _quarantine(tx, automation.name, sorted_block.faulty, submission, now)
            duplicates = sorted_block.duplicates + len(sorted_block.accepted) - len(new)
            arriving.count_submission(
                tx,
                submission,
                now=now,
                arrived=len(block),
                accepted=len(new),
                duplicates=duplicates,
                quarantined=len(sorted_block.faulty),
                next_byte=progress.next_byte if progress else None,
                next_number=progress.next_number if progress else None,
            )
            numbers = {
                "arrived": len(block),
                "accepted": len(new),
                "duplicates": duplicates,
                "quarantined": len(sorted_block.faulty),
            }
            tallying.add(tx, tallying.of_intake(automation.name, numbers, cases=len(new)), now)
        self.room.took(automation, len(new))
        if batch is not None and new:
            self.started(batch)
        return Receipt(
            submission=submission,
            arrived=len(block),
            accepted=len(new),
            duplicates=duplicates,
            quarantined=len(sorted_block.faulty),
            cases=tuple(new),
        )

    def add_released(self, tx: Tx, automation: Automation, accepted: list[Accepted], now: int) -> list[int]:
        """Records that left quarantine become cases, in the caller's transaction."""
        (release,) = self.releases.assign(automation.name, 1)
        new = self._add(
            tx, automation, Sorted(accepted=accepted), submission=None, release=release, batch=None, now=now
        )
        tallying.add(tx, tallying.of_intake(automation.name, {}, cases=len(new)), now)
        return new

    def _add(
        self,
        tx: Tx,
        automation: Automation,
        block: Sorted,
        *,
        submission: int | None,
        release: str,
        batch: int | None,
        now: int,
    ) -> list[int]:
        numbers = ids.make(len(block.accepted))
        place = Place.READY if batch is None else Place.MOVING
        rows = [
            {
                "id": number,
                "automation": automation.name,
                "key": one.key,
                "digest": one.digest,
                "release": release,
                "place": place.value,
                "node": automation.plan.first,
                "batch": batch,
                "segments": one.segments,
                "submission": submission,
                "attempts": 0,
                "deaths": 0,
                "accepted_at": now,
                "changed_at": now,
            }
            for number, one in zip(numbers, block.accepted, strict=True)
        ]
        added = arriving.add_cases(tx, rows)
        arriving.add_contents(
            tx,
            [
                {"case_id": number, "record": one.text, "given": None, "judgements": None}
                for number, one in zip(numbers, block.accepted, strict=True)
                if number in added
            ],
        )
        arriving.tell(
            tx,
            [
                {"case_id": number, "id": number, "at": now, "batch": batch, "story": _STORY}
                for number in numbers
                if number in added
            ],
        )
        return [number for number in numbers if number in added]


def _sort(tx: Tx, automation: str, accepted: Sequence[Accepted], faulty: Sequence[Faulty]) -> Sorted:
    known = arriving.known_keys(tx, automation, [one.key for one in accepted]) if accepted else {}
    conflicts = [one for one in accepted if one.key in known and known[one.key][1] != one.digest]
    digests = [digest_of(one.arrival) for one in (*faulty, *conflicts)]
    faults = arriving.known_faults(tx, automation, digests) if digests else set[str]()
    return sort(accepted, faulty, known, faults)


def _quarantine(tx: Tx, automation: str, faulty: Sequence[Faulty], submission: int, now: int) -> None:
    numbers = ids.make(len(faulty))
    rows: list[dict[str, object]] = []
    contents: list[dict[str, object]] = []
    for number, one in zip(numbers, faulty, strict=True):
        arrival = one.arrival
        rows.append(
            {
                "id": number,
                "automation": automation,
                "submission": submission,
                "number": arrival.number,
                "start": arrival.start,
                "end": arrival.end,
                "digest": digest_of(arrival),
                "whole": arrival.whole,
                "kind": one.kind,
                "field": one.field,
                "reason": one.reason,
                "shape": one.shape,
                "key": one.key,
                "beside": one.beside,
                "state": "waiting",
                "at": now,
            }
        )
        fields = None if arrival.fields is None else to_json(arrival.fields, fallback=repr).decode()
        contents.append({"quarantine_id": number, "original": original_of(arrival), "fields": fields})
    arriving.add_quarantined(tx, rows, contents)

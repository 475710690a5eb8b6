"""Intake: records become cases, duplicates, or stay in quarantine; each block is all in or all out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Accepted, Arrival, Faulty, Sorted, check, digest_of, sort
from pilotage.cases.errors import IntakeHeld
from pilotage.cases.ports import Releases
from pilotage.cases.service import documents
from pilotage.cases.service.quarantining import quarantine
from pilotage.cases.service.room import Room
from pilotage.cases.store import arriving, holding, moving, tallying
from pilotage.cases.values import Place
from pilotage.kernel.ids import ids
from pilotage.machinery.contents.files import Contents
from pilotage.machinery.storage.database import Database, Tx
from pilotage.machinery.storage.pulse import call

BLOCK: Final = 1_000
"""Records that are committed together."""
_STORY: Final = '[["arrived"]]'

Story: TypeAlias = Callable[[Accepted], str]
"""How a new case begins its timeline, as JSON."""


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A block before its transaction."""

    automation: Automation
    arrived: int
    accepted: Sequence[Accepted]
    faulty: Sequence[Faulty]
    release: str
    batch: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """A block in its transaction."""

    receipt: Receipt
    found: Sorted
    new: Sequence[int | None]
    """The new case of each of `found.accepted`."""
    kept: Sequence[int]
    """The number in quarantine of each of `found.faulty`."""


@dataclass(kw_only=True)
class Intake:
    """Takes records in, for one process."""

    database: Database
    releases: Releases
    contents: Contents
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

    def finish(self, submission: int, *, ended: Callable[[Tx], None] = lambda tx: None) -> None:
        """The source was read to its end; `ended` notes it elsewhere in the same transaction."""
        with self.database.transaction() as tx:
            ended(tx)
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
        block = self.prepared(automation, arrivals)
        with self.database.transaction() as tx:
            taken = self.store(tx, block, submission, progress=progress)
        self.stored(block, taken)
        return taken.receipt

    def prepared(self, automation: Automation, arrivals: Iterable[Arrival]) -> Prepared:
        """A block as it will be taken in: checked against the contract, with its release and its batch."""
        block = list(arrivals)
        accepted, faulty = check(automation, block)
        if automation.holds_documents:
            accepted, faulty = documents.store(self.contents, accepted, faulty)
        (release,) = self.releases.assign(automation.name, 1)
        batch = ids.one() if self.batch_row is not None and self.direct(automation.name, release, len(block)) else None
        return Prepared(
            automation=automation, arrived=len(block), accepted=accepted, faulty=faulty, release=release, batch=batch
        )

    def store(
        self,
        tx: Tx,
        block: Prepared,
        submission: int,
        *,
        progress: Progress | None = None,
        refuse: Callable[[Sorted], None] = lambda found: None,
    ) -> Taken:
        """Take a block in, in the caller's transaction; `refuse` may still raise when it sees how it was sorted."""
        automation, batch = block.automation, block.batch
        self.need_room(tx, automation)
        found = sorted_in(tx, automation.name, block.accepted, block.faulty)
        refuse(found)
        now = self.database.now(tx)
        cases, kept = self.keep(
            tx, automation, found, submission=submission, release=block.release, batch=batch, now=now
        )
        if batch is not None and self.batch_row is not None and cases:
            moving.add_batch(tx, self.batch_row(batch, automation.name, block.release, len(cases), now))
        numbers = {
            "arrived": block.arrived,
            "accepted": len(cases),
            "duplicates": found.duplicates,
            "quarantined": len(found.faulty),
        }
        arriving.count_submission(
            tx,
            submission,
            now=now,
            finished=None,
            **numbers,
            next_byte=progress.next_byte if progress else None,
            next_number=progress.next_number if progress else None,
        )
        tallying.add(tx, tallying.of_intake(automation.name, numbers, cases=len(cases)), now)
        if cases and batch is None:
            call(tx)
        receipt = Receipt(submission=submission, **numbers, cases=tuple(cases))
        return Taken(receipt=receipt, found=found, new=cases, kept=kept)

    def keep(
        self,
        tx: Tx,
        automation: Automation,
        found: Sorted,
        *,
        release: str,
        now: int,
        submission: int | None = None,
        batch: int | None = None,
        story: Story | None = None,
    ) -> tuple[list[int], list[int]]:
        """Make cases of a sorted block, and keep in quarantine what is none: the numbers of both, in their order."""
        new = self._add(
            tx, automation, found, submission=submission, release=release, batch=batch, now=now, story=story
        )
        if None in new:  # another process took their keys since we looked
            _sort_late(tx, automation.name, found, new)
        kept = quarantine(tx, self.contents, automation.name, found.faulty, submission, now)
        return [number for number in new if number is not None], kept

    def unchanged(self, automation: Automation, arrivals: Sequence[Arrival]) -> set[int]:
        """Which of these records are here as they are, by their places: as cases, or in quarantine, now or once."""
        accepted, faulty = check(automation, arrivals)
        places = {id(one): place for place, one in enumerate(arrivals)}
        with self.database.snapshot() as tx:
            known = arriving.known_keys(tx, automation.name, [one.key for one in accepted]) if accepted else {}
            same = [one.arrival for one in accepted if one.key in known and known[one.key][1] == one.digest]
            others = [one.arrival for one in accepted if one.key in known and known[one.key][1] != one.digest]
            broken = [(digest_of(one), one) for one in (*others, *(one.arrival for one in faulty))]
            digests = [digest for digest, _ in broken]
            kept = arriving.known_faults(tx, automation.name, digests, settled=True) if broken else set[str]()
        return {places[id(one)] for one in (*same, *(one for digest, one in broken if digest in kept))}

    def need_room(self, tx: Tx, automation: Automation) -> None:
        """Raise IntakeHeld (PLT-210) or IntakePaused (PLT-211) where nothing is taken in now."""
        holding.share_gate(tx)
        if held := holding.intake_held(tx, automation.name):
            msg = f"Intake of {automation.name} is on hold: {held}."
            raise IntakeHeld(
                msg, "Nothing of this block was taken in. Submit again after `pilotage resume`; it goes on here."
            )
        self.room.need(tx, automation)

    def stored(self, block: Prepared, taken: Taken) -> None:
        """The transaction in which it was stored is committed: its batch starts."""
        cases = taken.receipt.cases
        self.room.took(block.automation, len(cases))
        if block.batch is not None and cases:
            self.started(block.batch)

    def add_released(self, tx: Tx, automation: Automation, accepted: list[Accepted], now: int) -> list[int]:
        """Records that left quarantine become cases, in the caller's transaction."""
        (release,) = self.releases.assign(automation.name, 1)
        new = self._add(
            tx, automation, Sorted(accepted=accepted), submission=None, release=release, batch=None, now=now
        )
        cases = [number for number in new if number is not None]
        tallying.add(tx, tallying.of_intake(automation.name, {}, cases=len(cases)), now)
        return cases

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
        story: Story | None = None,
    ) -> list[int | None]:
        """The new case of each accepted record; None for one whose key exists."""
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
                {
                    "case_id": number,
                    "id": number,
                    "at": now,
                    "batch": batch,
                    "story": _STORY if story is None else story(one),
                }
                for number, one in zip(numbers, block.accepted, strict=True)
                if number in added
            ],
        )
        if automation.holds_documents:
            documents.refer(tx, zip(numbers, block.accepted, strict=True), added, now)
        return [number if number in added else None for number in numbers]


def sorted_in(tx: Tx, automation: str, accepted: Sequence[Accepted], faulty: Sequence[Faulty]) -> Sorted:
    """Tell what is new from duplicates and conflicts, by what is there in the caller's transaction."""
    known = arriving.known_keys(tx, automation, [one.key for one in accepted]) if accepted else {}
    conflicts = [one for one in accepted if one.key in known and known[one.key][1] != one.digest]
    digests = [digest_of(one.arrival) for one in (*faulty, *conflicts)]
    faults = arriving.known_faults(tx, automation, digests) if digests else set[str]()
    return sort(accepted, faulty, known, faults)


def _sort_late(tx: Tx, automation: str, found: Sorted, new: list[int | None]) -> None:
    """Sort again what was no case in the end: only now their cases can be seen."""
    late = [one for one, number in zip(found.accepted, new, strict=True) if number is None]
    again = sorted_in(tx, automation, late, ())
    assert not again.accepted, "a key is taken and cannot be seen"
    found.accepted = [one for one, number in zip(found.accepted, new, strict=True) if number is not None]
    new[:] = [number for number in new if number is not None]
    found.repeated += again.repeated
    found.faulty += again.faulty

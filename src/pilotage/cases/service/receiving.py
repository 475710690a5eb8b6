"""Receiving what programs send: many requests in one transaction, each answered only after what it brought is committed.

A request with a key of its own is done once: the same request again is answered the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pydantic_core import to_json

from pilotage.authoring.automation import Automation
from pilotage.cases.arrivals import Arrival, Faulty, Sorted
from pilotage.cases.errors import KeyTaken, RecordsRefused
from pilotage.cases.service.intake import Intake, Prepared, Taken
from pilotage.cases.store import arriving, tallying
from pilotage.cases.values import Place
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.ids import shown
from pilotage.machinery.api import store as answers
from pilotage.machinery.api.errors import AskedDifferently
from pilotage.machinery.api.values import Asked, Given
from pilotage.machinery.storage.database import Database, Tx

_MINUTES: Final = 5
_SHORTEST, _LONGEST, _UNKNOWN = 1.0, 300.0, 15.0
"""Seconds after which somebody who found no room comes again."""
_ROOM: Final = 500
"""Cases that shall have ended by then."""

Answer: TypeAlias = "str | PilotageError"
"""What a request is answered: JSON, or why nothing was done."""
_Became: TypeAlias = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Post:
    """What one request brought."""

    arrivals: Sequence[Arrival]
    asked: Asked | None = None
    """Its own key, where it has one."""
    strict: bool = False
    """Its sender can correct a record: a faulty one is refused with the whole request, and not kept in quarantine."""
    passed_over: int = 0
    """Events that were no records of this automation."""


@dataclass(kw_only=True)
class Receiver:
    """Takes in what programs send, for one process."""

    intake: Intake
    _submissions: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def receive(self, automation: Automation, source: str, posts: Sequence[Post]) -> list[Answer]:
        """An answer for each request; everything that is answered with JSON is committed."""
        found: dict[int, Answer] = {}
        left = list(enumerate(posts))
        while left:
            block = self.intake.prepared(automation, [one for _, post in left for one in post.arrivals])
            refused = _refused(left, block.faulty)
            if not refused:
                try:
                    found |= self._take(automation, source, left, block)
                    break
                except _Conflicts as conflicts:
                    refused = conflicts.refused
            found |= refused
            left = [(place, post) for place, post in left if place not in refused]
        return [found[place] for place in range(len(posts))]

    def close(self) -> None:
        """No more comes from these sources through this process."""
        for submission in self._submissions.values():
            self.intake.finish(submission)
        self._submissions.clear()

    def pause(self, automation: Automation) -> float:
        """Seconds after which there should be room again, by how many cases ended in the last minutes."""
        database = self.intake.database
        with database.snapshot() as tx:
            done = tallying.minutes(
                tx, database.now(tx) - _MINUTES * tallying.MINUTE, Place.DONE.value, automation.name
            )
        rate = sum(done.values()) / (_MINUTES * 60)
        seconds = min(_ROOM, automation.open_at_most) / rate if rate else _UNKNOWN
        return max(_SHORTEST, min(_LONGEST, seconds))

    def _submission(self, automation: Automation, source: str) -> int:
        found = self._submissions.get((automation.name, source))
        if found is None:
            found = self._submissions[automation.name, source] = self.intake.begin(automation, source)
        return found

    def _take(
        self, automation: Automation, source: str, posts: Sequence[tuple[int, Post]], block: Prepared
    ) -> dict[int, Answer]:
        submission = self._submission(automation, source)
        with self.intake.database.transaction() as tx:
            before = _answered_before(tx, self.intake.database, posts)
            new = [(place, post) for place, post in posts if place not in before]
            if len(new) < len(posts):
                block = self.intake.prepared(automation, [one for _, post in new for one in post.arrivals])
            taken = self._store(tx, new, block, submission)
            became = _became(tx, automation.name, taken) if taken is not None else {}
            said = {place: _answer(post, became) for place, post in new}
            answers.fill(tx, [(post.asked, said[place]) for place, post in new if post.asked is not None])
        if taken is not None:
            self.intake.stored(block, taken)
        given: dict[int, Answer] = {**said}
        for place, earlier in before.items():
            given[place] = said[earlier] if isinstance(earlier, int) else earlier
        return given

    def _store(self, tx: Tx, new: Sequence[tuple[int, Post]], block: Prepared, submission: int) -> Taken | None:
        if not block.arrived:
            return None

        def refuse(found: Sorted) -> None:
            if refused := _refused(new, found.faulty):
                raise _Conflicts(refused)

        return self.intake.store(tx, block, submission, refuse=refuse)


class _Conflicts(Exception):
    """Requests that turned out in the transaction to contradict what is here; it is begun again without them."""

    def __init__(self, refused: Mapping[int, Answer]) -> None:
        super().__init__()
        self.refused = refused


def _answered_before(tx: Tx, database: Database, posts: Sequence[tuple[int, Post]]) -> dict[int, "Answer | int"]:
    """Requests that are not new: what they were answered, or the place of the same request among these."""
    first: dict[tuple[str, str], int] = {}
    earlier: dict[int, Answer | int] = {}
    asked: dict[int, Asked] = {place: post.asked for place, post in posts if post.asked is not None}
    if not asked:
        return {}
    given = answers.claim(tx, list({(one.asker, one.key): one for one in asked.values()}.values()), database.now(tx))
    for place, one in asked.items():
        name = (one.asker, one.key)
        if name in given:
            earlier[place] = _same(one, given[name])
        elif name in first:
            same = asked[first[name]].digest == one.digest
            earlier[place] = first[name] if same else _differs(one)
        else:
            first[name] = place
    return earlier


def _same(one: Asked, given: Given) -> Answer:
    return given.answer if given.digest == one.digest else _differs(one)


def _differs(one: Asked) -> AskedDifferently:
    return AskedDifferently(
        f"A request with the key {one.key} came before, with another content.",
        "Nothing was taken. Give each message a key of its own, and send it again unchanged or not at all.",
    )


def _refused(posts: Sequence[tuple[int, Post]], faulty: Sequence[Faulty]) -> dict[int, Answer]:
    """The strict requests among these that have a faulty record, each with all of its faults."""
    by_arrival = {id(one.arrival): one for one in faulty}
    refused: dict[int, Answer] = {}
    for place, post in posts if by_arrival else ():
        faults = [by_arrival[id(one)] for one in post.arrivals if id(one) in by_arrival]
        if post.strict and faults:
            refused[place] = _refusal(faults)
    return refused


def _refusal(faults: Sequence[Faulty]) -> PilotageError:
    if conflict := next((one for one in faults if one.kind == "conflict"), None):
        error = KeyTaken(
            conflict.reason, "Nothing was taken. Look at the case that has the key, and send what is really new."
        )
    else:
        error = RecordsRefused(
            f"{len(faults):,} of the records break their contract. {faults[0].reason}",
            "Nothing was taken. Correct what `faults` names, and send all of it again.",
        )
    error.faults = [{"record": one.arrival.number, "field": one.field, "reason": one.reason} for one in faults]
    return error


def _became(tx: Tx, automation: str, taken: Taken) -> dict[int, _Became]:
    """What became of each arrival, by its identity."""
    found = taken.found
    keys = [key for _, key in found.repeated if key is not None]
    known = arriving.known_keys(tx, automation, keys) if keys else {}
    became: dict[int, _Became] = {
        id(one.arrival): {"became": "accepted", "case": shown("C", number)}
        for one, number in zip(found.accepted, taken.new, strict=True)
        if number is not None
    }
    for arrival, key in found.repeated:
        case = known.get(key or "")
        became[id(arrival)] = {"became": "duplicate", **({"case": shown("C", case[0])} if case else {})}
    for one, number in zip(found.faulty, taken.kept, strict=True):
        became[id(one.arrival)] = {"became": "quarantined", "quarantine": shown("Q", number)}
    return became


def _answer(post: Post, became: Mapping[int, _Became]) -> str:
    records = [became[id(one)] for one in post.arrivals]
    told = [one["became"] for one in records]
    return to_json(
        {
            "arrived": len(records),
            "accepted": told.count("accepted"),
            "duplicates": told.count("duplicate"),
            "quarantined": told.count("quarantined"),
            "passed_over": post.passed_over,
            "records": records,
        }
    ).decode()

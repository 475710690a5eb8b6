"""The page of one case: the same as `pilotage case ID --raw`, for people who look at it in a browser."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from urllib.parse import urlencode

from pilotage.cases.errors import NoSuchCase
from pilotage.cases.pages.showing import MARKS, STATES, Word, failure, visible
from pilotage.cases.ports import Part, PartOfCase
from pilotage.cases.service.describing import segments_of, stands, text_of
from pilotage.cases.service.finding import Known
from pilotage.cases.service.whole import Failure, Spent, Whole, read_whole
from pilotage.cases.store.found import EffectRow
from pilotage.cases.store.responses import Found
from pilotage.cases.telling import sentences
from pilotage.cases.values import Place
from pilotage.kernel.clock import from_micros
from pilotage.kernel.ids import shown
from pilotage.machinery.cli.data import is_list, is_object
from pilotage.machinery.storage.database import Database
from pilotage.machinery.web.errors import NothingHere
from pilotage.machinery.web.values import Page, Visit


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """A name with its value, on one line."""

    name: str
    value: str
    link: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """A sentence of the timeline; times that follow each other at once stand once."""

    at: datetime
    new_day: bool
    words: str
    failed: Word | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a step gave, or judged."""

    step: str
    value: str
    sure: str
    because: tuple[str, ...]
    otherwise: str
    models: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """An act in the ledger."""

    id: str
    step: str
    connection: str
    state: str
    mark: str
    means: str
    attempts: int
    key: str
    generation: int
    changed: datetime
    due: datetime | None
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the other side said to a call, as text that can be read safely."""

    status: int
    headers: tuple[Named, ...]
    body: str
    size: int
    cut: bool
    until: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """An attempt that did not end as it should, with the answer where one came and is kept."""

    at: datetime
    step: str
    connection: str
    number: int
    word: Word | None
    said: str
    answer: Answer | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What people were asked, and what they answered."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    hint: str


@dataclass(frozen=True, kw_only=True)
class CaseContext:
    """All that is known of one case."""

    id: str
    """Its id, C-..."""
    key: str
    """The key of its record."""
    automation: str
    """The automation that it belongs to."""
    mark: str
    """The kind of the mark beside its place."""
    stands: str
    """Where it is, since when and why, in a sentence."""
    todo: str
    """The command that deals with it, where a person must; empty: nobody must."""
    failed: Word | None
    """The word of the failure that it stands for, where it is one."""
    facts: tuple[Named, ...]
    """Release, segments, times and where it comes from."""
    timeline: tuple[Moment, ...]
    """What happened, oldest first."""
    outcomes: tuple[Outcome, ...]
    """What its steps gave."""
    effects: tuple[Effect, ...]
    """What went out for it, or is to."""
    attempts: tuple[Attempt, ...]
    """Attempts that did not end as they should, the newest first."""
    record: tuple[Named, ...]
    """The fields of its record."""
    decided: tuple[Decided, ...]
    """What other subjects know of it: decisions."""
    handed: tuple[Named, ...]
    """What it handed over to other automations."""
    spent: Spent
    """What language models took for it."""


def case_page(database: Database, *, parts: Sequence[PartOfCase], keep: float) -> Page[object]:
    """The page `/cases/C-...`."""
    return Page(
        name="case",
        title="Case",
        path="/cases/{case}",
        context=CaseContext,
        load=partial(_load, database, parts, keep),
        template="cases/case.html",
        navigation="none",
        under="cases",
    )


def _load(database: Database, parts: Sequence[PartOfCase], keep: float, visit: Visit) -> CaseContext:
    try:
        whole = read_whole(database, visit.named["case"], parts=parts, keep=keep)
    except NoSuchCase as error:
        raise NothingHere(error.what, error.remedy) from None
    return case_context(whole)


def case_context(whole: Whole) -> CaseContext:
    """Everything that is known of a case, as its page shows it."""
    known, row = whole.known, whole.known.row
    attempts = tuple(_attempts(whole))
    word = failure(whole.failures[-1].word) if whole.failures and _still(known, whole.failures[-1]) else None
    return CaseContext(
        id=shown("C", row.id),
        key=visible(row.key),
        automation=row.automation,
        mark=MARKS.get(row.place, "unknown"),
        stands=visible(stands(known)),
        todo=_todo(row.place, shown("C", row.id), whole.parts),
        failed=word,
        facts=tuple(_facts(known)),
        timeline=tuple(_timeline(whole)),
        outcomes=tuple(_outcomes(known)),
        effects=tuple(_effect(one) for one in known.effects),
        attempts=attempts,
        record=tuple(_fields(known.record)),
        decided=tuple(_decided(part) for part in whole.parts if part.rows),
        handed=tuple(_handed(known)),
        spent=whole.spent,
    )


def _still(known: Known, last: Failure) -> bool:
    """Whether the case still stands where its last failure left it."""
    open_ = known.row.place in {Place.WAITING.value, Place.WITH_PEOPLE.value, Place.DEAD_LETTER.value}
    return open_ and known.row.node == last.node


def _todo(place: str, case: str, parts: Sequence[Part]) -> str:
    if place == Place.DEAD_LETTER.value:
        return f'pilotage replay {case} --reason "..."'
    hints = [part.hint.partition(": ")[2] for part in parts if part.hint]
    return hints[0] if hints and place == Place.WITH_PEOPLE.value else ""


def _facts(known: Known) -> Iterator[Named]:
    row = known.row
    yield Named(name="Automation", value=row.automation, link=f"/cases?{urlencode({'automation': row.automation})}")
    yield Named(name="Release", value=row.release)
    for name, value in segments_of(row.segments).items():
        yield Named(name=name.capitalize(), value=visible(value))
    yield Named(name="Came in", value=_moment(row.accepted_at))
    yield Named(name="Changed", value=_moment(row.changed_at))
    if row.parent is not None:
        yield Named(name="Item of", value=shown("C", row.parent), link=f"/cases/{shown('C', row.parent)}")
    for entry in known.timeline:
        for event in entry.story:
            if event and event[0] == "taken over":
                yield Named(name="Handed over by", value=f"{event[1]}, {event[2]}", link=f"/cases/{event[2]}")


def _moment(at: int) -> str:
    return from_micros(at).strftime("%Y-%m-%d %H:%M:%S UTC")


def _timeline(whole: Whole) -> Iterator[Moment]:
    failed = {(one.at, one.said): one.word for one in whole.failures}
    before: datetime | None = None
    for entry in whole.known.timeline:
        at = from_micros(entry.at)
        for words in sentences(entry.story):
            new_day = before is None or before.date() != at.date()
            yield Moment(
                at=at, new_day=new_day, words=visible(words), failed=failure(failed.get((entry.at, words), ""))
            )
            before = at


def _outcomes(known: Known) -> Iterator[Outcome]:
    for step in dict.fromkeys([*known.judgements, *known.given]):
        judged = known.judgements.get(step, {})
        given = known.given.get(step)
        abstained = judged.get("abstained")
        value = f"abstained: {abstained}" if abstained else text_of(given if step in known.given else judged["value"])
        sure = judged.get("confidence")
        yield Outcome(
            step=step,
            value=visible(value),
            sure="" if sure is None or abstained else f"{float(str(sure)):.0%}",
            because=tuple(visible(one) for one in _evidence(judged.get("evidence"))),
            otherwise=visible(_others(judged.get("alternatives"))),
            models=tuple(visible(one) for one in _models(judged.get("asked"))),
        )


def _evidence(parts: object) -> Iterator[str]:
    for part in _objects(parts):
        yield f"“{part['quote']}”" if "quote" in part else str(part.get("note", ""))


def _others(pairs: object) -> str:
    found = [pair for pair in pairs if is_list(pair)] if is_list(pairs) else []
    return ", ".join(f"{text_of(value)} {float(str(chance)):.0%}" for value, chance in found)


def _models(uses: object) -> Iterator[str]:
    for use in _objects(uses):
        money = use.get("money")
        priced = "at a price that is not known" if money is None else f"for {money} USD"
        tokens = f"{use.get('tokens_in')} + {use.get('tokens_out')} tokens"
        prompt = f"prompt {use.get('prompt')} {use.get('version')}"
        yield f"{use.get('model')}, {prompt}: {use.get('became')}, {tokens} {priced}"


def _objects(values: object) -> list[Mapping[str, object]]:
    return [one for one in values if is_object(one)] if is_list(values) else []


def _effect(one: EffectRow) -> Effect:
    mark, means = STATES.get(one.state, ("unknown", ""))
    return Effect(
        id=shown("E", one.id),
        step=one.node,
        connection=one.connection,
        state=one.state,
        mark=mark,
        means=means,
        attempts=one.attempt,
        key=visible(one.key),
        generation=one.generation,
        changed=from_micros(one.changed_at),
        due=None if one.due_at is None else from_micros(one.due_at),
        words=visible(one.words or ""),
    )


def _attempts(whole: Whole) -> Iterator[Attempt]:
    """Each failure with its answer, the newest first; an answer whose failure the timeline lacks stands alone."""
    said = {(one.node, one.attempt): one for one in whole.said}
    for one in reversed(whole.failures):
        answer = said.pop((one.node, one.attempt), None)
        yield Attempt(
            at=from_micros(one.at),
            step=one.node,
            connection=one.connection,
            number=one.attempt,
            word=failure(one.word),
            said=visible(one.said),
            answer=None if answer is None else _answer(answer, whole),
        )
    for answer in reversed(said.values()):
        yield Attempt(
            at=from_micros(answer.at),
            step=answer.node,
            connection=answer.connection,
            number=answer.attempt,
            word=None,
            said="",
            answer=_answer(answer, whole),
        )


def _answer(one: Found, whole: Whole) -> Answer:
    return Answer(
        status=one.status,
        headers=tuple(Named(name=visible(name), value=visible(value)) for name, value in one.headers),
        body=visible(one.body.decode("utf-8", "replace")),
        size=len(one.body),
        cut=one.cut,
        until=from_micros(whole.kept_until(one)),
    )


def _fields(record: object) -> Iterator[Named]:
    if isinstance(record, Mapping):
        for name, value in record.items():  # pyright: ignore[reportUnknownVariableType] - JSON out of the database
            yield Named(name=visible(str(name)), value=visible(text_of(value)))  # pyright: ignore[reportUnknownArgumentType]
    elif record is not None:
        yield Named(name="", value=visible(json.dumps(record, ensure_ascii=False)))


def _decided(part: Part) -> Decided:
    rows = [[visible("" if cell is None else str(cell)) for cell in row] for row in part.rows]
    return Decided(title=part.title, columns=part.columns, rows=rows, hint=part.hint)


def _handed(known: Known) -> Iterator[Named]:
    for one in known.links:
        took = shown("C", one.took) if one.took is not None else ""
        record = shown("Q", one.kept) if one.kept is not None else ""
        value = (
            f"{one.taker}: {one.state}{f' as {took}' if took else ''}{f', {record} in quarantine' if record else ''}"
        )
        yield Named(name=one.node, value=value, link=f"/cases/{took}" if took else "")

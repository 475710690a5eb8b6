"""Finding one case by its id or key, with everything that is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from pydantic_core import from_json

from pilotage.cases.errors import NoSuchCase
from pilotage.cases.store import archiving, handing, looking
from pilotage.cases.store.found import CaseRow, EffectRow
from pilotage.cases.store.handing import Link
from pilotage.kernel.ids import read, shown
from pilotage.machinery.cli.names import did_you_mean
from pilotage.machinery.storage.database import Database, Tx

Plain: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of the timeline."""

    at: int
    story: Sequence[Sequence[object]]


@dataclass(frozen=True, kw_only=True)
class Known:
    """Everything that the cases know of one case."""

    row: CaseRow
    record: object
    given: Plain
    judgements: Mapping[str, Plain]
    timeline: Sequence[Entry]
    effects: Sequence[EffectRow]
    links: Sequence[Link]
    """What it has handed over to other automations, or wants to."""
    now: int


def look_up(tx: Tx, text: str, automation: str | None = None) -> int:
    """The case that an id (C-...) or a key names. Raises NoSuchCase (PLT-201) with keys that are written alike."""
    if "\0" in text:  # PostgreSQL has no text with it, so no key holds it
        msg = "A sign of the name is none that a key may have."
        raise NoSuchCase(msg, "Give the id of a case, such as C-1K3X8Q0T7M2A4, or its key.")
    number = read("C", text)
    if number is not None and looking.case_by_id(tx, number) is not None:
        return number
    rows = looking.cases_by_key(tx, text, automation)
    if len(rows) == 1:
        return rows[0].id
    if rows:
        several = ", ".join(f"{shown('C', row.id)} ({row.automation})" for row in rows)
        msg = f'Several cases have the key "{text}".'
        raise NoSuchCase(msg, f"Name one of them: {several}; or say --automation NAME.")
    if files := archiving.files_of(tx, text, automation):
        msg = f"The case {text} has ended, and is in an archive: {', '.join(files)}."
        raise NoSuchCase(msg, f"To look at it: pilotage archive --restore {files[0]}")
    record = read("Q", text)
    held = looking.quarantined(tx, record) if record is not None else None
    if held is not None and held.state == "waiting":
        msg = f"{text} is in quarantine, malformed, and no case yet: {held.reason}"
        raise NoSuchCase(msg, f"Look at it: pilotage quarantine show {text}")
    msg = f"There is no case {text}."
    otherwise = "Give a case's id (C-...) or its record's key."
    raise NoSuchCase(msg, did_you_mean(text, looking.keys_like(tx, text), otherwise))


def find(database: Database, text: str, automation: str | None = None) -> Known:
    """A case with its record, values, judgements, timeline and effects, of one moment. Raises NoSuchCase (PLT-201)."""
    with database.snapshot() as tx:
        return known(tx, look_up(tx, text, automation), database.now(tx))


def known(tx: Tx, case: int, now: int) -> Known:
    """The same for a case whose number is known, in the caller's transaction."""
    row = looking.case_by_id(tx, case)
    if row is None:
        msg = f"There is no case {shown('C', case)}."
        raise NoSuchCase(msg, "Give a case's id (C-...) or its record's key.")
    content = looking.content(tx, case)
    effects = looking.effects_of(tx, case)
    given = dict(cast("Plain", from_json(content.given))) if content is not None and content.given else {}
    for effect in effects:
        if effect.result is not None:
            given[effect.node] = from_json(effect.result)
    return Known(
        row=row,
        record=from_json(content.record) if content is not None else None,
        given=given,
        judgements=from_json(content.judgements) if content is not None and content.judgements else {},
        timeline=[Entry(at=one.at, story=from_json(one.story)) for one in looking.story(tx, case)],
        effects=effects,
        links=handing.links(tx, case),
        now=now,
    )


def numbers(database: Database, texts: Sequence[str], automation: str | None = None) -> list[int]:
    """The cases that ids or keys name, in their order. Raises NoSuchCase (PLT-201)."""
    with database.snapshot() as tx:
        return [look_up(tx, text, automation) for text in texts]

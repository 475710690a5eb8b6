"""Lists of cases with what is said of each, for the page and for programs."""

from collections.abc import Sequence
from dataclasses import dataclass

from pilotage.cases.service.whole import word_of
from pilotage.cases.store import listing
from pilotage.cases.store.found import CaseRow
from pilotage.cases.store.listing import Wanted
from pilotage.cases.values import Place, connection_waited_for
from pilotage.connections.values import Heard
from pilotage.machinery.storage.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A case as a list has it."""

    row: CaseRow
    word: str
    """The word of the failure for which it is where it is; empty: there is none."""
    why: str
    """Why it is there, in a sentence; empty: nothing has to be said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageOfCases:
    """A page of a list."""

    cases: Sequence[Line]
    more: int | None
    whole: bool


def list_cases(database: Database, wanted: Wanted, most: int) -> tuple[PageOfCases, int]:
    """The newest cases that fit, and the moment they were looked at."""
    with database.snapshot() as tx:
        found = listing.listed(tx, wanted, most)
        words = listing.words_of(tx, [row.id for row in found.cases if row.place not in listing.ENDED])
        now = database.now(tx)
    lines = [_line(row, words.get(row.id)) for row in found.cases]
    return PageOfCases(cases=lines, more=found.more, whole=found.whole), now


def _line(row: CaseRow, said: tuple[str, str] | None) -> Line:
    connection, words = said or ("", "")
    if row.place in listing.ENDED:
        return Line(row=row, word="", why=row.reason or "")
    why = words or row.reason or ""
    if not why and row.waits_for:
        why = f"It waits for {connection_waited_for(row.waits_for) or row.waits_for}."
    return Line(row=row, word=word_of(words, connection) or _word_in(row), why=why)


def _word_in(row: CaseRow) -> str:
    """The word in the reason of a case, which names the connection, or the step and then the connection."""
    if row.place == Place.READY.value:
        return ""
    return next((one.value for one in Heard if f": {one.value}. " in (row.reason or "")), "")

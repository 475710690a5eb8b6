"""The page of cases: the newest first, by automation, place and word of failure, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urlencode

from pilotage.cases.pages.showing import MARKS, Word, failure, visible
from pilotage.cases.service.listing import Line, list_cases
from pilotage.cases.store.listing import Wanted
from pilotage.cases.values import Place
from pilotage.connections.values import Heard
from pilotage.kernel.clock import from_micros
from pilotage.kernel.ids import read, shown
from pilotage.machinery.storage.database import Database
from pilotage.machinery.web.values import Page, Visit

MOST: Final = 50
"""Cases on a page."""
_FAILURES: Final = tuple(one.value for one in Heard if one is not Heard.ANSWERED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """A value of a filter."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """What a list may be narrowed by."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A case in the list."""

    id: str
    key: str
    automation: str
    place: str
    mark: str
    step: str
    since: timedelta
    came: datetime
    word: Word | None
    why: str


@dataclass(frozen=True, kw_only=True)
class CasesContext:
    """Cases, the newest first."""

    filters: tuple[Filter, ...]
    """What the list may be narrowed by, and by what it is."""
    narrowed: bool
    """Whether it is narrowed by anything."""
    rows: tuple[Row, ...]
    """The cases of this page."""
    first: bool
    """Whether this is the first page."""
    newest: str
    """The address of the first page."""
    older: str
    """The address of the next page; empty: there is none."""
    whole: bool
    """Whether the page is full, or the end is reached: else older cases were not looked at yet."""


def cases_page(database: Database, automations: Sequence[str]) -> Page[object]:
    """The page `/cases`."""
    return Page(
        name="cases",
        title="Cases",
        path="/cases",
        context=CasesContext,
        load=partial(_load, database, automations),
        template="cases/cases.html",
        icon="list",
        order=20,
    )


def _load(database: Database, automations: Sequence[str], visit: Visit) -> CasesContext:
    asked = {name: visit.query[name] for name in ("automation", "place", "failure") if visit.query.get(name)}
    before = read("C", visit.query.get("before", ""))
    known = {"place": list(Place), "failure": _FAILURES}
    kept = {name: value for name, value in asked.items() if value in known.get(name, (value,))}
    wanted = Wanted(automation=kept.get("automation"), place=kept.get("place"), word=kept.get("failure"), before=before)
    found, now = list_cases(database, wanted, MOST)
    newest = "/cases" + (f"?{urlencode(kept)}" if kept else "")
    older = "" if found.more is None else f"/cases?{urlencode({**kept, 'before': shown('C', found.more)})}"
    chosen = [kept["automation"]] if "automation" in kept else []
    names = [*automations, *(name for name in chosen if name not in automations)]
    return CasesContext(
        filters=(
            _filter("automation", "Automation", names, kept),
            _filter("place", "Place", [place.value for place in Place], kept),
            _filter("failure", "Failure", _FAILURES, kept),
        ),
        narrowed=bool(kept),
        rows=tuple(_row(one, now) for one in found.cases),
        first=before is None,
        newest=newest,
        older=older,
        whole=found.whole,
    )


def _filter(name: str, label: str, values: Sequence[str], kept: dict[str, str]) -> Filter:
    any_ = Choice(value="", text="any", chosen=name not in kept)
    found = (Choice(value=value, text=visible(value), chosen=kept.get(name) == value) for value in values)
    return Filter(name=name, label=label, choices=(any_, *found))


def _row(one: Line, now: int) -> Row:
    row = one.row
    return Row(
        id=shown("C", row.id),
        key=visible(row.key),
        automation=row.automation,
        place=row.place,
        mark=MARKS.get(row.place, "unknown"),
        step=row.node or "",
        since=timedelta(microseconds=max(0, now - row.changed_at)),
        came=from_micros(row.accepted_at),
        word=failure(one.word),
        why=visible(one.why),
    )

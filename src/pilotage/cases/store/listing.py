"""SQL of lists of cases, the newest first. What one page asks for is bounded, however many cases there are.

No index of its own: where few cases fit they come out of the index that knows them; where many do, the newest are looked
through in their order, a stretch at a time, and the page says how far it looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from pilotage.cases.store.found import CaseRow
from pilotage.cases.tables import cases, effects, still_open
from pilotage.cases.values import EffectState, Place
from pilotage.machinery.storage import bulk, rows
from pilotage.machinery.storage.database import Tx

FEW: Final = 2_000
"""So many cases at most are sorted for a page."""
STRETCH: Final = 10_000
"""So many of the newest are looked through for a page."""
STRETCH_OF_WORDS: Final = 2_000
"""The same where each one's effects are looked at, too."""
ENDED: Final = frozenset({Place.DONE.value, Place.WITHDRAWN.value, Place.HANDED_OVER.value})
_FAILING: Final = frozenset({Place.WAITING.value, Place.WITH_PEOPLE.value, Place.DEAD_LETTER.value})
"""Where a case is, whose effect fails or has failed."""
_TOLD: Final = (EffectState.PLANNED.value, EffectState.UNKNOWN.value, EffectState.REFUSED.value)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which cases are asked for."""

    automation: str | None = None
    place: str | None = None
    word: str | None = None
    """The word of a failure: down, answers differently, refused us, throttled."""
    before: int | None = None
    """Older than this case."""

    @property
    def places(self) -> frozenset[str] | None:
        """The places in which one may be; None: any."""
        if self.word is None:
            return None if self.place is None else frozenset({self.place})
        return _FAILING if self.place is None else _FAILING & {self.place}


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A page of cases."""

    cases: Sequence[CaseRow]
    more: int | None
    """The case behind which the next page begins; None: there is none."""
    whole: bool = True
    """Whether older cases were looked at until the page was full; else there may be some all the same."""


def listed(tx: Tx, wanted: Wanted, most: int) -> Listed:
    """The newest cases that fit."""
    if wanted.places is not None and not wanted.places:
        return Listed(cases=(), more=None)
    if _are_few(tx, wanted):
        fitting = _fitting(wanted, indexed=True).order_by((cases.c.id + 0).desc()).limit(most + 1)
        return _page(rows.values(CaseRow, tx.execute(fitting)), most)
    return _of_the_newest(tx, wanted, most)


def _page(found: Sequence[CaseRow], most: int) -> Listed:
    return Listed(cases=found[:most], more=found[most - 1].id if len(found) > most else None)


def _are_few(tx: Tx, wanted: Wanted) -> bool:
    """Whether an index says so: the one of open cases by place, or the one of keys by automation."""
    opened = wanted.places is not None and not wanted.places & ENDED
    if not opened and wanted.automation is None:
        return False
    query = sa.select(cases.c.place if opened else cases.c.automation)
    if opened:
        query = query.where(still_open(), cases.c.place.in_(sorted(wanted.places or ())))
    if wanted.automation is not None:
        query = query.where(cases.c.automation == wanted.automation)
    some = query.limit(FEW + 1).subquery()
    return tx.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() <= FEW


def _of_the_newest(tx: Tx, wanted: Wanted, most: int) -> Listed:
    length = STRETCH if wanted.word is None else STRETCH_OF_WORDS
    ids = sa.select(cases.c.id).order_by(cases.c.id.desc())
    if wanted.before is not None:
        ids = ids.where(cases.c.id < wanted.before)
    last = tx.execute(ids.limit(1).offset(length - 1)).scalar()
    query = _fitting(wanted, indexed=False).order_by(cases.c.id.desc()).limit(most + 1)
    if last is not None:
        query = query.where(cases.c.id >= last)
    found = rows.values(CaseRow, tx.execute(query))
    if len(found) > most or last is None:
        return _page(found, most)
    return Listed(cases=found, more=last, whole=False)


def _fitting(wanted: Wanted, *, indexed: bool) -> sa.Select[*tuple[Any, ...]]:
    """The cases that fit: by the indexes that know few of them, or by no other than that of ids."""
    c = cases.c
    query = sa.select(*rows.columns(cases, CaseRow))
    if wanted.automation is not None:
        query = query.where((c.automation if indexed else sa.func.coalesce(c.automation, "")) == wanted.automation)
    if wanted.places is not None:
        place = c.place if indexed else sa.func.coalesce(c.place, "")
        query = query.where(place.in_(sorted(wanted.places)))
        if indexed and not wanted.places & ENDED:
            query = query.where(still_open())
    if wanted.before is not None:
        query = query.where(c.id < wanted.before)
    if wanted.word is not None:
        said = f": {wanted.word}. "
        told = sa.exists().where(
            effects.c.case_id == c.id, effects.c.state.in_(_TOLD), effects.c.words.contains(said, autoescape=True)
        )
        query = query.where(sa.or_(c.reason.contains(said, autoescape=True), told))
    return query


def words_of(tx: Tx, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """What is said last of these cases' effects that are not confirmed: case -> (connection, words)."""
    e = effects.c
    query = (
        sa.select(e.case_id, e.connection, e.words)
        .where(bulk.among(tx, e.case_id, ids), e.state.in_(_TOLD), e.words.isnot(None))
        .order_by(e.changed_at)
    )
    return {case: (connection, words) for case, connection, words in tx.execute(query)}

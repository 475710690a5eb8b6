"""Queries of databases as sources: rows become records, page by page in order.

How far it came is committed with the records that it took, so that a process may die at any moment: what was not committed
is read again, and what was is not.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, cast

from pydantic import BaseModel
from pydantic_core import to_json

from pilotage.authoring.automation import Automation
from pilotage.authoring.ports import Call
from pilotage.authoring.query import Query
from pilotage.cases.arrivals import Arrival
from pilotage.cases.reading.keyset import (
    NoOrder,
    Page,
    Plain,
    Position,
    begun,
    met_before,
    page_of,
    read_position,
    says_nothing,
)
from pilotage.cases.service.intake import BLOCK, Intake
from pilotage.cases.service.outside import Outside
from pilotage.cases.service.submitting import fitting_row
from pilotage.cases.service.visiting import Away, Visit
from pilotage.connections.values import Heard
from pilotage.kernel.clock import from_micros
from pilotage.kernel.errors import PilotageError
from pilotage.kernel.foreign import RAISED

_FROM: Final = "pilotage_rows"
_VALUE: Final = "pilotage_{}"
_NOTHING_FOLLOWS: Final = "The greatest {column} is {top}, and nothing can go on from there: until that row is mended, each look reads more rows again."


class _Rows(BaseModel):
    rows: list[dict[str, object]]


@dataclass(frozen=True, kw_only=True)
class Queries:
    """Reads the queries of one process's automations."""

    intake: Intake
    outside: Outside
    page: int = BLOCK

    def take(self, visit: Visit) -> int:
        """Take in what is new; how many rows were taken. Raises Away, and Over where it is no longer our turn."""
        try:
            return self._taken(visit, cast("Query", visit.source))
        except NoOrder as error:
            raise Away(str(error), failing=Heard.DIFFERS) from error

    def _taken(self, visit: Visit, query: Query) -> int:
        position = read_position(visit.standing.position, query.by)
        if position.after is None:
            position = self._begun(visit, query, position)
        taken, submission = 0, None
        while visit.goes_on():
            page = page_of(position, self._read(visit, query, position), self.page)
            new = self._new(visit, query, position, page)
            arrivals = [one for one in new if one is not None]
            if page.rows or page.position != position:
                if arrivals and submission is None:
                    submission = self.intake.begin(visit.automation, f"query {query.name}")
                self._commit(visit, page, arrivals, submission)
            taken, position = taken + len(new), page.position
            if page.ends:
                break
        if submission is not None:
            self.intake.finish(submission)
        if position.after is None:
            self._note_nulls(visit, query)
        return taken

    def _begun(self, visit: Visit, query: Query, was: Position) -> Position:
        (row,) = self._ask(visit, query, f"SELECT max({query.by[0]}) AS top", "", {}, most=1)
        top = cast("Plain | None", row["top"])
        if top is not None and says_nothing(top):
            _say(visit, _NOTHING_FOLLOWS.format(column=query.by[0], top=top))
        with visit.database.snapshot() as tx:
            now = from_micros(visit.database.now(tx))
        return begun(was, top, query.overlap, now)

    def _read(self, visit: Visit, query: Query, position: Position) -> Sequence[Mapping[str, object]]:
        columns, values = ", ".join(query.by), dict[str, Plain]()
        where = " AND ".join(f"{column} IS NOT NULL" for column in query.by)
        if position.after is not None:
            values = {_VALUE.format(number): value for number, value in enumerate(position.after)}
            where += f" AND ({columns}) > ({', '.join(f':{name}' for name in values)})"
        elif (floor := _first(query) if position.floor is None else position.floor) is not None:
            values = {_VALUE.format(0): floor}
            where += f" AND {query.by[0]} >= :{_VALUE.format(0)}"
        tail = f"WHERE {where} ORDER BY {columns} LIMIT {self.page + 1}"
        return self._ask(visit, query, "SELECT *", tail, values, most=self.page + 1)

    def _note_nulls(self, visit: Visit, query: Query) -> None:
        """Say so where rows have nothing in a column of `by`: they stand nowhere in its order."""
        where = " OR ".join(f"{column} IS NULL" for column in query.by)
        if self._ask(visit, query, "SELECT 1 AS one", f"WHERE {where} LIMIT 1", {}, most=1):
            words = f"Some rows have no {' or no '.join(query.by)}: they stand nowhere in that order, and are not read."
            _say(visit, words)

    def _ask(
        self, visit: Visit, query: Query, select: str, tail: str, values: Mapping[str, Plain], *, most: int
    ) -> list[dict[str, object]]:
        sql = f"{select} FROM ({query.statement}\n) AS {_FROM} {tail}"
        sent = {name: value if _is_json(value) else str(value) for name, value in values.items()}
        asked = {"sql": sql, "parameters": sent, "most": most}
        call = Call(method="POST", path="/rows", body=asked, expect=_Rows, reads=True)
        return cast("_Rows", self.outside.ask(visit, query.database, call)).rows

    def _new(self, visit: Visit, query: Query, was: Position, page: Page) -> list[Arrival | None]:
        """What the rows of a page give, but for those that were read before and are here as they are: they never count twice."""
        found = [_arrival(visit.automation, query, row) for row in page.rows]
        again = [one for one, row in zip(found, page.rows, strict=True) if one is not None and met_before(was, row)]
        here = self.intake.unchanged(visit.automation, again) if again else set[int]()
        known = {id(one) for place, one in enumerate(again) if place in here}
        return [one for one in found if id(one) not in known]

    def _commit(self, visit: Visit, page: Page, arrivals: Sequence[Arrival], submission: int | None) -> None:
        """The records of a page and the position behind them, in one transaction."""
        block = self.intake.prepared(visit.automation, arrivals)
        with visit.database.transaction() as tx:
            visit.remember(tx, page.position.written())
            taken = self.intake.store(tx, block, submission) if arrivals and submission is not None else None
        if taken is not None:
            self.intake.stored(block, taken)


def _say(visit: Visit, words: str) -> None:
    """Say something of a source that could be read, beside what is said already."""
    before = "" if visit.noted is None else f"{visit.noted.words} "
    visit.noted = Away(before + words, failing=Heard.DIFFERS)


def _is_json(value: Plain) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _first(query: Query) -> Plain | None:
    since = query.since
    if isinstance(since, datetime):
        return since.isoformat(sep=" ")
    return since.isoformat() if isinstance(since, date) else since


def _arrival(automation: Automation, query: Query, row: Mapping[str, object]) -> Arrival | None:
    original = to_json(row, fallback=str)
    if query.record is None:
        return Arrival(fields=fitting_row(automation, row), original=original)
    try:
        made = query.record(row)
    except RAISED as error:  # record= is the author's code: its failure is this row's
        said = error.what if isinstance(error, PilotageError) else f"{type(error).__name__}: {error}"
        reason = f"No record could be made of the row: {said}"
        return Arrival(fields=None, original=original, reason=reason, shape="row: no record")
    return None if made is None else Arrival(fields=made, original=original)

"""How far a query was read: from where its next page goes on, and how far behind it looks again. Pure.

A look begins at a floor, and goes on behind the last row of each page until a page is not full; it may take many visits.
What others commit late, with a time that was passed already, lies at most `overlap` behind what could be seen when the look
began: there the next look begins. The rows that it meets again are known by their digests, as far as those are remembered;
beyond that, whoever takes them asks `met_before` which ones to compare with what is here.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, cast

from pydantic_core import from_json, to_json

Plain: TypeAlias = str | int | float
"""What a column of `by` holds, as JSON has it."""
USUAL: Final = timedelta(minutes=10)
"""How far behind it looks again, where nothing is said and a time leads."""
REMEMBERED: Final = 4_000
"""Rows whose digests are remembered; one that is met again beyond them is recognised by what is here of it."""
_AHEAD: Final = timedelta(hours=14)
_BEHIND: Final = timedelta(hours=12)
"""How far the wall clock of a place may be from UTC: for times that do not say their zone."""
_NO_TIME: Final = re.compile(r"-?infinity|\d{5,}-\d\d-\d\d.*|\d{4,}-\d\d-\d\d.* BC")
"""What a database may hold as a time, and Python may not."""
_LONG_AGO: Final = re.compile(r"-infinity|.* BC")
_NO_NUMBER: Final = frozenset({"Infinity", "-Infinity", "NaN"})


class NoOrder(Exception):
    """The columns of `by` cannot be read in pages; the text says why and what to write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a query was read."""

    by: tuple[str, ...]
    floor: Plain | None = None
    """What leads at the beginning of a look; None: the first row."""
    after: tuple[Plain, ...] | None = None
    """The last row of the look that was interrupted here; None: the last one came to its end."""
    next_floor: Plain | None = None
    """The floor of the look after the present one."""
    seen: tuple[tuple[Plain, str], ...] = ()
    """The rows that may be met again: what leads in them, and their digests."""
    reached: Plain | None = None
    """What led in the last row of the looks that came to their end."""
    earlier: bool = False
    """Written by a release that did not say what was reached: any row may have been read."""

    def written(self) -> str:
        """As text."""
        kept = {"by": self.by, "floor": self.floor, "after": self.after, "next_floor": self.next_floor}
        reached = {} if self.earlier else {"reached": self.reached}
        return to_json({**kept, "seen": self.seen, **reached}).decode()


def read_position(text: str | None, by: tuple[str, ...]) -> Position:
    """What was written; a query that is ordered in another way now begins anew."""
    found = cast("dict[str, object]", from_json(text)) if text else {}
    if tuple(cast("list[str]", found.get("by", []))) != by:
        return Position(by=by)
    after = cast("list[Plain] | None", found["after"])
    return Position(
        by=by,
        floor=cast("Plain | None", found["floor"]),
        after=None if after is None else tuple(after),
        next_floor=cast("Plain | None", found["next_floor"]),
        seen=tuple((lead, digest) for lead, digest in cast("list[tuple[Plain, str]]", found["seen"])),
        reached=cast("Plain | None", found.get("reached")),
        earlier="reached" not in found,
    )


def begun(was: Position, top: Plain | None, overlap: int | timedelta | None, now: datetime) -> Position:
    """The position with which a look begins; `top` is the greatest that leads now. Raises NoOrder."""
    if top is None:
        return replace(was, next_floor=was.floor)
    if not says_nothing(top):
        return replace(was, next_floor=behind(was.by[0], top, overlap, now))
    if not isinstance(top, str) or top in _NO_NUMBER or _LONG_AGO.fullmatch(top):
        return replace(was, next_floor=was.floor)
    less = overlap if isinstance(overlap, timedelta) else timedelta() if overlap == 0 else USUAL
    day = (now - _BEHIND - less).date().isoformat()  # a day: it can be compared with whatever the column is
    return replace(was, next_floor=day if was.floor is None or _below(was.floor, day) else was.floor)


def says_nothing(top: Plain) -> bool:
    """Whether nothing follows from a greatest value about where to go on: infinity, or a time that Python cannot hold."""
    if isinstance(top, str):
        return top in _NO_NUMBER or _NO_TIME.fullmatch(top) is not None
    return not math.isfinite(top)


def behind(column: str, top: Plain, overlap: int | timedelta | None, now: datetime) -> Plain:
    """Where the next look begins. Raises NoOrder where nobody said how far behind a value of this kind it is."""
    time = None if isinstance(top, int | float) else _time(top)
    if time is not None and not (overlap is not None and isinstance(overlap, int) and overlap):
        return _earlier(
            str(top), time, overlap if isinstance(overlap, timedelta) else None if overlap is None else timedelta(), now
        )
    if not overlap and overlap is not None:
        return top
    number = _number(top)
    if number is not None and isinstance(overlap, int):
        less = number - overlap
        return int(less) if isinstance(top, int) else float(less) if isinstance(top, float) else str(less)
    if number is not None:
        raise NoOrder(
            f"{column} is a number, and nothing says how many numbers behind another one a row may be written late: "
            "say overlap=1000, or overlap=0 where rows are committed in the order of their numbers."
        )
    raise NoOrder(
        f"{column} is neither a time nor a number: begin by= with one, or say overlap=0 where no row is ever written "
        "behind another one."
    )


def _earlier(text: str, time: datetime | date, overlap: timedelta | None, now: datetime) -> str:
    """A time before this one, in the same form; a time that lies in the future counts as now."""
    less = USUAL if overlap is None else overlap
    if not isinstance(time, datetime):
        day = time if time <= (now + _AHEAD).date() else (now - _BEHIND).date()
        return (datetime(day.year, day.month, day.day) - less).date().isoformat()  # noqa: DTZ001 - a day has no zone
    if time.tzinfo is not None:
        earlier = min(time, now.astimezone(time.tzinfo)) - less
    else:
        wall = now.astimezone(UTC).replace(tzinfo=None)
        earlier = (time if time <= wall + _AHEAD else wall - _BEHIND) - less
    said = earlier.isoformat(sep=text[10], timespec="microseconds" if "." in text else "seconds")
    return said.replace("+00:00", "Z") if text.endswith("Z") else said


def _time(text: str) -> datetime | date | None:
    if len(text) < 10 or text[4] != "-":  # digits alone are a number
        return None
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return None


def _number(value: Plain) -> Decimal | None:
    try:
        number = Decimal(value) if not isinstance(value, bool) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Rows that are taken together."""

    rows: tuple[Mapping[str, object], ...]
    """Those that were not met before."""
    position: Position
    """Behind them."""
    ends: bool
    """Whether the look came to its end with them."""


def page_of(was: Position, rows: Sequence[Mapping[str, object]], size: int) -> Page:
    """What to take of `size` rows and one more that were read in order. Raises NoOrder.

    Where rows beyond the page have the same columns of `by` as its last ones, those wait for the next page.
    """
    full = len(rows) > size
    taken = list(rows[:size])
    if full:
        beyond = leads(was.by, rows[size])
        while taken and leads(was.by, taken[-1]) == beyond:
            taken.pop()
        if not taken:
            raise NoOrder(
                f"More than {size:,} rows have the same {', '.join(was.by)}: name a column in by= as well that tells "
                "them apart."
            )
    known = {digest for _, digest in was.seen}
    marks = [(leads(was.by, row)[0], digest_of(row)) for row in taken]
    fresh = tuple(row for row, (_, digest) in zip(taken, marks, strict=True) if digest not in known)
    may_come_again = [mark for mark in marks if not _below(mark[0], was.next_floor)]
    seen = tuple({digest: (lead, digest) for lead, digest in (*was.seen, *may_come_again)}.values())
    if full:
        position = replace(was, after=leads(was.by, taken[-1]), seen=seen[-REMEMBERED:])
        return Page(rows=fresh, position=position, ends=False)
    floor = was.next_floor
    kept = tuple(mark for mark in seen if not _below(mark[0], floor))[-REMEMBERED:]
    last = marks[-1][0] if marks else None if was.after is None else was.after[0]
    reached = was.reached if last is None or _below(last, was.reached) else last
    position = replace(was, floor=floor, after=None, seen=kept, reached=reached, earlier=was.earlier and last is None)
    return Page(rows=fresh, position=position, ends=True)


def met_before(was: Position, row: Mapping[str, object]) -> bool:
    """Whether an earlier look may have read a row: it stands no further than that one came. Raises NoOrder."""
    if was.earlier:
        return True
    return was.reached is not None and not _below(was.reached, leads(was.by, row)[0])


def leads(by: Sequence[str], row: Mapping[str, object]) -> tuple[Plain, ...]:
    """The columns of `by` in a row, whatever case the database writes them in. Raises NoOrder."""
    names = {name.lower(): value for name, value in row.items()}
    try:
        values = [names[one.lower()] for one in by]
    except KeyError as missing:
        raise NoOrder(f"The statement does not give {missing.args[0]}, which by= names.") from None
    for name, value in zip(by, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise NoOrder(f"{name} is neither a text nor a number nor a time: by= cannot name it.")
    return tuple(cast("list[Plain]", values))


def digest_of(row: Mapping[str, object]) -> str:
    """By which a row is known again as a whole."""
    return hashlib.blake2b(to_json(row, fallback=str), digest_size=12).hexdigest()


def _below(lead: Plain, floor: Plain | None) -> bool:
    if floor is None:
        return False
    one, other = _comparable(lead), _comparable(floor)
    return type(one) is type(other) and one < other  # type: ignore[operator]


def _comparable(value: Plain) -> Decimal | datetime | str:
    time = _time(value) if isinstance(value, str) else None
    if isinstance(time, datetime):
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time
    if time is not None:
        return datetime(time.year, time.month, time.day, tzinfo=UTC)
    number = _number(value)
    return str(value) if number is None else number

"""What the pages show of the world outside: the panels of Today, and the page of connections with their limits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlencode

from pilotage.connections.values import Heard
from pilotage.kernel.clock import from_micros
from pilotage.machinery.web import wording
from pilotage.machinery.web.charts import Mirrored, Pair, Share, mirrored, part_of
from pilotage.machinery.web.values import Page, Panel, Visit
from pilotage.operations.connections import HELD_UP, NEVER, WORKS, OtherSide, check_in_words
from pilotage.operations.limits import Account, Limit

T = TypeVar("T")
_MARKS: Final[Mapping[str, str]] = {
    WORKS: "well",
    NEVER: "empty",
    HELD_UP: "attention",
    Heard.DOWN.value: "broken",
    Heard.DIFFERS.value: "unknown",
    Heard.REFUSED.value: "attention",
    Heard.THROTTLED.value: "passing",
}
_HOUR: Final = 3_600_000_000
_HOURS: Final = 24
_SHORT: Final = 0.9
"""A limit of which more is used is short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitRow:
    """A limit with what is used of it."""

    limit: str
    form: str
    used: str
    left: str
    free: str
    """When it has room again; empty: it has room."""
    declared_by: str
    bar: tuple[Share, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TroubledConnection:
    """A connection that is not well."""

    name: str
    sentence: str
    said: str


@dataclass(frozen=True, kw_only=True)
class ConnectionsContext:
    """How the other sides do."""

    known: int
    """How many connections there are."""
    troubled: tuple[TroubledConnection, ...]
    """Those that are not well, the ones with the most waiting first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ShortConnection:
    """A connection that is short, or that the other side closed."""

    name: str
    waiting: int
    sentences: tuple[str, ...]
    rows: tuple[LimitRow, ...]


@dataclass(frozen=True, kw_only=True)
class LimitsContext:
    """Which connections are short."""

    counted: int
    """How many connections have limits."""
    short: tuple[ShortConnection, ...]
    """Those that are short."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """Everything that is known of a connection."""

    name: str
    mark: str
    sentence: str
    note: str
    said: str
    next_call: datetime | None
    waiting: int
    cases: str
    """The address of the cases that have the word of its state; empty: no word."""
    heard: tuple[tuple[str, int], ...]
    """What came of the calls of the last 24 hours."""
    chart: Mirrored
    begins: str
    ends: str
    rows: tuple[LimitRow, ...]
    expected: tuple[str, ...]
    """The forecast, and until when it wants no calls."""
    doubts: tuple[str, ...]
    """Where what is declared looks wrong."""
    checks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class OutsideContext:
    """The page around them."""

    lead: str
    """How they do, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class EveryContext:
    """All connections, those that are not well first."""

    connections: tuple[Connection, ...]
    """Every one that is declared, or that was ever called."""


def panels(
    read_sides: Callable[[], Sequence[OtherSide]], read_accounts: Callable[[], Sequence[Account]]
) -> tuple[Panel[object], ...]:
    """The panels for the page `today`, who is not well and who is short, and the one for the page of connections."""

    def panel(name: str, title: str, context: type, load: Callable[[Visit], object], order: int) -> Panel[object]:
        template = f"operations/{name}.html"
        return Panel(
            name=name,
            page="today",
            slot="flow",
            title=title,
            context=context,
            load=load,
            template=template,
            order=order,
        )

    return (
        panel("connections", "Connections", ConnectionsContext, _shaped(read_sides, connections_context), 20),
        panel("limits", "Connections that are short", LimitsContext, _shaped(read_accounts, limits_context), 30),
        Panel(
            name="every-connection",
            page="connections",
            slot="connections",
            title="Every connection",
            context=EveryContext,
            load=partial(_every, read_sides, read_accounts),
            template="operations/outside_connections.html",
            look="plain",
        ),
    )


def _shaped(read: Callable[[], Sequence[T]], shape: Callable[[Sequence[T]], object]) -> Callable[[Visit], object]:
    return lambda visit: shape(visit.once(read))


def connections_page(
    read_sides: Callable[[], Sequence[OtherSide]], read_accounts: Callable[[], Sequence[Account]]
) -> Page[object]:
    """The page `/connections`."""
    return Page(
        name="connections",
        title="Connections",
        path="/connections",
        context=OutsideContext,
        load=partial(_load, read_sides, read_accounts),
        template="operations/outside.html",
        slots=("connections",),
        icon="plug",
        order=30,
    )


def _load(
    read_sides: Callable[[], Sequence[OtherSide]], read_accounts: Callable[[], Sequence[Account]], visit: Visit
) -> OutsideContext:
    sides, limited = visit.once(read_sides), visit.once(read_accounts)
    return OutsideContext(lead=_lead(len(sides), sum(not one.well for one in sides), sum(one.short for one in limited)))


def _every(
    read_sides: Callable[[], Sequence[OtherSide]], read_accounts: Callable[[], Sequence[Account]], visit: Visit
) -> EveryContext:
    return every_context(visit.once(read_sides), visit.once(read_accounts))


def connections_context(found: Sequence[OtherSide]) -> ConnectionsContext:
    """Those that are not well, the ones with the most waiting first."""
    troubled = sorted((one for one in found if not one.well), key=lambda one: (-one.waiting, one.name))
    return ConnectionsContext(
        known=len(found),
        troubled=tuple(TroubledConnection(name=one.name, sentence=one.sentence, said=one.said) for one in troubled),
    )


def limits_context(found: Sequence[Account]) -> LimitsContext:
    """The connections that are short, those with the most waiting first."""
    short = sorted((one for one in found if one.short), key=lambda one: (-one.waiting, one.name))
    return LimitsContext(
        counted=sum(bool(one.limits) for one in found),
        short=tuple(
            ShortConnection(name=one.name, waiting=one.waiting, sentences=_expected(one), rows=_rows(one))
            for one in short
        ),
    )


def every_context(sides: Sequence[OtherSide], accounts: Sequence[Account]) -> EveryContext:
    """Every connection with its limits: first those that are not well, then those that are short."""
    limited = {one.name: one for one in accounts}
    order = sorted(sides, key=lambda one: (one.well, not _is_short(limited.get(one.name)), -one.waiting, one.name))
    return EveryContext(connections=tuple(_connection(one, limited.get(one.name)) for one in order))


def _is_short(account: Account | None) -> bool:
    return account is not None and account.short


def _lead(known: int, troubled: int, short: int) -> str:
    if not known:
        return "No automation names a connection."
    said = f"{wording.counted(known, 'connection')}"
    parts = [f"{troubled:,} not well" if troubled else "all answer, or have not been called"]
    parts += [f"{short:,} short of what its limits allow"] if short else []
    return f"{said}: {wording.listed(parts)}."


def _connection(one: OtherSide, account: Account | None) -> Connection:
    failing = one.state in {Heard.DOWN, Heard.DIFFERS, Heard.REFUSED, Heard.THROTTLED}
    hours = _chart(one)
    return Connection(
        name=one.name,
        mark=_MARKS.get(one.state, "unknown"),
        sentence=one.sentence.removeprefix(f"{one.name}: "),
        note=one.note,
        said="" if one.well else one.said,
        next_call=None if one.next_call is None else from_micros(one.next_call),
        waiting=one.waiting,
        cases=f"/cases?{urlencode({'failure': one.state})}" if failing else "",
        heard=tuple((kind.value, one.heard[kind.value]) for kind in Heard if one.heard.get(kind.value)),
        chart=hours,
        begins=hours.bars[0].pair.label,
        ends=hours.bars[-1].pair.label,
        rows=() if account is None else _rows(account),
        expected=() if account is None else _expected(account),
        doubts=() if account is None else (*account.doubts, *filter(None, (account.jumped,))),
        checks=tuple(check_in_words(one, asks).removeprefix(f"{one.name}: ") for asks in sorted(one.checks)),
    )


def _chart(one: OtherSide) -> Mirrored:
    """The calls of 24 hours: those that were answered upwards, all others downwards."""
    last = one.now // _HOUR * _HOUR
    pairs: list[Pair] = []
    for back in range(_HOURS - 1, -1, -1):
        at = last - back * _HOUR
        counts = one.hours.get(at, {})
        answered = counts.get(Heard.ANSWERED.value, 0)
        label = f"{from_micros(at):%H:%M}"
        pairs.append(Pair(label=label, up=answered, down=sum(counts.values()) - answered))
    return mirrored(pairs)


def _expected(one: Account) -> tuple[str, ...]:
    closed = (
        ()
        if one.closed_until is None
        else (f"The other side wants no calls until {wording.clock(from_micros(one.closed_until))}.",)
    )
    return (*filter(None, (one.sentence,)), *closed)


def _rows(one: Account) -> tuple[LimitRow, ...]:
    return tuple(_row(limit, one.now) for limit in one.limits)


def _row(limit: Limit, now: int) -> LimitRow:
    free = ""
    if limit.free_at is not None:
        wait = timedelta(microseconds=max(0, limit.free_at - now))
        free = f"has room in {wording.age(wait)}" if wait >= timedelta(minutes=1) else "has room within a minute"
    return LimitRow(
        limit=limit.words if limit.value is None else f"{limit.words}: {limit.value or '(nobody)'}",
        form=limit.form,
        used=f"{limit.share:.0%} used",
        left=f"{limit.left:,.2f} left" if limit.unit.isupper() else f"{limit.left:,.0f} left",
        free=free,
        declared_by=wording.listed(list(limit.declared_by)),
        bar=part_of(limit.share, "short" if limit.share >= _SHORT else "way"),
    )

"""The panel of connections that are short, on the Today page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pilotage.kernel.clock import from_micros
from pilotage.machinery.web import wording
from pilotage.machinery.web.values import Panel, Visit
from pilotage.operations.limits import Account


@dataclass(frozen=True, kw_only=True)
class ShortRow:
    """A limit of a connection that is short."""

    limit: str
    used: str
    left: str


@dataclass(frozen=True, kw_only=True)
class ShortConnection:
    """A connection that is short, or that the other side closed."""

    name: str
    waiting: int
    sentences: tuple[str, ...]
    rows: tuple[ShortRow, ...]


@dataclass(frozen=True, kw_only=True)
class LimitsContext:
    """Which connections are short."""

    counted: int
    """How many connections have limits."""
    short: tuple[ShortConnection, ...]
    """Those that are short."""


def limits_panel(read: Callable[[], Sequence[Account]]) -> Panel[object]:
    """The panel for the page `today`."""
    return Panel(
        name="limits",
        page="today",
        slot="flow",
        title="Connections that are short",
        context=LimitsContext,
        load=partial(_loaded, read),
        template="operations/limits.html",
        order=30,
    )


def _loaded(read: Callable[[], Sequence[Account]], visit: Visit) -> LimitsContext:
    return limits_context(visit.once(read))


def limits_context(found: Sequence[Account]) -> LimitsContext:
    """The connections that are short, those with the most waiting first."""
    short = sorted((one for one in found if one.short), key=lambda one: (-one.waiting, one.name))
    return LimitsContext(counted=sum(bool(one.limits) for one in found), short=tuple(_short(one) for one in short))


def _short(one: Account) -> ShortConnection:
    closed = (
        ()
        if one.closed_until is None
        else (f"The other side wants no calls until {wording.clock(from_micros(one.closed_until))}.",)
    )
    return ShortConnection(
        name=one.name,
        waiting=one.waiting,
        sentences=(*filter(None, (one.sentence,)), *closed),
        rows=tuple(
            ShortRow(
                limit=limit.words if limit.value is None else f"{limit.words}: {limit.value}",
                used=f"{limit.share:.0%} used",
                left=f"{limit.left:,.2f} left" if limit.unit.isupper() else f"{limit.left:,.0f} left",
            )
            for limit in one.limits
        ),
    )

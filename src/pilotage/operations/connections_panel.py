"""The panel of connections whose other side fails, throttles or refuses, on the Today page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from pilotage.machinery.web.values import Panel, Visit
from pilotage.operations.connections import OtherSide


@dataclass(frozen=True, kw_only=True)
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


def connections_panel(read: Callable[[], Sequence[OtherSide]]) -> Panel[object]:
    """The panel for the page `today`."""
    return Panel(
        name="connections",
        page="today",
        slot="flow",
        title="Connections",
        context=ConnectionsContext,
        load=partial(_loaded, read),
        template="operations/connections.html",
        order=20,
    )


def _loaded(read: Callable[[], Sequence[OtherSide]], visit: Visit) -> ConnectionsContext:
    return connections_context(visit.once(read))


def connections_context(found: Sequence[OtherSide]) -> ConnectionsContext:
    """Those that are not well, the ones with the most waiting first."""
    troubled = sorted((one for one in found if not one.well), key=lambda one: (-one.waiting, one.name))
    return ConnectionsContext(
        known=len(found),
        troubled=tuple(TroubledConnection(name=one.name, sentence=one.sentence, said=one.said) for one in troubled),
    )

"""Where in a trace the running code is. Where nothing is traced there is none, and looking costs next to nothing."""

from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

from pilotage.kernel.ids import shown

if TYPE_CHECKING:  # who traces nothing loads nothing
    from opentelemetry.context import Context


class Counts(Protocol):
    """What runs inside a span may tell: that a model was asked."""

    def asking(self, model: str, *, connection: str) -> "AbstractContextManager[Asking]":
        """A span around one question to a model."""
        ...


class Asking(Protocol):
    """A question to a model on its way."""

    def took(self, *, tokens: tuple[int, int] | None, cost: float | None) -> None:
        """What the answer says that it took: tokens in and out, and the money by the price list."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """The span around the running code."""

    telemetry: Counts
    """Whose it is."""
    context: "Context"
    about: Mapping[str, str | int] = field(default_factory=dict[str, str | int])
    """What every span in it says of itself, too: the automation, the step, the case."""


scope: Final[ContextVar[Scope | None]] = ContextVar("scope", default=None)
"""Two platforms in one process never meet in it."""


def of_case(case: int | None) -> AbstractContextManager[object]:
    """A block in which everything is about this case, where somebody traces it."""
    around = scope.get()
    return _NOTHING if case is None or around is None else _of_case(around, case)


@contextmanager
def _of_case(around: Scope, case: int) -> Generator[None]:
    token = scope.set(replace(around, about={**around.about, "pilotage.case": shown("C", case)}))
    try:
        yield
    finally:
        scope.reset(token)


def asking(model: str, *, connection: str) -> AbstractContextManager[Asking]:
    """A block around one question to a model, of which somebody is told where it is traced."""
    around = scope.get()
    return _NOBODY if around is None else around.telemetry.asking(model, connection=connection)


class _Untold:
    """A question of which nobody is told."""

    def took(self, *, tokens: tuple[int, int] | None, cost: float | None) -> None:
        """What the answer says that it took."""


_NOTHING: Final = nullcontext()
_NOBODY: Final = nullcontext[Asking](_Untold())

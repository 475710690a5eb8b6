"""Where in a trace the running code is. Where nothing is traced there is none, and looking costs next to nothing."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

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

"""What is said of a span that failed, and what the other side of a call is told of the trace."""

from typing import Final

from opentelemetry.trace import Span, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pilotage.machinery.telemetry.scope import Scope

_PROPAGATOR: Final = TraceContextTextMapPropagator()


def fail(span: Span, word: str) -> None:
    """Say that it failed, in a word; never why in anybody's text."""
    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", word)


def headers_of(inside: Scope) -> dict[str, str]:
    """The header by which the other side may join the trace: ids, and nothing else."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, inside.context)
    return carrier

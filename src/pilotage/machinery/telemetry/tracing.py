"""Spans: of batches, steps, effects and calls. OpenTelemetry is imported here and in `sending`, `metering` and `opening` alone."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from pilotage.kernel.clock import Clock
from pilotage.kernel.ids import shown
from pilotage.machinery.net.messages import Outgoing
from pilotage.machinery.telemetry.calls import CallSpan
from pilotage.machinery.telemetry.identity import trace_of
from pilotage.machinery.telemetry.metering import Meters
from pilotage.machinery.telemetry.naming import type_of
from pilotage.machinery.telemetry.propagating import fail
from pilotage.machinery.telemetry.scope import Scope, scope
from pilotage.machinery.telemetry.values import Paths

Attributes = Mapping[str, str | int | float | bool]
_wanted: Final[ContextVar[int | None]] = ContextVar("wanted", default=None)
_NOWHERE: Final = Context()


class GivenIds(RandomIdGenerator):
    """Gives a root span the trace that belongs to its batch or case; every other id is chance."""

    def generate_trace_id(self) -> int:
        """The trace that is wanted, else any."""
        return _wanted.get() or super().generate_trace_id()

    def is_trace_id_random(self) -> bool:
        """What is computed is not promised to be chance."""
        return False


@dataclass(kw_only=True, slots=True)
class Question:
    """A question to a model on its way, and what it took."""

    tokens: tuple[int, int] | None = None
    cost: float | None = None

    def took(self, *, tokens: tuple[int, int] | None, cost: float | None) -> None:
        """What the answer says that it took: tokens in and out, and the money by the price list."""
        self.tokens, self.cost = tokens, cost

    @property
    def said(self) -> dict[str, str | int | float]:
        """The same in a span; what is not known is not said."""
        said: dict[str, str | int | float] = {}
        if self.tokens is not None:
            said |= {"gen_ai.usage.input_tokens": self.tokens[0], "gen_ai.usage.output_tokens": self.tokens[1]}
        if self.cost is not None:
            said |= {"pilotage.cost": self.cost, "pilotage.cost.currency": "USD"}
        return said


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """An attempt of an effect on its way."""

    span: Span

    def ended(self, word: str, *, well: bool) -> None:
        """What became of it."""
        self.span.set_attribute("pilotage.outcome", word)
        if not well:
            fail(self.span, word)


@dataclass(frozen=True, kw_only=True)
class Telemetry:
    """Makes the spans of one process, and counts."""

    tracer: Tracer
    environment: str
    clock: Clock
    meters: Meters
    paths: Paths = Paths.WORDS
    closing: Callable[[], None] = lambda: None

    def close(self) -> None:
        """Send what is left, and stop."""
        self.closing()

    @contextmanager
    def batch(self, number: int, *, automation: str, release: str, cases: int, checkpoint: int) -> Generator[None]:
        """A stretch of a batch, from what is stored to its next end: the root of the batch's trace."""
        about = {"pilotage.automation": automation, "pilotage.release": release}
        said = {"pilotage.batch": shown("B", number), "pilotage.batch.cases": cases, "pilotage.checkpoint": checkpoint}
        trace = trace_of(self.environment, "batch", number)
        with self.span(f"batch {automation}", about=about, said=said, trace=trace):
            yield

    @contextmanager
    def step(self, automation: str, step: str, *, plans: bool = False) -> Generator[None]:
        """A step, run over all cases of a batch that stand before it; `plans`: their effects are planned, not sent."""
        about = {"pilotage.automation": automation, "pilotage.step": step}
        with self.span(f"{'plan' if plans else 'step'} {step}", about=about):
            yield

    @contextmanager
    def effect(self, case: int, *, automation: str, step: str, attempt: int, asks: bool) -> Generator[Attempt]:
        """An attempt of an effect, or a question about it: in the trace of its case."""
        about: dict[str, str | int] = {
            "pilotage.automation": automation,
            "pilotage.step": step,
            "pilotage.case": shown("C", case),
            "pilotage.attempt": attempt,
        }
        trace = trace_of(self.environment, "case", case)
        with self.span(f"{'ask about' if asks else 'effect'} {step}", about=about, trace=trace) as span:
            yield Attempt(span=span)

    def call(
        self, outgoing: Outgoing, *, connection: str, step: str, attempt: int | None, waited: float | None, sends: bool
    ) -> CallSpan:
        """One request through a connection; `sends`: the other side may join the trace."""
        return CallSpan(
            telemetry=self,
            outgoing=outgoing,
            connection=connection,
            step=step,
            attempt=attempt,
            waited=waited,
            sends=sends,
        )

    @contextmanager
    def permit(self, connection: str, *, step: str, waited: float | None) -> Generator[None]:
        """Leave for a client that is not ours to call a connection, as long as it lasts."""
        said: dict[str, str | float] = {"pilotage.connection": connection, "pilotage.step": step}
        if waited is not None:
            said["pilotage.permit.wait"] = round(waited, 6)
        with self.span(f"permit {connection}", said=said, kind=SpanKind.CLIENT):
            yield

    @contextmanager
    def asking(self, model: str, *, connection: str) -> Generator[Question]:
        """One question to a model, as OpenTelemetry's conventions for generative AI have it; the call is inside."""
        marks = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": connection, "gen_ai.request.model": model}
        question, began, failed = Question(), self.clock.monotonic(), dict[str, str]()
        with self.span(f"chat {model}", said=marks, kind=SpanKind.CLIENT) as span:
            try:
                yield question
            except BaseException as error:
                failed["error.type"] = type_of(error)
                raise
            finally:
                span.set_attributes(question.said)
                seconds = self.clock.monotonic() - began
                self.meters.model({**marks, **failed}, seconds, question.tokens, question.cost)

    @contextmanager
    def span(
        self,
        name: str,
        *,
        about: Mapping[str, str | int] | None = None,
        said: Attributes | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        trace: int | None = None,
    ) -> Generator[Span]:
        """A span around the block. What is `about` it is said of every span inside, too; `trace` makes it a root."""
        span, inside = self.begin(name, about=about, said=said, kind=kind, trace=trace)
        token = scope.set(inside)
        try:
            yield span
        except BaseException as error:
            fail(span, type_of(error))
            raise
        finally:
            scope.reset(token)
            span.end()

    def begin(
        self,
        name: str,
        *,
        about: Mapping[str, str | int] | None = None,
        said: Attributes | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        trace: int | None = None,
    ) -> tuple[Span, Scope]:
        """A span that began, and the scope inside of it. Whoever begins it ends it."""
        around = scope.get()
        inside = around is not None and around.telemetry is self
        parent = around.context if around is not None and inside and trace is None else _NOWHERE
        everything = {**(around.about if around is not None and inside else {}), **(about or {})}
        token = _wanted.set(trace)
        try:
            span = self.tracer.start_span(name, context=parent, kind=kind, attributes={**everything, **(said or {})})
        finally:
            _wanted.reset(token)
        return span, Scope(telemetry=self, context=set_span_in_context(span, parent), about=everything)

"""The span of one request on its way out, as OpenTelemetry's conventions for HTTP clients have it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Protocol, Self

from opentelemetry.trace import Span, SpanKind

from pilotage.kernel.clock import Clock
from pilotage.machinery.net.messages import Answer, Outgoing
from pilotage.machinery.telemetry.metering import Meters
from pilotage.machinery.telemetry.naming import port_of, shown_url, type_of
from pilotage.machinery.telemetry.propagating import fail, headers_of
from pilotage.machinery.telemetry.scope import Scope, scope
from pilotage.machinery.telemetry.values import Paths

ANSWERED: Final = "answered"
_HTTP: Final = frozenset({"http", "https"})


class Begins(Protocol):
    """What a call needs of the process's telemetry."""

    @property
    def clock(self) -> Clock:
        """What durations are measured by."""
        ...

    @property
    def meters(self) -> Meters:
        """Where it is counted."""
        ...

    @property
    def paths(self) -> Paths:
        """How much of its path is shown."""
        ...

    def begin(
        self, name: str, *, said: Mapping[str, str | int | float | bool] | None, kind: SpanKind
    ) -> tuple[Span, Scope]:
        """A span that began, and the scope inside of it."""
        ...


@dataclass(kw_only=True)
class CallSpan:
    """One call: from before its first byte leaves until it is known what came of it."""

    telemetry: Begins
    outgoing: Outgoing
    """The request as it is to be sent; the trace's header is added when it begins."""
    connection: str
    step: str
    attempt: int | None
    waited: float | None
    sends: bool
    _word: str | None = None
    _status: int | None = None

    def came(self, word: str, answer: Answer | None) -> None:
        """What came of it, in a word; and the answer, of which the status alone is told."""
        self._word, self._status = word, answer.status if answer is not None and self._is_http else None

    def __enter__(self) -> Self:
        telemetry, request = self.telemetry, self.outgoing
        self._began = telemetry.clock.monotonic()
        name = request.method if self._is_http else f"{request.origin.scheme} {self.connection}"
        self._span, inside = telemetry.begin(name, said=self._said(), kind=SpanKind.CLIENT)
        self._token = scope.set(inside)
        if self.sends and self._is_http:
            self.outgoing = replace(request, headers={**request.headers, **headers_of(inside)})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scope.reset(self._token)
        word = self._word or (type_of(error) if error is not None else "unknown")
        seconds = self.telemetry.clock.monotonic() - self._began
        span: Span = self._span
        span.set_attribute("pilotage.outcome", word)
        if self._status is not None:
            span.set_attribute("http.response.status_code", self._status)
        if word != ANSWERED:
            fail(span, word)
        span.end()
        http = self._marks(word) if self._is_http else None
        self.telemetry.meters.call(self.connection, word, seconds, self.waited, http)

    @property
    def _is_http(self) -> bool:
        return self.outgoing.origin.scheme in _HTTP

    def _where(self) -> dict[str, str | int]:
        port = port_of(self.outgoing)
        return {"server.address": self.outgoing.origin.host, **({} if port is None else {"server.port": port})}

    def _said(self) -> Mapping[str, str | int | float]:
        said: dict[str, str | int | float] = {"pilotage.connection": self.connection, "pilotage.step": self.step}
        said |= self._where()
        if self._is_http:
            said["http.request.method"] = self.outgoing.method
            said["url.full"] = shown_url(self.outgoing, self.telemetry.paths)
        if self.attempt is not None:
            said["pilotage.attempt"] = self.attempt
        if self.waited is not None:
            said["pilotage.permit.wait"] = round(self.waited, 6)
        return said

    def _marks(self, word: str) -> dict[str, str | int]:
        marks = {"http.request.method": self.outgoing.method, **self._where()}
        if self._status is not None:
            marks["http.response.status_code"] = self._status
        return marks if word == ANSWERED else {**marks, "error.type": word}

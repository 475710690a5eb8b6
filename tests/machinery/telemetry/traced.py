"""A platform whose spans and counts stay in memory, for these tests."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from pilotage import app
from pilotage.kernel.clock import Clock
from pilotage.machinery.telemetry.metering import Meters
from pilotage.machinery.telemetry.tracing import GivenIds, Telemetry
from pilotage.machinery.telemetry.values import Paths
from pilotage.testing import Platform


@dataclass(kw_only=True)
class Seen:
    """What was told."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Every span that ended, oldest first."""
        return self.exporter.get_finished_spans()

    def named(self, begins: str) -> list[ReadableSpan]:
        """The spans whose names begin so."""
        return [span for span in self.spans if span.name.startswith(begins)]

    def counted(self, name: str, told: object = None) -> dict[tuple[str, ...], float]:
        """A counter, or how often a histogram was told something, by the values of its marks in their names' order."""
        data = cast("Any", told or self.reader.get_metrics_data())
        found: dict[tuple[str, ...], float] = {}
        with suppress(AttributeError):
            for metric in (m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics):
                for point in metric.data.data_points if metric.name == name else ():
                    marks: Mapping[str, object] = point.attributes
                    key = tuple(str(value) for _, value in sorted(marks.items()))
                    found[key] = point.value if hasattr(point, "value") else point.count
        return found


def telemetry(seen: Seen, clock: Clock, *, paths: Paths = Paths.WORDS) -> Telemetry:
    """Telemetry that keeps what it is told."""
    tracers = TracerProvider(id_generator=GivenIds(), shutdown_on_exit=False)
    tracers.add_span_processor(SimpleSpanProcessor(seen.exporter))
    meters = MeterProvider(metric_readers=[seen.reader], shutdown_on_exit=False)
    return Telemetry(
        tracer=tracers.get_tracer("pilotage"),
        environment="test",
        clock=clock,
        meters=Meters(meters.get_meter("pilotage")),
        paths=paths,
    )


class TracedPlatform(Platform):
    """A platform that is traced."""

    seen: Seen

    def _make_inner(self, project: app.Project) -> app.Platform:
        inner = super()._make_inner(project)
        self.seen = Seen()
        inner.telemetry = telemetry(self.seen, inner.clock)
        return inner

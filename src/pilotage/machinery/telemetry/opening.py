"""Puts together what is asked for: the exporters, and what feeds them. The providers are our own, never the process's.

So libraries that look for the process's provider, such as the web framework, find none and record nothing by themselves.
"""

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Final

from pilotage.kernel.clock import Clock
from pilotage.kernel.ids import ids
from pilotage.machinery.telemetry.errors import TelemetryNotInstalled
from pilotage.machinery.telemetry.values import TelemetrySettings

if TYPE_CHECKING:  # an extra
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from pilotage.machinery.telemetry.tracing import Telemetry

NAME: Final = "pilotage"
_FLUSH: Final = 3.0
"""Seconds that the last spans and figures may take to leave when a process ends, whether or not a collector answers."""


def refuse_unusable(settings: TelemetrySettings) -> None:
    """Raises TelemetryMisset (PLT-541) or TelemetryNotInstalled (PLT-540) where what is asked for cannot be had."""
    if settings.fault is not None:
        raise settings.fault
    if not all(map(_is_there, ("opentelemetry.sdk.resources", "opentelemetry.exporter.otlp.proto.http"))):
        raise TelemetryNotInstalled(
            "Traces or metrics are asked for (OTEL_... or [tool.pilotage.telemetry]), and what writes and sends them is not "
            "installed.",
            'pip install "pilotage[otel]", or set OTEL_SDK_DISABLED=true to do without.',
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is a part of
        return False


def open_telemetry(settings: TelemetrySettings, *, environment: str, clock: Clock) -> "Telemetry":
    """What makes spans and counts in this process. Raises TelemetryNotInstalled (PLT-540) and TelemetryMisset (PLT-541)."""
    refuse_unusable(settings)
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra

    from pilotage.machinery.telemetry.metering import Meters  # noqa: PLC0415
    from pilotage.machinery.telemetry.tracing import Telemetry  # noqa: PLC0415

    own = {"service.version": version(NAME), "service.instance.id": f"{ids.one():x}"}
    resource = Resource.create({**own, **settings.named})
    tracers, stop_tracing = _tracers(settings, resource)
    meters, stop_metering = _meters(settings, resource)

    def close() -> None:
        # in threads of their own, because a collector that is away is tried for longer than an end may take
        ends = [Thread(target=stop, daemon=True) for stop in (stop_tracing, stop_metering)]
        for thread in ends:
            thread.start()
        until = clock.monotonic() + _FLUSH
        for thread in ends:
            thread.join(timeout=max(0.0, until - clock.monotonic()))

    return Telemetry(
        tracer=tracers.get_tracer(NAME, version(NAME)),
        environment=environment,
        clock=clock,
        meters=Meters(meters.get_meter(NAME, version(NAME))),
        paths=settings.paths,
        closing=close,
    )


def _tracers(settings: TelemetrySettings, resource: "Resource") -> "tuple[TracerProvider, Callable[[], None]]":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415

    from pilotage.machinery.telemetry.sending import FileExporter  # noqa: PLC0415
    from pilotage.machinery.telemetry.tracing import GivenIds  # noqa: PLC0415

    provider = TracerProvider(
        resource=resource,
        id_generator=GivenIds(),
        sampler=None if settings.sample is None else ParentBased(TraceIdRatioBased(settings.sample)),
        shutdown_on_exit=False,
    )
    if settings.spans:
        url = None if settings.endpoint is None else f"{settings.endpoint.rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    if settings.file is not None:
        provider.add_span_processor(BatchSpanProcessor(FileExporter(settings.file), schedule_delay_millis=1_000))

    return provider, provider.shutdown


def _meters(settings: TelemetrySettings, resource: "Resource") -> "tuple[MeterProvider, Callable[[], None]]":
    if not settings.metrics:
        from opentelemetry.metrics import NoOpMeterProvider  # noqa: PLC0415

        return NoOpMeterProvider(), lambda: None
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415

    url = None if settings.endpoint is None else f"{settings.endpoint.rstrip('/')}/v1/metrics"
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=url))
    provider = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
    return provider, provider.shutdown

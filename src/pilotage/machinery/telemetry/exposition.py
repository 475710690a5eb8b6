"""Figures in the text that Prometheus reads."""

from collections.abc import Iterable
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from pilotage.machinery.telemetry.values import Figure

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


class _Given(Collector):
    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        for figure in self._figures:
            names = list(figure.rows[0][0]) if figure.rows else []
            kind = CounterMetricFamily if figure.counts else GaugeMetricFamily
            family = kind(figure.name, figure.help, labels=names)
            for labels, value in figure.rows:
                family.add_metric([labels[name] for name in names], value)
            yield family


def prometheus_text(figures: Iterable[Figure]) -> bytes:
    """The figures as Prometheus reads them. A registry for each time: nothing of this process is told beside them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(figures))
    return generate_latest(registry)

"""The page /metrics in Prometheus's text format: a process's own figures, its parts, and what its libraries know."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from skerry_edge import __version__
from skerry_server.health import Health
from skerry_server.metrics import Counter, Gauge, Histogram, LabelledCounter

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Exposition:
    """One process's page; ``more`` are collectors beside those that every process has."""

    def __init__(self, health: Health, more: Iterable[Collector] = ()) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(Figures(health))
        for collector in more:
            self.registry.register(collector)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """Return the page as it is now; may ask the registry's database, so not on an event loop."""
        return generate_latest(self.registry)


class Figures(Collector):
    """What ingest and alerts count, whether each part works, and what was built."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield all of them."""
        yield InfoMetricFamily(
            "skerry_build", "What runs here.", value={"version": __version__, "python": platform.python_version()}
        )
        works = GaugeMetricFamily("skerry_part_up", "Whether a part that the server needs works.", labels=["part"])
        since = GaugeMetricFamily("skerry_part_since_seconds", "Since when it is so (Unix).", labels=["part"])
        for name, part in self._health.parts().items():
            works.add_metric([name], float(part.is_ok))
            since.add_metric([name], part.since_ms / 1e3)
        yield works
        yield since
        yield GaugeMetricFamily("skerry_alive", "Whether the process gets on with its work.", self._health.is_alive())
        for one in (*self._health.metrics.all, *self._health.alerts.all):
            yield family_of(one)


def family_of(one: Counter | LabelledCounter | Gauge | Histogram) -> Metric:
    """Return a figure of ours as the library's."""
    if isinstance(one, Counter):
        return CounterMetricFamily(one.name, one.help, one.value)
    if isinstance(one, LabelledCounter):
        labelled = CounterMetricFamily(one.name, one.help, labels=[one.label])
        for value, count in sorted(one.values().items()):
            labelled.add_metric([value], count)
        return labelled
    if isinstance(one, Gauge):
        return GaugeMetricFamily(one.name, one.help, one.value)
    buckets, total = one.read()
    return HistogramMetricFamily(one.name, one.help, buckets=buckets, sum_value=total)

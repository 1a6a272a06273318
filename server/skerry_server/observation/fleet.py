"""Figures of the fleet, which any process with the registry can tell: the same from each of several."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from skerry_server.errors import RegistryError
from skerry_server.health import Health
from skerry_server.registry.alerts import count_open_alerts
from skerry_server.registry.database import Database
from skerry_server.registry.fleet.distribution import count_states

PRESENCES = ("online", "degraded", "offline")
SEVERITIES = ("info", "warning", "critical")
KEPT_S = 5.0
"""Several scrapers ask the database as often as one."""


class FleetFigures(Collector):
    """How many devices are in which state, and how many alerts are open."""

    def __init__(self, database: Database, health: Health) -> None:
        self._database = database
        self._health = health
        self._lock = threading.Lock()
        self._asked_s = float("-inf")
        self._found: tuple[Mapping[str, int], Mapping[str, int]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Yield them; nothing while the registry is away, rather than what was once true."""
        found = self._ask()
        if found is None:
            return
        devices, alerts = found
        yield _by("presence", "skerry_devices", "Devices in service by presence.", PRESENCES, devices)
        yield _by("severity", "skerry_alerts_open", "Alerts that last, by severity.", SEVERITIES, alerts)

    def _ask(self) -> tuple[Mapping[str, int], Mapping[str, int]] | None:
        with self._lock:
            # A registry that is away is waited for by those who must: the page says so in `skerry_part_up`.
            if not self._health.parts()["registry"].is_ok:
                return None
            if time.monotonic() - self._asked_s < KEPT_S:
                return self._found
            try:
                with self._database.reading() as session:
                    self._found = count_states(session), count_open_alerts(session)
            except RegistryError:
                self._found = None
            self._asked_s = time.monotonic()
            return self._found


def _by(label: str, name: str, text: str, known: Sequence[str], counts: Mapping[str, int]) -> Metric:
    """Return a family with 0 for what is known and not there: an alert on it could not be told from a missing one."""
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, count in (dict.fromkeys(known, 0) | dict(counts)).items():
        family.add_metric([value], count)
    return family

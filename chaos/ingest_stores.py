"""The time-series stores that faults strike: the program, the worker's settings for it, and what is in it at last."""

from __future__ import annotations

import json
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

from chaos.server_programs import influxd, victoria_metrics
from skerry_server.config.stores import VictoriaStore
from skerry_server.stores.base import Query
from skerry_server.stores.victoriametrics import VictoriaMetricsStore

WAIT_S = 60.0


class InfluxDb:
    """InfluxDB 1.x, which acknowledges what is on disk; ``settings`` is the worker's table `store`."""

    def __init__(self, folder: Path, port: int) -> None:
        self._port = port
        self.program = influxd(folder, port)
        self.settings = f'kind = "influxdb"\nurl = "http://127.0.0.1:{port}"\n'

    def heartbeats(self) -> list[tuple[str, int]]:
        """Return (device, seq) of every heartbeat in it, one that shows twice twice."""
        query = urllib.parse.urlencode({"db": "skerry", "epoch": "ns", "q": 'SELECT seq, "device"::tag FROM heartbeat'})
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/query?{query}", timeout=WAIT_S) as answer:
            series = json.load(answer)["results"][0].get("series", [])
        return [(row[2], int(row[1])) for one in series for row in one["values"]]


class VictoriaMetrics:
    """VictoriaMetrics, which forgets what it took last when killed; ``settings`` is the worker's table `store`."""

    def __init__(self, folder: Path, port: int) -> None:
        self._port = port
        self.program = victoria_metrics(folder, port)
        self.settings = f'kind = "victoriametrics"\nurl = "http://127.0.0.1:{port}"\n'

    def heartbeats(self) -> list[tuple[str, int]]:
        """Return (device, seq) of every heartbeat in it, one that shows twice twice."""
        urllib.request.urlopen(f"http://127.0.0.1:{self._port}/internal/force_flush", timeout=WAIT_S).close()
        settings = VictoriaStore(url=f"http://127.0.0.1:{self._port}", timeout_s=WAIT_S)
        store = VictoriaMetricsStore(settings, password=None, token=None)
        with closing(store):
            points = store.query(Query(measurement="heartbeat", limit=10_000_000))
        return [(point.tags["device"], int(point.fields["seq"])) for point in points]


STORES: dict[str, type[InfluxDb | VictoriaMetrics]] = {
    "influxdb": InfluxDb,
    "victoriametrics": VictoriaMetrics,
}

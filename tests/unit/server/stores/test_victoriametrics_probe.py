"""A VictoriaMetrics whose figures are slow to come is written to all the same."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from skerry_server.config.stores import VictoriaStore
from skerry_server.stores.base import Point
from skerry_server.stores.victoriametrics import VictoriaMetricsStore

METRICS = (
    'vm_app_version{version="victoria-metrics-v1.99.0", short_version="v1.99.0"} 1\n'
    'flag{name="retentionPeriod", value="1", is_set="false"} 1\n'
    'flag{name="inmemoryDataFlushInterval", value="30s", is_set="true"} 1\n'
    "process_start_time_seconds 1700000000\n"
)


@pytest.fixture
def slow(monkeypatch):
    """A VictoriaMetrics that answers /metrics at once the first time, and then only when it is told to."""
    go_on, asked, asked_again, written = threading.Event(), [], threading.Event(), threading.Event()

    def answer(request):
        if request.url.path == "/write":
            written.set()
            return httpx.Response(204)
        asked.append(request)
        if len(asked) > 1:
            asked_again.set()
            go_on.wait(60)
        return httpx.Response(200, text=METRICS)

    client = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: client(transport=httpx.MockTransport(answer), **options))
    yield VictoriaMetricsStore(VictoriaStore(url="http://127.0.0.1:1"), password=None, token=None), asked_again, written
    go_on.set()


def test_a_write_does_not_wait_for_a_probe_that_hangs(slow):
    store, asked_again, written = slow
    store.probe()
    tags = {"site": "home", "device": "cam-1", "board": "pi"}
    point = Point(measurement="heartbeat", tags=tags, fields={"cpu_percent": 1.0}, time_ns=time.time_ns())
    threading.Thread(target=store.probe, daemon=True).start()
    assert asked_again.wait(60)
    threading.Thread(target=store.write, args=([point],), daemon=True).start()
    assert written.wait(30)

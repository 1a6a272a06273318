"""What a running server tells of itself: /healthz, /readyz and /metrics agree with what is away, and logs are JSON."""

import json

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from skerry_server.health import Health
from skerry_server.registry.database import Database
from skerry_server.ui.pulse import ingest_facts, read_pulse


def figures(url):
    page = httpx.get(f"{url}metrics", trust_env=False, timeout=30).text
    families = text_string_to_metric_families(page)
    return {(one.name, *sorted(one.labels.values())): one.value for family in families for one in family.samples}


def test_a_store_that_is_killed_is_told_everywhere_and_costs_nothing(
    broker, influxd, start_server, publish, message, eventually
):
    server = start_server(broker.url, store=f'kind = "influxdb"\nurl = "{influxd.url}"')
    publish(broker.url, [message("heartbeat", 1), ("skerry/v1/home/cam-1/heartbeat", b"nonsense", False)])
    eventually(lambda: figures(server.url)["skerry_ingest_durable_total",] == 2, what="both messages are durable")
    before = figures(server.url)
    assert before["skerry_ingest_points_total",] == 1
    assert sum(value for key, value in before.items() if key[0] == "skerry_ingest_dead_total") == 1
    assert before["skerry_part_up", "store"] == 1
    assert {("skerry_devices", state) for state in ("online", "degraded", "offline")} <= set(before)

    influxd.kill()
    publish(broker.url, [message("heartbeat", 2)])
    eventually(lambda: figures(server.url)["skerry_spool_owed_bytes",] > 0, what="the spool has the message")
    eventually(lambda: server.get("readyz").status_code == 503, what="the server says that it is not ready")
    assert server.get("healthz").status_code == 200
    away = figures(server.url)
    assert away["skerry_part_up", "store"] == 0
    assert away["skerry_part_up", "registry"] == 1
    assert away["skerry_spool_segments",] >= 1
    assert away["skerry_alive",] == 1

    influxd.start()
    eventually(server.is_well, what="the server is ready again", deadline_s=60)
    eventually(lambda: figures(server.url)["skerry_spool_owed_bytes",] == 0, what="the spool is stored", deadline_s=60)
    assert figures(server.url)["skerry_ingest_replayed_total",] >= 1


@pytest.fixture
def worker(broker, start_server, free_port, tmp_path, eventually):
    """A worker that answers for itself and logs as JSON; gives its address and its log."""
    port = free_port()
    command = ("ingest", "--worker", "w1", "--port", str(port), "--log-format", "json")
    server = start_server(broker.url, command=command, wait=False)
    url = f"http://127.0.0.1:{port}/"

    def is_well():
        try:
            return httpx.get(f"{url}readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    eventually(is_well, what="the worker is well")
    return url, server.log


def test_a_worker_tells_its_own_figures_and_logs_one_object_a_line(
    worker, broker, publish, message, tmp_path, eventually
):
    url, log = worker
    publish(broker.url, [message("heartbeat", 1)])
    eventually(lambda: figures(url)["skerry_ingest_durable_total",] == 1, what="the message is durable")
    assert ("skerry_devices", "online") not in figures(url)
    database, api = Database(f"sqlite:///{tmp_path}/registry.sqlite"), Health(["store", "registry"])

    def told_elsewhere():
        return {name: text for name, text, _ in ingest_facts(read_pulse(database, api, None).workers)}.get("Durable")

    eventually(lambda: told_elsewhere() == "1", what="a process without ingest knows it from the registry")
    database.close()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert any(line["logger"] == "skerry_server.health" for line in lines)

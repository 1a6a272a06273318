"""The page /metrics, read by Prometheus's own parser."""

import asyncio

import pytest
from fastapi import FastAPI, HTTPException
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from skerry_server.auth.table import need_of
from skerry_server.errors import RegistryError
from skerry_server.health import Health
from skerry_server.observation.exposition import Exposition
from skerry_server.observation.fleet import FleetFigures
from skerry_server.observation.page import count_requests
from skerry_server.probes import Probes


def samples_of(page):
    """Return {(name, labels as sorted pairs): value} of a page."""
    families = text_string_to_metric_families(page.decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


@pytest.fixture
def health():
    return Health()


def test_every_figure_that_a_process_keeps_is_on_its_page(health):
    names = {family.name for family in text_string_to_metric_families(Exposition(health).text().decode())}
    kept = (*health.metrics.all, *health.alerts.all)
    assert {one.name.removesuffix("_total") for one in kept} <= names


def test_counts_and_their_labels_arrive_as_they_are(health):
    health.metrics.received.add(7)
    health.metrics.dead.add("json", 2)
    health.metrics.dead.add('odd "reason"\n', 1)
    health.fails("store", "away")
    health.works("registry", "there")
    found = samples_of(Exposition(health).text())
    assert found["skerry_ingest_received_total", ()] == 7
    assert found["skerry_ingest_dead_total", (("reason", "json"),)] == 2
    assert found["skerry_ingest_dead_total", (("reason", 'odd "reason"\n'),)] == 1
    assert found["skerry_part_up", (("part", "store"),)] == 0
    assert found["skerry_part_up", (("part", "registry"),)] == 1


def test_what_alarms_wait_for_is_there_with_0_before_anything_went_wrong(health):
    health.alerts.expect("mail")
    found = samples_of(Exposition(health).text())
    assert found["skerry_alerts_failed_total", (("channel", "mail"),)] == 0
    assert found["skerry_ingest_trimmed_total", (("reason", "store"),)] == 0
    assert found["skerry_ingest_dead_total", (("reason", "schema"),)] == 0


def test_a_histogram_s_buckets_hold_all_up_to_their_bound(health):
    for value in (0.1, 0.2, 4.0, 9_999.0):
        health.metrics.lag_seconds.observe(value)
    found = samples_of(Exposition(health).text())
    name = "skerry_ingest_lag_seconds"
    assert found[f"{name}_bucket", (("le", "0.1"),)] == 1
    assert found[f"{name}_bucket", (("le", "5"),)] == 3
    assert found[f"{name}_bucket", (("le", "+Inf"),)] == found[f"{name}_count", ()] == 4
    assert found[f"{name}_sum", ()] == pytest.approx(10_003.3)


class AwayDatabase:
    """A registry that answers nothing, and counts who asks."""

    def __init__(self):
        self.asked = 0

    def reading(self):
        self.asked += 1
        raise RegistryError("away")


def test_nothing_is_told_of_a_fleet_whose_registry_is_away(health):
    database = AwayDatabase()
    exposition = Exposition(health, [FleetFigures(database, health)])
    assert b"skerry_devices{" not in exposition.text()
    assert database.asked == 0
    health.works("registry", "it said so")
    assert b"skerry_devices{" not in exposition.text()
    assert database.asked == 1


def test_requests_are_counted_by_route_and_what_strangers_make_up_is_not_kept(health):
    api = FastAPI()
    exposition = Exposition(health)

    @api.get("/devices/{name}")
    def device(name: str) -> str:
        if name == "none":
            raise HTTPException(404)
        return name

    count_requests(api, exposition)

    async def ask():
        async with AsyncClient(transport=ASGITransport(api), base_url="http://x") as client:
            for path in ("/devices/a", "/devices/b", "/devices/none", *(f"/made-up/{n}" for n in range(50))):
                await client.get(path)
            for n in range(50):
                await client.request(f"VERB{n}", "/devices/a")

    asyncio.run(ask())
    found = samples_of(exposition.text())

    def count(method, route, status):
        return found["skerry_http_requests_total", (("method", method), ("route", route), ("status", status))]

    assert count("GET", "/devices/{name}", "200") == 2
    assert count("GET", "/devices/{name}", "404") == 1
    assert count("GET", "other", "404") == 50
    assert len([one for one in found if one[0] == "skerry_http_requests_total"]) <= 5


def test_a_worker_answers_with_the_same_page(health):
    health.metrics.durable.add(3)
    answer = Probes(health, 0).answer(b"GET /metrics HTTP/1.1\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-type: text/plain" in head
    assert samples_of(body)["skerry_ingest_durable_total", ()] == 3


def test_figures_of_the_whole_fleet_are_for_those_who_see_all_of_it():
    need = need_of("GET", "/metrics")
    assert (need.role, need.everywhere) == ("viewer", True)

"""The Grafana dashboards that are shipped: each panel's query gives series of a simulated fleet."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

FOLDER = Path(__file__).resolve().parents[4] / "server" / "deploy" / "grafana"
SIMULATE = [sys.executable, "-m", "skerry_edge", "simulate", "--devices", "4", "--rate", "4", "--duration", "4"]
# As Grafana puts them into a query.
SHOWN = {
    "$timeFilter": "time > now() - 1h",
    "$__interval": "1s",
    "$site": ".*",
    "$device": ".*",
    "$model": ".*",
    "$pipeline": ".*",
}
# What is there only when it happened: a dead letter, a notification that failed.
WHEN_IT_HAPPENS = {"skerry_alerts_failed_total"}


def dashboards(source):
    read = {path.name: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
    return {name: one for name, one in read.items() if one["__inputs"][0]["pluginId"] == source}


def targets(dashboard):
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield f"{panel['title']} {target['refId']}", target


@pytest.fixture
def fleet(broker, influxd, start_server):
    """A server over InfluxDB that has taken in a simulated fleet."""
    store = f'kind = "influxdb"\nurl = "{influxd.url}"\ndatabase = "skerry"'
    server = start_server(broker.url, store=store)
    command = [*SIMULATE, "--trouble", "usual,malformed=0.2", "--broker", broker.url]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return server


def test_every_query_gives_series_and_every_figure_is_told(fleet, influxd, eventually):
    def query(text):
        for name, value in SHOWN.items():
            text = text.replace(name, value)
        parameters = {"db": "skerry", "q": text, "epoch": "ms"}
        answer = httpx.get(f"{influxd.url}/query", params=parameters, trust_env=False, timeout=30).json()
        assert all("error" not in one for one in [answer, *answer.get("results", [])]), (text, answer)
        return answer["results"][0].get("series", [])

    eventually(lambda: query('SELECT * FROM "inference" LIMIT 1'), what="the store has the fleet's figures")
    empty = []
    for name, dashboard in dashboards("influxdb").items():
        empty += [f"{name}: {where}" for where, target in targets(dashboard) if not query(target["query"])]
        empty += [f"{name}: ${one['name']}" for one in dashboard["templating"]["list"] if not query(one["query"])]
    assert empty == []

    def samples():
        page = fleet.get("metrics").text
        return {one.name for family in text_string_to_metric_families(page) for one in family.samples}

    wanted = set()
    for dashboard in dashboards("prometheus").values():
        expressions = [target["expr"] for _, target in targets(dashboard)]
        wanted |= {name for one in expressions for name in re.findall(r"\b(?:skerry|process)_[a-z_]+", one)}
    assert len(wanted) > 15
    eventually(lambda: wanted - WHEN_IT_HAPPENS <= samples(), what=f"all of {wanted} are told")


def test_dashboards_can_be_imported_anywhere():
    for name, dashboard in (dashboards("influxdb") | dashboards("prometheus")).items():
        sources = [panel["datasource"] for panel in dashboard["panels"]]
        sources += [target["datasource"] for _, target in targets(dashboard)]
        assert {one["uid"] for one in sources} == {"${DS_SKERRY}"}, name
        assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
        assert dashboard["uid"].startswith("skerry-")

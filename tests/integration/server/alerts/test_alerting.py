"""Alerting as it runs: a simulated fleet, a worker, two of `server api` of which one looks, a webhook that is told."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from sqlalchemy import select

from skerry_server.registry.alerts import acknowledge
from skerry_server.registry.audit.trail import Author
from skerry_server.registry.database import Database
from skerry_server.registry.models import AlertRow, LeaseRow, NotificationRow, PresenceRow

CONFIG = """
[alerts]
interval_s = 0.1
group_wait_s = 0
group_interval_s = 0
with_defaults = false
[[alerts.rule]]
name = "hot"
kind = "temperature"
fire_at = 95
clear_at = 90
for_s = 0
clear_s = 0
[[alerts.rule]]
name = "offline"
kind = "offline"
for_s = 2
clear_s = 0
[[alerts.channel]]
name = "ops"
url_file = "hook.secret"
"""


@pytest.fixture
def registry(tmp_path):
    """The registry that all processes share."""
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite")
    yield database
    database.close()


@pytest.fixture
def start_worker(start_server, free_port, eventually):
    """Return a function that starts a worker with the same configuration, whose channels are none of its business."""

    def start(broker_url):
        port = free_port()
        command = ("ingest", "--worker", "one", "--port", str(port))
        worker = start_server(broker_url, wait=False, command=command, more=CONFIG)
        worker.url = f"http://127.0.0.1:{port}/"
        eventually(worker.is_well, what=f"the worker is well: {worker.log.read_text()[-2000:]}")
        return worker

    return start


@pytest.fixture
def start_api(start_server, receiver, tmp_path):
    """Return a function that starts `server api` with alerts, which are told to the receiver."""
    (tmp_path / "hook.secret").write_text(f"json://{receiver.address}/s3cr3t-hook")
    return lambda broker_url: start_server(broker_url, command=("api", "--log-level", "debug"), more=CONFIG)


@pytest.fixture
def start_both(start_worker, start_api):
    """Return a function that starts a worker and so many of `server api`, and returns these."""

    def start(broker_url, count):
        start_worker(broker_url)
        return [start_api(broker_url) for _ in range(count)]

    return start


@pytest.fixture
def start_fleet(broker, registry, eventually):
    """Return a function that starts twelve simulated devices to which nothing happens, and waits until all are there.

    They are silent only after a quarter of a minute, so that a busy machine makes none of them offline.
    """
    processes = []

    def start():
        command = [sys.executable, "-m", "skerry_edge", "simulate", "--broker", broker.url]
        options = ["--devices", "12", "--rate", "0.2", "--trouble", "none"]
        processes.append(subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        eventually(lambda: presences(registry) == ["online"] * 12, what="the fleet is there")

    yield start
    for process in processes:
        process.kill()
        process.wait(30)


def presences(registry):
    with registry.reading() as session:
        return list(session.scalars(select(PresenceRow.state)))


def holder_pid(registry):
    with registry.reading() as session:
        holder = session.scalar(select(LeaseRow.holder).where(LeaseRow.name == "alerts"))
    return int(holder.rpartition(":")[2]) if holder else None


def states(registry):
    with registry.reading() as session:
        return {(row.rule, row.device): row.state for row in session.scalars(select(AlertRow))}


def test_what_fires_is_told_seen_to_taken_over_and_resolved_each_once(
    broker, start_fleet, start_both, publish, message, registry, receiver, eventually
):
    processes = start_both(broker.url, 2)
    eventually(lambda: holder_pid(registry), what="one of them has the lease")
    assert holder_pid(registry) in [one.process.pid for one in processes]
    start_fleet()
    publish(
        broker.url,
        [
            message("status", 1, device="hot-1"),
            message("heartbeat", 2, device="hot-1", temperature_c=99.0),
            message("status", 1, device="gone-1", site="harbour"),
            message("status", 2, device="gone-1", site="harbour", state="offline", reason="switched off"),
        ],
    )
    eventually(lambda: len(receiver.posts) == 2, what=f"both are told: {receiver.titles}")
    assert sorted(title.partition(" since")[0] for title in receiver.titles) == [
        "[critical] gone-1 of site harbour is offline",
        "[warning] hot-1 of site home is too hot",
    ]
    with registry.transaction() as session:
        for row in session.scalars(select(AlertRow)):
            acknowledge(session, Author(name="ann", ts_ms=time.time_ns() // 1_000_000), row.id)

    first, second = sorted(processes, key=lambda one: one.process.pid != holder_pid(registry))
    assert first.stop() == 0
    eventually(lambda: holder_pid(registry) == second.process.pid, what="the other takes the job over")
    publish(
        broker.url,
        [
            message("heartbeat", 3, device="hot-1", temperature_c=50.0),
            message("status", 3, device="gone-1", site="harbour"),
        ],
    )
    expected = {("hot", "hot-1"): "resolved", ("offline", "gone-1"): "resolved"}
    eventually(lambda: states(registry) == expected, what="both are over, and nothing else was wrong")

    def nothing_waits():
        with registry.reading() as session:
            return session.scalar(select(NotificationRow.id)) is None and len(receiver.posts) >= 4

    eventually(nothing_waits, what="everything was brought")
    assert sorted(receiver.titles)[1:3] == [
        "[resolved] gone-1 of site harbour is no longer offline",
        "[resolved] hot-1 of site home is no longer too hot",
    ]
    assert len(receiver.posts) == 4
    assert not [one for one in (first, second) if "s3cr3t-hook" in one.log.read_text()]


def test_a_channel_that_is_away_is_told_in_health_and_by_the_command_and_stops_nothing(
    broker, start_both, publish, message, receiver, eventually, skerry, tmp_path
):
    receiver.status = 500
    (api,) = start_both(broker.url, 1)
    publish(broker.url, [message("status", 1), message("heartbeat", 2, temperature_c=99.0)])
    eventually(lambda: api.health()["remarks"], what="health tells of the channel")
    assert "error=500" in api.health()["remarks"]["alerts channel 'ops'"]
    assert api.is_well()
    command = ("server", "alerts", "list", "--config", tmp_path / "server-0.toml")
    listed = skerry(*command, "--json")
    assert [(one["rule"], one["device"]) for one in listed.json["alerts"]] == [("hot", "cam-1")]
    assert listed.json["waiting"]["ops"]["count"] == 1
    assert "1 notifications wait for channel 'ops': a channel did not take a notification" in skerry(*command).out
    publish(broker.url, [message("heartbeat", 3, temperature_c=20.0)])
    eventually(lambda: skerry(*command, "--json").json["alerts"] == [], what="the rules go on")
    over = skerry(*command, "--all", "--json").json["alerts"]
    assert [(one["device"], one["state"]) for one in over] == [("cam-1", "resolved")]

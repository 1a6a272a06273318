"""Alerting as it runs: a simulated fleet, two workers of which one looks, a webhook that hears of each thing once."""

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
    """The registry that the workers share."""
    database = Database(f"sqlite:///{tmp_path}/registry.sqlite")
    yield database
    database.close()


@pytest.fixture
def start_worker(start_server, free_port, eventually, receiver, tmp_path):
    """Return a function that starts a worker with alerts, which are told to the receiver."""
    (tmp_path / "hook.secret").write_text(f"json://{receiver.address}/s3cr3t-hook")

    def start(broker_url, name):
        port = free_port()
        command = ("ingest", "--worker", name, "--port", str(port), "--log-level", "debug")
        worker = start_server(broker_url, wait=False, command=command, more=CONFIG)
        worker.url = f"http://127.0.0.1:{port}/"
        eventually(worker.is_well, what=f"the worker is well: {worker.log.read_text()[-2000:]}")
        return worker

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
    broker, start_fleet, start_worker, publish, message, registry, receiver, eventually
):
    names = ("one", "two")
    workers = [start_worker(broker.url, name) for name in names]
    eventually(lambda: holder_pid(registry), what="one of them has the lease")
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

    first, second = sorted(workers, key=lambda one: one.process.pid != holder_pid(registry))
    assert first.stop() == 0
    eventually(lambda: holder_pid(registry) == second.process.pid, what="the other takes the job over")
    # The broker keeps a share of the messages for it, as long as its session lasts.
    again = start_worker(broker.url, names[workers.index(first)])
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
    assert not [one for one in (first, second, again) if "s3cr3t-hook" in one.log.read_text()]


def test_a_channel_that_is_away_is_told_in_health_and_by_the_command_and_stops_nothing(
    broker, start_worker, publish, message, receiver, eventually, skerry, tmp_path
):
    receiver.status = 500
    worker = start_worker(broker.url, "one")
    publish(broker.url, [message("status", 1), message("heartbeat", 2, temperature_c=99.0)])
    eventually(lambda: worker.health()["remarks"], what="health tells of the channel")
    assert "error=500" in worker.health()["remarks"]["alerts channel 'ops'"]
    assert worker.is_well()
    command = ("server", "alerts", "list", "--config", tmp_path / "server-0.toml")
    listed = skerry(*command, "--json")
    assert [(one["rule"], one["device"]) for one in listed.json["alerts"]] == [("hot", "cam-1")]
    assert listed.json["waiting"]["ops"]["count"] == 1
    assert "1 notifications wait for channel 'ops': a channel did not take a notification" in skerry(*command).out
    publish(broker.url, [message("heartbeat", 3, temperature_c=20.0)])
    eventually(lambda: skerry(*command, "--json").json["alerts"] == [], what="the rules go on")
    over = skerry(*command, "--all", "--json").json["alerts"]
    assert [(one["device"], one["state"]) for one in over] == [("cam-1", "resolved")]

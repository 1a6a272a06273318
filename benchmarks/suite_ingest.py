"""Figures of the server: how many heartbeats a worker makes durable, what more devices cost, how the dashboard feels.

A worker and the bare consumer take what waits for them in a session at the broker, in turn, so that no publisher
takes part of the machine meanwhile and what else it does falls on both alike.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.dashboard_paint import dashboard_figures
from benchmarks.device_list import device_list_figures
from benchmarks.ingest_rig import (
    Worker,
    bare_seconds,
    leave_session,
    running_influxd,
    running_mosquitto,
    running_server,
    running_worker,
)
from benchmarks.mqtt_load import Publisher, heartbeats
from benchmarks.report import BENCH, Figure, at_least, at_most, not_measured, publish

from skerry_server.broker import IotcoreBroker

FLEET = "skerry/#"
WORKER_ID = "skerry-server"
SETTLE_S = 3.0
"""After the last message, the soft state of all devices is written within this."""


def main(arguments: list[str]) -> None:
    """Measure every figure, print and write them. A goal that is not met is told by the figure, not the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ingest", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="turns of worker and bare consumer")
    parser.add_argument("--messages", type=int, default=60_000, help="heartbeats a turn")
    given = parser.parse_args(arguments)
    BENCH.mkdir(parents=True, exist_ok=True)
    figures = [*ratio_figures(given.rounds, given.messages), *fleet_figures(), *embedded_figures()]
    publish("ingest", [*figures, *dashboard_figures(), *device_list_figures()])


def ratio_figures(rounds: int, messages: int) -> list[Figure]:
    """Return how a worker with its store compares to the bare consumer, and how fast it is."""
    try:
        pairs = [(_worker_rate(messages), _bare_rate(messages)) for _ in range(rounds)]
    except (FileNotFoundError, TimeoutError) as error:
        return [not_measured("ingest_ratio", ">= 0.6", "", str(error))]
    ratio = statistics.median(worker / bare for worker, bare in pairs)
    worker, bare = (statistics.median(one) for one in zip(*pairs, strict=True))
    note = f"median of {rounds}: {worker:.0f}/s durable in InfluxDB against {bare:.0f}/s decoded and dropped"
    return [at_least("ingest_ratio", ratio, 0.6, note=note)]


def fleet_figures() -> list[Figure]:
    """Return what a message costs at many devices against few, and what a worker of many weighs."""
    try:
        few, _ = _cost(devices=1_000, messages=100_000)
        many, many_mb = _cost(devices=100_000, messages=100_000)
    except (FileNotFoundError, TimeoutError) as error:
        return [
            not_measured("ingest_flatness", "<= 1.2", "", str(error)),
            not_measured("worker_mb", "<= 200", "MB", str(error)),
        ]
    note = f"processor time a message: {many * 1e6:.0f} us at 100,000 devices, {few * 1e6:.0f} us at 1,000"
    return [
        at_most("ingest_flatness", many / few, 1.2, note=note),
        at_most("worker_mb", many_mb, 200, "MB", note="resident with 100,000 devices, largest of the samples"),
    ]


def embedded_figures(messages: int = 30_000) -> list[Figure]:
    """Return how fast everything on one machine is: the embedded broker, one process, SQLite."""
    with tempfile.TemporaryDirectory(dir=BENCH) as name:
        folder = Path(name)
        broker = IotcoreBroker(folder)
        port = int(broker.start().rsplit(":", 1)[1])
        try:
            with running_server(folder, broker_port=port) as server:
                server.wait(lambda health: health["ok"], "the server")
                publisher = Publisher(port, "publisher")
                began_s = time.perf_counter()
                publisher.publish(heartbeats(1_000, messages, first_seq=1))
                ended_s = server.wait(lambda health: health["durable"] >= messages, "all messages")
                publisher.close()
        finally:
            broker.stop()
    rate = messages / (ended_s - began_s)
    return [
        at_least("embedded_rate", rate, 3_000, "1/s", note=f"{messages} heartbeats of 1,000 devices, published live")
    ]


def _worker_rate(messages: int) -> float:
    """Return the heartbeats a second that a worker makes durable in InfluxDB."""
    with tempfile.TemporaryDirectory(dir=BENCH) as name:
        folder = Path(name)
        with running_mosquitto(folder) as port, running_influxd(folder) as url:
            _fill(port, WORKER_ID, FLEET, messages)
            store = f'kind = "influxdb"\nurl = "{url}"'
            with running_worker(folder, broker_port=port, store=store) as worker:
                began_s = worker.wait(lambda health: health["received"], "the first message")
                ended_s = worker.wait(lambda health: health["durable"] >= messages, "all messages")
                _check_stored(worker, messages)
    return messages / (ended_s - began_s)


def _bare_rate(messages: int) -> float:
    with tempfile.TemporaryDirectory(dir=BENCH) as name, running_mosquitto(Path(name)) as port:
        _fill(port, "bare", FLEET, messages)
        return messages / bare_seconds(port, "bare", messages)


def _fill(port: int, client_id: str, topic_filter: str, messages: int) -> None:
    leave_session(port, client_id, topic_filter)
    publisher = Publisher(port, "publisher")
    publisher.publish(heartbeats(1_000, messages, first_seq=1))
    publisher.close()


def _cost(*, devices: int, messages: int) -> tuple[float, float]:
    """Return the processor seconds a message of a fleet that is known, and the largest memory in MB."""
    with tempfile.TemporaryDirectory(dir=BENCH) as name:
        folder = Path(name)
        with running_mosquitto(folder) as port, running_influxd(folder) as url:
            store = f'kind = "influxdb"\nurl = "{url}"'
            with running_worker(folder, broker_port=port, store=store) as worker:
                worker.wait(lambda health: health["ok"], "the worker")
                publisher = Publisher(port, "publisher")
                publisher.publish(heartbeats(devices, max(devices, 10_000), first_seq=1))
                sent = max(devices, 10_000)
                worker.wait(lambda health: health["durable"] >= sent, "the fleet")
                time.sleep(SETTLE_S)
                before_s, largest_mb = worker.cpu_s(), worker.resident_mb()
                publisher.publish(heartbeats(devices, messages, first_seq=1_000))
                worker.wait(lambda health: health["durable"] >= sent + messages, "all messages")
                largest_mb = max(largest_mb, worker.resident_mb())
                time.sleep(SETTLE_S)
                cost_s = (worker.cpu_s() - before_s) / messages
                largest_mb = max(largest_mb, worker.resident_mb())
                _check_stored(worker, sent + messages)
                publisher.close()
    return cost_s, largest_mb


def _check_stored(worker: Worker, messages: int) -> None:
    """Raise TimeoutError where not all went into the store itself: a figure of the spool would be another one."""
    health = worker.health()
    if health["spooled"] or health["dead"] or health["durable"] != messages:
        raise TimeoutError(f"not all of {messages} messages were stored: {health}")

"""Real programs for the figures of ingest: mosquitto, InfluxDB 1.x and a worker, each a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from chaos.programs import Program, free_port
from chaos.server_programs import SKERRY, answers, influxd, mosquitto_of_fleet, readiness
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

WAIT_S = 300.0
POLL_S = 0.02
SESSION_S = 3600


class Worker:
    """A server process and what it says of itself."""

    def __init__(self, program: Program, port: int) -> None:
        self.program = program
        self._port = port
        self.url = f"http://127.0.0.1:{port}/"

    def health(self) -> dict[str, Any]:
        """Return what /readyz says, an empty table while nobody answers."""
        return readiness(self._port)

    def wait(self, holds: Callable[[dict[str, Any]], object], what: str) -> float:
        """Return when it holds, by the monotonic clock. Raises TimeoutError after WAIT_S."""
        end_s = time.perf_counter() + WAIT_S
        while not ((health := self.health()) and holds(health)):
            if time.perf_counter() > end_s:
                raise TimeoutError(f"{what} did not come; {health}; see {self.program.log}")
            time.sleep(POLL_S)
        return time.perf_counter()

    def cpu_s(self) -> float:
        """Return the processor time that the worker has used."""
        times = psutil.Process(self.program.pid).cpu_times()
        return float(times.user + times.system)

    def resident_mb(self) -> float:
        """Return what it has in memory."""
        return float(psutil.Process(self.program.pid).memory_info().rss / 1e6)


@contextmanager
def running_mosquitto(folder: Path) -> Iterator[int]:
    """Run mosquitto during the body; give its port."""
    port = free_port()
    program = mosquitto_of_fleet(folder, port, persistence="persistence false")
    with _running(program):
        _wait_for_port(port)
        yield port


@contextmanager
def running_influxd(folder: Path) -> Iterator[str]:
    """Run InfluxDB 1.x during the body; give its address."""
    port = free_port()
    program = influxd(folder, port)
    with _running(program):
        _wait_for_port(port)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_worker(folder: Path, *, broker_port: int, store: str) -> Iterator[Worker]:
    """Run `skerry server ingest` during the body."""
    port = free_port()
    settings = folder / "server.toml"
    settings.write_text(
        f'[broker]\nurl = "mqtt://127.0.0.1:{broker_port}"\n[store]\n{store}\n[ingest]\nport = {port}\n'
    )
    program = Program(
        [*SKERRY, "server", "ingest", "--config", str(settings)],
        folder / "worker.log",
        {"STATE_DIRECTORY": str(folder / "state")},
    )
    with _running(program):
        yield Worker(program, port)


@contextmanager
def running_server(folder: Path, *, broker_port: int, more: str = "") -> Iterator[Worker]:
    """Run `skerry server run` with its embedded store during the body; ``more`` are further tables of its file."""
    port = free_port()
    settings = folder / "server.toml"
    settings.write_text(f'[broker]\nurl = "mqtt://127.0.0.1:{broker_port}"\n[http]\nport = {port}\n{more}')
    program = Program(
        [*SKERRY, "server", "run", "--config", str(settings)],
        folder / "server.log",
        {"STATE_DIRECTORY": str(folder / "state")},
    )
    with _running(program):
        yield Worker(program, port)


def leave_session(port: int, client_id: str, topic_filter: str) -> None:
    """Subscribe under a name and go, so that the broker keeps what is published for whoever comes under it."""
    client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTProtocolVersion.MQTTv5)
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho leaves it out
    properties.SessionExpiryInterval = SESSION_S
    subscribed: list[bool] = []
    client.on_connect = lambda *_: client.subscribe(topic_filter, qos=1)  # type: ignore[assignment]  # its answer is of no use
    client.on_subscribe = lambda *_: subscribed.append(True)
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    while not subscribed:
        client.loop(timeout=0.1)
    client.disconnect()
    client.loop(timeout=0.1)


def bare_seconds(port: int, client_id: str, count: int) -> float:
    """Return the seconds that the bare consumer takes for what waits under ``client_id``."""
    command = [sys.executable, "-m", "benchmarks.bare_consumer", str(port), client_id, str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=WAIT_S)
    return float(done.stdout)


@contextmanager
def _running(program: Program) -> Iterator[None]:
    program.start()
    try:
        yield
    finally:
        program.stop()


def _wait_for_port(port: int) -> None:
    end_s = time.monotonic() + WAIT_S
    while not answers(port):
        if time.monotonic() > end_s:
            raise TimeoutError(f"nothing answers on port {port}")
        time.sleep(POLL_S)

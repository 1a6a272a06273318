"""A real broker, servers as real processes, and a client that publishes to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field

import httpx
import paho.mqtt.client as mqtt
import pytest
from chaos import server_programs

from skerry_server.broker import MosquittoBroker

SKERRY = [sys.executable, "-m", "skerry_edge"]
ENVELOPE = {"v": 1, "session": "00000001-abcdef01", "clock": "synced"}
VITALS = {
    "board": "raspberry-pi-5",
    "agent_version": "1.0.0",
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 2.0,
    "disk_free_mb": 3.0,
}
BODIES = {
    "heartbeat": VITALS,
    "event": {"kind": "detection", "pipeline": "camera", "label": "car", "score": 0.5},
    "status": {"state": "online"},
}


@pytest.fixture
def broker(tmp_path, need_program):
    """A mosquitto that can be stopped and started again on its port; gives the object, started."""
    need_program("mosquitto")
    folder = tmp_path / "broker"
    folder.mkdir()
    broker = MosquittoBroker(folder)
    broker.url = broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def influxd(tmp_path, need_program, free_port):
    """A real InfluxDB 1.x, started; its address is in ``url``."""
    need_program("influxd")
    port = free_port()
    yield from _running(server_programs.influxd(tmp_path, port), port)


@pytest.fixture
def victoria(tmp_path, need_program, free_port):
    """A real VictoriaMetrics, started; its address is in ``url``."""
    need_program("victoria-metrics")
    port = free_port()
    yield from _running(server_programs.victoria_metrics(tmp_path, port), port)


def _running(program, port):
    program.url = f"http://127.0.0.1:{port}"
    program.start()
    yield program
    program.kill()


@dataclass
class RunningServer:
    """A server process and what it says of itself."""

    process: subprocess.Popen
    url: str
    log: object
    lines: list = field(default_factory=list)

    def get(self, path, **arguments):
        return httpx.get(f"{self.url}{path}", params=arguments, trust_env=False, timeout=30)

    def health(self):
        return self.get("readyz").json()

    def is_well(self):
        try:
            return self.get("readyz").status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait(30)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def start_server(tmp_path, free_port, eventually):
    """Return a function that starts `skerry server …` with a configuration, by default `run`; all end with the test."""
    running = []

    def start(
        broker_url,
        *,
        store='kind = "sqlite"\npath = "telemetry.sqlite"',
        at_broker="",
        more="",
        wait=True,
        command=("run",),
    ):
        port = free_port()
        config = tmp_path / f"server-{len(running)}.toml"
        config.write_text(
            f'[broker]\nurl = "{broker_url}"\n{at_broker}\n[store]\n{store}\n'
            f'[registry]\nurl = "sqlite:///{tmp_path}/registry.sqlite"\n[http]\nport = {port}\n{more}'
        )
        log = (tmp_path / f"server-{len(running)}.log").open("wb")
        process = subprocess.Popen(
            [*SKERRY, "server", *command, "--config", str(config)],
            stdout=log,
            stderr=log,
            env=os.environ | {"STATE_DIRECTORY": str(tmp_path / "state")},
        )
        log.close()
        server = RunningServer(process=process, url=f"http://127.0.0.1:{port}/", log=tmp_path / log.name)
        running.append(server)
        if wait:
            eventually(server.is_well, what=f"the server is well: {server.log.read_text()[-2000:]}")
        return server

    yield start
    for server in running:
        if server.process.poll() is None:
            server.kill()


@pytest.fixture
def publish():
    """Return a function that publishes messages of the contract at QoS 1 and waits until the broker has them."""

    def send(broker_url, messages):
        host, port = broker_url.removeprefix("mqtt://").split(":")
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.connect(host, int(port))
        client.loop_start()
        for topic, payload, retain in messages:
            client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(30)
        client.disconnect()
        client.loop_stop()

    return send


@pytest.fixture
def message():
    """Return a function that makes (topic, payload, retained) of a kind; ``ts`` rises with ``seq``."""

    def make(kind, seq, /, *, device="cam-1", site="home", **changes):
        body = ENVELOPE | {"id": f"m{seq}", "seq": seq, "ts": 1_700_000_000_000 + seq} | BODIES[kind] | changes
        return f"skerry/v1/{site}/{device}/{kind}", json.dumps(body).encode(), kind == "status"

    return make

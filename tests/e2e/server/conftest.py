"""The embedded broker, the server as a process, and a client that publishes."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
import paho.mqtt.client as mqtt
import pytest

from skerry_server.broker import IotcoreBroker

VITALS = {
    "board": "raspberry-pi-5",
    "agent_version": "1.0.0",
    "uptime_s": 1.0,
    "cpu_percent": 1.0,
    "memory_used_mb": 1.0,
    "memory_total_mb": 2.0,
    "disk_free_mb": 3.0,
}


@pytest.fixture
def broker(tmp_path):
    """The embedded broker."""
    broker = IotcoreBroker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def dashboard(tmp_path, broker, free_port, eventually):
    """A running server over the embedded broker; gives (dashboard URL, broker URL)."""
    broker_url = broker.start()
    port = free_port()
    config = tmp_path / "server.toml"
    config.write_text(
        f'[broker]\nurl = "{broker_url}"\n[store]\nkind = "sqlite"\npath = "telemetry.sqlite"\n'
        f'[registry]\nurl = "sqlite:///{tmp_path}/registry.sqlite"\n[http]\nport = {port}\n'
    )
    with (tmp_path / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "skerry_edge", "server", "run", "--config", str(config)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/"

    def is_well():
        try:
            return httpx.get(f"{url}readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    try:
        eventually(is_well, what="the server is well")
        yield url, broker_url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture
def device():
    """Return a function that connects a device by MQTT; gives a function that publishes in its name.

    What it publishes has an id, which it returns; ``.snapshot(id, jpeg)`` of it sends the picture of an event.
    """
    clients = []

    def connect(broker_url, name, *, site="home"):
        host, port = broker_url.removeprefix("mqtt://").split(":")
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        client.connect(host, int(port))
        client.loop_start()
        clients.append(client)
        envelope = {"v": 1, "session": "00000001-abcdef01", "ts": 1_700_000_000_000, "clock": "synced"}
        seq = iter(range(1, 1000))

        def publish(kind, /, **body):
            number = next(seq)
            vitals = VITALS if kind == "heartbeat" else {}
            payload = json.dumps(envelope | {"id": f"m{number}", "seq": number} | vitals | body)
            topic = f"skerry/v1/{site}/{name}/{kind}"
            client.publish(topic, payload, qos=1, retain=kind == "status").wait_for_publish(30)
            return f"m{number}"

        def show(event, jpeg):
            client.publish(f"skerry/v1/{site}/{name}/snapshot/{event}", jpeg, qos=1).wait_for_publish(30)

        publish.snapshot = show
        return publish

    yield connect
    for client in clients:
        client.disconnect()
        client.loop_stop()

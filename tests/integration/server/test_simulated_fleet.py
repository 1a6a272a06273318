"""`skerry simulate` at a real broker and server: the server shows just what the fleet says that it must."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading

import paho.mqtt.client as mqtt
import pytest

from skerry_edge.contracts.codec import decode, encode
from skerry_edge.contracts.messages import Command, Desired
from skerry_server.errors import BrokerError
from skerry_server.health import now_ms
from skerry_server.simulate import seats
from skerry_server.simulate.access import broker_access
from skerry_server.simulate.fleet import Fleet
from skerry_server.simulate.running import FleetRun
from skerry_server.simulate.trouble import parse_trouble

SIMULATE = [sys.executable, "-m", "skerry_edge", "simulate"]


@pytest.fixture
def simulate(tmp_path):
    """Return a function that starts `skerry simulate`; gives the process, which writes ``expect``."""
    running = []

    def start(broker_url, *arguments):
        expect = tmp_path / "expect.json"
        command = [*SIMULATE, "--broker", broker_url, "--expect", str(expect), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.expect = expect
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


@pytest.mark.parametrize("connections", [1000, 3], ids=["own connections", "shared connections"])
def test_a_server_shows_exactly_the_fleet_that_was_simulated(
    broker, start_server, simulate, skerry, eventually, connections
):
    server = start_server(broker.url)
    fleet = ("--devices", 30, "--rate", 5, "--duration", 4, "--trouble", "harsh", "--seed", 11)
    process = simulate(broker.url, *fleet, "--end", "hold", "--connections", connections)
    eventually(process.expect.exists, what="the fleet has come to rest")
    check = ("simulate", "check", "--server", server.url, "--expect", process.expect, "--wait", 20, "--json")
    done = skerry(*check)
    assert (done.code, done.json["differences"]) == (0, [])
    expected = json.loads(process.expect.read_text())
    assert {one["presence"] for one in expected["devices"]} == {"online", "degraded", "offline"}
    assert sum(expected["dead_letters"].values()) > 10

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert ("published by this simulator" in err) == (connections == 3)
    assert "devices: 30 offline" in out
    assert skerry(*check).code == 0

    expected = json.loads(process.expect.read_text())
    expected["devices"][0]["events"] += 1
    process.expect.write_text(json.dumps(expected))
    wrong = skerry(*check[:-3], "--json")
    assert wrong.code == 1
    assert [one["figure"] for one in wrong.json["differences"]] == ["events"]


@pytest.fixture
def fly(broker):
    """Return a function that runs a fleet in a thread; leaving ends it, and raises what it failed with."""

    class Flight:
        def __init__(self, count, **more):
            self.fleet = Fleet(count, rate=20.0, seed=5, trouble=parse_trouble("none"), start_ms=now_ms())
            self._more = more
            self.error = None
            self._loop, self._stop = asyncio.new_event_loop(), asyncio.Event()
            self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

        async def _run(self):
            self.run = FleetRun(self.fleet, broker_access(broker.url), connections=100)
            try:
                await self.run.run(self._stop)
                await self.run.finish("goodbye")
            except BrokerError as error:
                self.error = error
            finally:
                self.run.close()

        def __enter__(self):
            self._thread.start()
            return self

        def __exit__(self, *_):
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(30)
            self._loop.close()

    return Flight


@pytest.fixture
def operator(broker):
    """A client that notes what devices say and tells them things; ``seen`` holds the newest of each topic."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.seen = {}
    client.on_message = lambda _client, _data, message: client.seen.__setitem__(message.topic, message.payload)
    host, port = broker.url.removeprefix("mqtt://").split(":")
    client.connect(host, int(port))
    client.loop_start()
    yield client
    client.disconnect()
    client.loop_stop()


def test_devices_take_on_a_retained_configuration_and_answer_commands(fly, operator, eventually):
    desired = Desired(v=1, version=4, ts=1, models={"camera": "yolov2-tiny-voc@2.0.0-rc.1"})
    operator.publish("skerry/v1/harbour/sim-0001/desired", encode(desired), qos=1, retain=True).wait_for_publish(30)
    operator.subscribe("skerry/#", qos=1)
    with fly(2):

        def state():
            payload = operator.seen.get("skerry/v1/harbour/sim-0001/state")
            return payload and decode("state", payload)

        eventually(lambda: state() and state().config_version == 4, what="the configuration is in force")
        command = Command(v=1, id="one", name="ping", ts=now_ms(), expires_ts=now_ms() + 60_000)
        operator.publish("skerry/v1/mill/sim-0002/command", encode(command), qos=1)
        answer = "skerry/v1/mill/sim-0002/result/one"
        eventually(lambda: answer in operator.seen, what="the command is answered")
    assert decode("result", operator.seen[answer]).message == "pong"
    assert state().models["camera"] == "yolov2-tiny-voc@2.0.0-rc.1"


def test_a_broker_that_comes_back_has_its_devices_back(fly, broker, operator, eventually):
    with fly(3) as flight:
        eventually(lambda: flight.fleet.expectation().sent.get("heartbeat", 0) > 10, what="the devices beat")
        broker.stop()
        eventually(lambda: flight.run.interruptions == 3, what="every connection is lost")
        broker.start()
        eventually(operator.is_connected, what="the operator is back")
        operator.subscribe("skerry/+/+/+/status", qos=1)
        eventually(lambda: len(operator.seen) == 3, what="every device is born again")
        births = [decode("status", payload) for payload in operator.seen.values()]
        assert [(one.state, one.connection) for one in births] == [("online", 2)] * 3
    assert flight.error is None


def test_a_broker_that_goes_away_for_good_is_a_typed_error(fly, broker, eventually, monkeypatch):
    monkeypatch.setattr(seats, "RETRY_S", 0.1)
    with fly(3) as flight:
        eventually(lambda: flight.fleet.expectation().sent.get("heartbeat", 0) > 10, what="the devices beat")
        broker.stop()
        eventually(lambda: flight.error, what="the fleet gives up")
    assert "cannot be reached" in str(flight.error)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--broker", "mqtt://127.0.0.1:1"], 4, "cannot be reached"),
        (["--broker", "mqtt://127.0.0.1:1", "--devices", 20, "--connections", 2], 4, "cannot be reached"),
        (["--broker", "127.0.0.1:1883"], 2, "mqtt://HOST"),
        (["--trouble", "usal"], 2, "did you mean 'usual'?"),
        (["--rate", "0"], 2, "--rate"),
        (["--expect", "/nowhere/expect.json"], 2, "no folder"),
        (["--rate", "nan"], 2, "not a number"),
        (["--ca-file", __file__], 2, "encrypted"),
        (["--password-file", __file__], 2, "user name"),
        (["check", "--server", "http://127.0.0.1:1", "--expect", __file__], 4, "no simulation's expectation"),
    ],
)
def test_what_cannot_be_simulated_is_refused_in_plain_words(skerry, arguments, code, said):
    done = skerry("simulate", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_a_server_that_is_none_is_told(skerry, tmp_path, broker):
    expect = tmp_path / "expect.json"
    options = ("--broker", broker.url, "--devices", 1, "--duration", 0.5, "--rate", 5, "--trouble", "none")
    done = skerry("simulate", *options, "--expect", expect, "--json")
    assert done.code == 0, done.err
    assert done.json["devices"][0]["presence"] == "offline"
    for url in (broker.url.replace("mqtt", "http"), "http://127.0.0.1:1", "nonsense"):
        refused = skerry("simulate", "check", "--server", url, "--expect", expect)
        assert refused.code == 4, refused.err
        assert "Traceback" not in refused.err

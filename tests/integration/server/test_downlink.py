"""What is wanted of devices reaches them through a real broker, and what they make of it comes back."""

from __future__ import annotations

import json

import paho.mqtt.client as mqtt
import pytest


class Device:
    """A device that answers commands, and takes on a desired state or refuses it."""

    def __init__(self, broker_url, name):
        host, port = broker_url.removeprefix("mqtt://").split(":")
        self.name, self.got, self._seq = name, [], iter(range(1, 1000))
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        self.client.on_message = self._on_message
        self.client.connect(host, int(port))
        self.client.loop_start()

    def listen(self):
        self.client.subscribe([(f"skerry/v1/home/{self.name}/{kind}", 1) for kind in ("command", "desired")])

    def say(self, kind, item="", /, **body):
        number = next(self._seq)
        envelope = {"v": 1, "session": "00000001-abcdef01", "ts": 1_700_000_000_000, "clock": "synced"}
        payload = json.dumps(envelope | {"id": f"m{number}", "seq": number} | body)
        self.client.publish(f"skerry/v1/home/{self.name}/{kind}{item}", payload, qos=1)

    def _on_message(self, _client, _userdata, message):
        body = json.loads(message.payload)
        self.got.append((message, body))
        if message.topic.endswith("command"):
            self.say("result", f"/{body['id']}", command=body["id"], ok=True, message="pong")
        elif body["config"].get("heartbeat_interval_s", 1) > 0:
            self.say("state", config_version=body["version"], config_sha256="0")
        else:
            self.say("event", kind="system", pipeline="agent", label="desired-refused", message="expected more than 0")


@pytest.fixture
def cam(broker):
    """A device that is connected and has not subscribed yet."""
    device = Device(broker.url, "cam-1")
    yield device
    device.client.disconnect()
    device.client.loop_stop()


def put(server, path, body):
    import httpx

    answer = httpx.put(f"{server.url}api/v1/{path}", json=body, headers={"if-match": "*"}, trust_env=False)
    assert answer.status_code == 200, answer.text
    return answer.json()


def post(server, path, body):
    import httpx

    answer = httpx.post(f"{server.url}api/v1/{path}", json=body, trust_env=False)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_commands_are_answered_and_desired_states_applied_or_refused(broker, start_server, cam, eventually, skerry):
    server = start_server(broker.url)
    cam.listen()
    cam.say("status", state="online")
    eventually(lambda: server.get("api/v1/devices").json()["devices"], what="the device is known")

    order = post(server, "devices/cam-1/commands", {"name": "ping", "expires_s": 60})
    path = f"api/v1/commands/{order['id']}"
    eventually(lambda: server.get(path).json()["state"] == "done", what="the command is answered")
    answered = server.get(path).json()
    assert (answered["ok"], answered["message"]) == (True, "pong")
    assert answered["sent_ms"] is not None
    (message, _) = cam.got[0]
    assert 0 < message.properties.MessageExpiryInterval <= 60
    assert (message.qos, message.retain) == (1, False)

    again = skerry("fleet", "send", "ping", "--device", "cam-1", "--server", server.url, "--json")
    assert (again.code, again.json[0]["message"]) == (0, "pong")

    put(server, "devices/cam-1/desired", {"config": {"heartbeat_interval_s": 5}})
    eventually(
        lambda: server.get("api/v1/devices/cam-1/desired").json()["is_applied"], what="the first version is applied"
    )
    wish = put(server, "devices/cam-1/desired", {"config": {"heartbeat_interval_s": -1}})
    eventually(
        lambda: server.get("api/v1/events", kind="system", device="cam-1").json()["events"],
        what="the refusal is told",
    )
    held = server.get("api/v1/devices/cam-1/desired").json()
    assert (held["version"], held["applied_version"], held["is_applied"]) == (wish["version"], 1, False)
    assert (held["progress"], held["reason"]) == ("refused", "expected more than 0")


def test_what_was_wanted_while_the_broker_was_away_is_sent_when_it_is_back(broker, start_server, cam, eventually):
    server = start_server(broker.url)
    cam.say("status", state="online")
    eventually(lambda: server.get("api/v1/devices").json()["devices"], what="the device is known")
    # Its successor has its name: of two that came back, each would end the other's connection.
    cam.client.disconnect()
    cam.client.loop_stop()
    broker.stop()
    order = post(server, "devices/cam-1/commands", {"name": "ping", "expires_s": 600})
    put(server, "devices/cam-1/desired", {"config": {"heartbeat_interval_s": 5}})
    assert server.get(f"api/v1/commands/{order['id']}").json()["state"] == "waiting"
    broker.start()
    late = Device(broker.url, "cam-1")
    try:
        late.listen()
        eventually(
            lambda: {message.topic.rpartition("/")[2] for message, _ in late.got} >= {"command", "desired"},
            what="both have come",
            deadline_s=60.0,
        )
        eventually(
            lambda: server.get(f"api/v1/commands/{order['id']}").json()["state"] == "done", what="it is answered"
        )
    finally:
        late.client.disconnect()
        late.client.loop_stop()

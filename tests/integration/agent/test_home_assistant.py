"""A device that makes itself known to Home Assistant, over a real broker."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from skerry_edge.contracts.messages import State

BEAT = {"kind": "synthetic", "name": "beat", "events_per_s": 1}
TOPIC = "homeassistant/device/skerry/cam-1/config"


def configs(heard: list[tuple[str, bytes]]) -> list[bytes]:
    return [payload for topic, payload in list(heard) if topic == TOPIC]


def test_a_device_is_known_and_tells_again_when_home_assistant_starts(
    mosquitto, recorder, start_agent, eventually, hear
) -> None:
    heard = hear(mosquitto.port, "homeassistant/#")
    start_agent(mosquitto.port, [BEAT], mqtt={"home_assistant": True})
    eventually(lambda: configs(heard) and recorder.of(State), what="the discovery")
    payload = json.loads(configs(heard)[0])
    assert payload["device"]["identifiers"] == ["skerry_cam-1"]
    assert {"status", "cpu_percent", "pipeline_beat"} <= set(payload["components"])
    states = len(recorder.of(State))
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", mosquitto.port)
    client.loop_start()
    client.publish("homeassistant/status", b"online", qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    eventually(lambda: len(configs(heard)) == 2 and len(recorder.of(State)) > states, what="both again")
    assert configs(heard)[0] == configs(heard)[1]


def test_what_was_made_known_is_taken_away_when_it_is_switched_off(
    mosquitto, recorder, start_agent, eventually, hear
) -> None:
    agent = start_agent(mosquitto.port, [BEAT], mqtt={"home_assistant": True})
    heard = hear(mosquitto.port, "homeassistant/#")
    eventually(lambda: configs(heard), what="the discovery")
    assert agent.stop() == 0
    file = agent.folder / "agent.toml"
    file.write_text(file.read_text().replace("home_assistant = true", "home_assistant = false"))
    agent.start_again()
    eventually(lambda: configs(heard)[-1] == b"", what="the empty message")
    eventually(lambda: not (agent.folder / "state" / "home-assistant.json").exists(), what="the mark gone")
    anew = hear(mosquitto.port, "#")
    eventually(lambda: anew, what="what is retained now")
    assert not configs(anew)


def test_a_device_that_never_was_known_says_nothing_to_home_assistant(
    mosquitto, recorder, start_agent, eventually, hear
) -> None:
    heard = hear(mosquitto.port, "homeassistant/#")
    start_agent(mosquitto.port, [BEAT])
    eventually(lambda: recorder.of(State) and recorder.heartbeats, what="the state and a heartbeat")
    assert heard == []


def test_a_house_s_own_prefix_is_used(mosquitto, recorder, start_agent, eventually, hear) -> None:
    heard = hear(mosquitto.port, "my/house/#")
    start_agent(mosquitto.port, [BEAT], mqtt={"home_assistant": True, "discovery_prefix": "my/house"})
    eventually(lambda: heard, what="the discovery")
    assert heard[0][0] == "my/house/device/skerry/cam-1/config"


@pytest.mark.parametrize("prefix", ["", "a/#", "+", "/a", "a b"])
def test_a_prefix_that_is_no_topic_is_refused(skerry: Any, tmp_path: Any, prefix: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(
        f'site="a"\ndevice="b"\nboard="generic-x86"\nmqtt={{url="mqtt://x", discovery_prefix={json.dumps(prefix)}}}\n'
        'pipelines=[{kind="synthetic", name="beat"}]\n'
    )
    run = skerry("agent", "check-config", file)
    assert run.code == 2
    assert "discovery_prefix" in run.err


def test_one_rule_lets_each_device_make_itself_known_and_no_other(
    make_mosquitto, make_recorder, start_agent, eventually, need_program, tmp_path: Any
) -> None:
    passwords, rules = tmp_path / "passwords", tmp_path / "rules"
    for user in ("cam-1", "cam-2", "recorder"):
        flags = ["-b"] if passwords.exists() else ["-c", "-b"]
        subprocess.run([need_program("mosquitto_passwd"), *flags, passwords, user, "word"], check=True)
    kinds = [f"pattern write skerry/v1/+/%u/{kind}" for kind in ("status", "heartbeat", "event", "state", "result/+")]
    own = "pattern write homeassistant/device/skerry/%u/config"
    rules.write_text("\n".join([*kinds, own, "user recorder", "topic read #"]) + "\n")
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {passwords}\nacl_file {rules}")
    recorder = make_recorder(broker.port, username="recorder", password="word")
    environment = {"SKERRY_MQTT_PASSWORD": "word"}
    agent = start_agent(broker.port, [BEAT], mqtt={"home_assistant": True}, environment=environment)
    other = start_agent(
        broker.port, [BEAT], mqtt={"home_assistant": True, "username": "cam-2"}, environment=environment
    )
    log = broker.config.with_name("mosquitto.log")
    eventually(lambda: f"'{TOPIC}'" in log.read_text(), what="the discovery at the broker")
    eventually(lambda: recorder.of(State), what="the state")
    assert "refuses the retained message" not in agent.log
    eventually(lambda: "the broker refuses what this device publishes" in other.log, what="the refusal")

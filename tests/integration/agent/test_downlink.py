"""Commands and desired configurations, from a real broker to a running agent and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from skerry_edge.contracts.messages import CommandResult, State

BEAT = {"kind": "synthetic", "name": "beat", "events_per_s": 5}
HOME = "skerry/v1/garden/cam-1"


class Operator:
    """Somebody who commands the device, with MQTT 5."""

    def __init__(self, port: int) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._count = 0

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(
        self, topic: str, message: dict[str, Any] | bytes, *, retain: bool = False, expiry_s: int | None = None
    ):
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        self._client.publish(topic, payload, qos=1, retain=retain, properties=properties).wait_for_publish(10)

    def command(self, name: str, *, command_id: str | None = None, **args: str) -> str:
        self._count += 1
        command_id = command_id or f"order-{self._count}"
        now_ms = time.time_ns() // 1_000_000
        message = {"v": 1, "id": command_id, "name": name, "ts": now_ms, "expires_ts": now_ms + 60_000, "args": args}
        self.publish(f"{HOME}/command", message, expiry_s=60)
        return command_id

    def desire(self, version: int, **fields: Any) -> None:
        message = {"v": 1, "version": version, "ts": time.time_ns() // 1_000_000, **fields}
        self.publish(f"{HOME}/desired", message, retain=True)


@pytest.fixture
def operator(mosquitto) -> Iterator[Operator]:
    """An operator at the running mosquitto."""
    operator = Operator(mosquitto.port)
    yield operator
    operator.stop()


@pytest.fixture
def result_of(recorder, eventually) -> Callable[[str], CommandResult]:
    """Return a function that waits for a command's result."""

    def wait(command_id: str) -> CommandResult:
        def found() -> list[CommandResult]:
            return [one for one in recorder.of(CommandResult) if one.command == command_id]

        eventually(found, what=f"the result of {command_id}")
        return found()[-1]

    return wait


@pytest.fixture(params=["5", "3.1.1"])
def running(request, mosquitto, recorder, start_agent, eventually) -> Any:
    """A running agent, with either version of MQTT."""
    agent = start_agent(mosquitto.port, [BEAT], mqtt={"protocol": request.param})
    eventually(lambda: recorder.of(State) and recorder.events, what="the state and an event")
    return agent


def test_a_device_answers_and_says_what_it_runs(running, recorder, operator, result_of) -> None:
    assert (recorder.of(State)[0].config_version, recorder.of(State)[0].counts) == (0, {})
    assert result_of(operator.command("ping")).ok
    log = result_of(operator.command("logs", lines="50")).output["log"]
    assert "connected to" in log
    assert "no such pipeline" in (result_of(operator.command("restart", pipeline="gate")).message or "")
    assert "format" in (result_of(operator.command("format", command_id="odd")).message or "")


def test_what_is_far_too_large_is_not_carried_out_and_does_no_harm(
    running, recorder, operator, result_of, eventually
) -> None:
    operator.publish(f"{HOME}/command", b'{"id":"big","x":"' + b"x" * 70_000 + b'"}')
    operator.publish(f"{HOME}/desired", b"x" * 70_000)
    assert "larger than the contract allows" in (result_of("big").message or "")
    births = len(recorder.statuses)
    operator.publish(f"{HOME}/command", b"x" * 1_000_000)
    if "with MQTT 3.1.1" in running.log:  # whose broker cannot be told to keep it for itself
        eventually(lambda: len(recorder.statuses) > births, what="the next connection")
        eventually(lambda: "packet-too-large" in {one.label for one in recorder.events}, what="the report")
    assert result_of(operator.command("ping")).ok


def test_a_rebirth_publishes_status_and_state_again(running, recorder, operator, result_of, eventually) -> None:
    statuses, states = len(recorder.statuses), len(recorder.of(State))
    assert result_of(operator.command("rebirth")).ok
    eventually(lambda: len(recorder.statuses) > statuses and len(recorder.of(State)) > states, what="both again")
    assert recorder.statuses[-1].state == "online"


def test_a_pipeline_is_started_anew_on_command(running, recorder, operator, result_of, eventually) -> None:
    (before,) = running.children()
    assert result_of(operator.command("restart", pipeline="beat")).ok
    eventually(lambda: [one.pid for one in running.children()] not in ([], [before.pid]), what="another child")
    assert recorder.states == ["online"]


def test_the_agent_starts_anew_once_though_the_command_comes_again(
    running, recorder, operator, result_of, eventually
) -> None:
    first = recorder.statuses[-1].session
    command_id = operator.command("restart")
    assert result_of(command_id).ok
    eventually(lambda: recorder.statuses[-1].session != first, what="a new session")
    second = recorder.statuses[-1].session
    answers = len(recorder.of(CommandResult))
    operator.command("restart", command_id=command_id)
    eventually(lambda: len(recorder.of(CommandResult)) > answers, what="the answer again")
    assert result_of(command_id).output == {"repeated": "true"}
    assert recorder.statuses[-1].session == second
    assert running.process.poll() is None


def test_a_desired_version_is_in_force_and_stays_so(running, recorder, operator, eventually) -> None:
    operator.desire(4, config={"pipelines": {"beat": {"label": "set-from-afar"}}})
    eventually(lambda: recorder.of(State)[-1].config_version == 4, what="the state with version 4")
    eventually(lambda: recorder.events[-1].label == "set-from-afar", what="an event with the new label")
    operator.desire(3, config={})
    eventually(lambda: [one for one in recorder.events if one.label == "desired-refused"], what="the refusal")
    running.kill()
    states = len(recorder.of(State))
    running.start_again()
    eventually(lambda: len(recorder.of(State)) > states, what="the state after a restart")
    assert recorder.of(State)[-1].config_version == 4


def test_a_desired_version_that_does_not_fit_is_told_and_changes_nothing(
    running, recorder, operator, eventually
) -> None:
    operator.desire(1, config={"pipelines": {"beat": {"fault_marker": "/etc/passwd"}}})
    eventually(lambda: [one for one in recorder.events if one.kind == "system"], what="the refusal")
    (told,) = [one for one in recorder.events if one.kind == "system"]
    assert (told.pipeline, told.label) == ("agent", "desired-refused")
    assert "cannot be set from afar" in (told.message or "")
    assert recorder.of(State)[-1].config_version == 0


@pytest.fixture
def camera(tmp_path: Path, discs: Path) -> dict[str, Any]:
    """A pipeline that looks at a red disc again and again."""
    picture = np.full((240, 320, 3), 128, np.uint8)
    cv2.circle(picture, (80, 120), 40, (0, 0, 255), -1)
    cv2.imwrite(str(tmp_path / "disc.png"), picture)
    source = {"kind": "images", "path": str(tmp_path / "disc.png"), "loop": True, "max_fps": 5}
    return {"kind": "detection", "name": "gate", "model": str(discs), "threads": 1, "source": source, "snapshot": True}


def counts(recorder) -> dict[str, dict[str, int]]:
    """What the newest state counts."""
    states = recorder.of(State)
    return states[-1].counts if states else {}


def test_a_camera_s_counts_are_in_the_state_and_its_picture_comes_on_command(
    mosquitto, recorder, start_agent, operator, result_of, eventually, camera: dict[str, Any]
) -> None:
    start_agent(mosquitto.port, [camera])
    eventually(lambda: counts(recorder).get("gate") == {"red disc": 1}, what="the disc in the state", deadline_s=90)
    command_id = operator.command("snapshot")
    result = result_of(command_id)
    assert result.ok, result.message
    eventually(lambda: command_id in recorder.snapshots, what="the picture")
    seen = cv2.imdecode(np.frombuffer(recorder.snapshots[command_id], np.uint8), cv2.IMREAD_COLOR)
    assert seen.shape == (240, 320, 3)


def test_a_zone_that_is_set_from_afar_is_counted_at_once(
    mosquitto, recorder, start_agent, operator, eventually, camera: dict[str, Any]
) -> None:
    agent = start_agent(mosquitto.port, [camera, BEAT])
    eventually(lambda: counts(recorder).get("gate") == {"red disc": 1}, what="the disc in the state", deadline_s=90)
    zones = [{"name": "left", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}]
    children = {one.pid for one in agent.children()}
    operator.desire(1, config={"pipelines": {"gate": {"zones": zones}}})
    eventually(lambda: counts(recorder).get("gate/left") == {"red disc": 1}, what="the zone's count", deadline_s=90)
    assert recorder.of(State)[-1].config_version == 1
    assert len(children & {one.pid for one in agent.children()}) == 1, "only the pipeline that changed starts anew"


def test_an_ear_is_closed_on_command_and_stays_so_over_a_restart_of_the_agent(
    mosquitto, recorder, operator, result_of, start_agent, eventually, project_root: Path
) -> None:
    clip = project_root / "server" / "skerry_server" / "demo" / "data" / "alexa.wav"
    source = {"kind": "audio-file", "path": str(clip), "policy": "file", "loop": True}
    ear = {"kind": "wakeword", "name": "ear", "words": [{"model": "alexa"}], "source": source}
    agent = start_agent(mosquitto.port, [ear])

    def heard() -> bool:
        """Tell whether a word was heard in this life: what the one before heard may come again after its end."""
        session = recorder.heartbeats[-1].session if recorder.heartbeats else None
        return any(one.kind == "wakeword" and one.session == session for one in recorder.events)

    def is_muted() -> bool:
        vitals = recorder.heartbeats[-1].pipelines[0]
        return vitals.muted and vitals.state == "running"

    eventually(heard, what="the word")
    assert result_of(operator.command("mute", minutes="5")).message == "muted for 5 min: ear"
    eventually(is_muted, what="a heartbeat that says so")
    agent.kill()
    beats = len(recorder.heartbeats)
    agent.start_again()
    eventually(lambda: len(recorder.heartbeats) > beats and is_muted(), what="a heartbeat of the next life")
    assert not heard()
    assert result_of(operator.command("unmute", pipeline="ear")).ok
    eventually(heard, what="the word again")

"""`skerry doctor` against real brokers, models and files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Doctor = Callable[..., dict[str, dict[str, str]]]


@pytest.fixture
def doctor(skerry: Callable[..., Any], tmp_path: Path) -> Doctor:
    """Return a function that examines a device with a configuration, and gives its findings by name."""

    def run(pipelines: str, *, port: int = 1, more: str = "", code: int | None = None) -> dict[str, dict[str, str]]:
        config = tmp_path / "agent.toml"
        config.write_text(
            f'site = "garden"\ndevice = "cam-1"\nboard = "generic-x86"\nstate_dir = "state"\n'
            f'mqtt = {{ url = "mqtt://127.0.0.1:{port}"{more} }}\n{pipelines}'
        )
        done = skerry("doctor", "--config", config, "--json")
        assert code is None or done.code == code, done.err
        return {one["name"]: one for one in done.json["findings"]}

    return run


GHOST = '[[pipelines]]\nkind = "synthetic"\nname = "ghost"\n'


def detection(path: Path, model: str = "skerry-signs") -> str:
    return (
        f'[[pipelines]]\nkind = "detection"\nname = "gate"\nmodel = "{model}"\nbackends = ["onnx"]\n'
        f'source = {{ kind = "images", path = "{path}" }}\n'
    )


def test_a_broker_that_lets_the_device_in_is_told_with_its_limits(
    doctor: Doctor, make_mosquitto: Callable[..., Any], need_program: Callable[[str], str], tmp_path: Path
) -> None:
    passwords, password = tmp_path / "passwords", tmp_path / "password"
    passwords.touch(mode=0o600)
    subprocess.run([need_program("mosquitto_passwd"), "-b", str(passwords), "cam-1", "right"], check=True)
    broker = make_mosquitto(f"allow_anonymous false\npassword_file {passwords}\nmax_packet_size 65536")
    password.write_text("right\n")
    findings = doctor(GHOST, port=broker.port, more=f', password_file = "{password}"')
    assert findings["broker"]["status"] == "ok"
    assert "MQTT 5" in findings["broker"]["found"]
    assert findings["broker's limits"]["status"] == "warning"
    password.write_text("wrong\n")
    refused = doctor(GHOST, port=broker.port, more=f', password_file = "{password}"', code=1)["broker"]
    assert refused["status"] == "failed"
    assert "password" in refused["todo"]


def test_a_running_agent_is_not_disturbed(
    doctor: Doctor,
    mosquitto: Any,
    recorder: Any,
    start_agent: Callable[..., Any],
    eventually: Callable[..., None],
) -> None:
    agent = start_agent(mosquitto.port, [{"kind": "synthetic", "name": "ghost"}])
    eventually(lambda: recorder.heartbeats, what="the agent's heartbeat")
    assert doctor(GHOST, port=mosquitto.port)["broker"]["status"] == "ok"
    seen = len(recorder.heartbeats)
    eventually(lambda: len(recorder.heartbeats) > seen + 1, what="more heartbeats of the same connection")
    assert recorder.states == ["online"]
    assert agent.process.poll() is None


def test_a_broker_that_is_not_there_is_a_failure_with_what_to_do(doctor: Doctor) -> None:
    finding = doctor(GHOST, code=1)["broker"]
    assert finding["status"] == "failed"
    assert "firewall" in finding["todo"]


def test_a_model_computes_in_a_process_of_its_own(doctor: Doctor, tmp_path: Path) -> None:
    findings = doctor(detection(tmp_path))
    assert findings["model of 'gate'"]["status"] == "ok"
    assert findings["runtimes"]["status"] == "ok"
    assert findings["camera"]["status"] == "not applicable"


def test_a_model_that_is_damaged_is_a_failure_and_the_rest_goes_on(doctor: Doctor, tmp_path: Path) -> None:
    (tmp_path / "broken.skerry").write_bytes(b"no zip")
    findings = doctor(detection(tmp_path, model="broken.skerry"), code=1)
    assert findings["model of 'gate'"]["status"] == "failed"
    assert findings["disk"]["status"] in ("ok", "warning")


def test_a_camera_that_is_not_there_is_a_failure(doctor: Doctor, tmp_path: Path) -> None:
    camera = detection(tmp_path).replace(
        f'{{ kind = "images", path = "{tmp_path}" }}', f'{{ kind = "v4l2", device = "{tmp_path}/video9" }}'
    )
    finding = doctor(camera, code=1)["camera of 'gate'"]
    assert finding["status"] == "failed"
    assert "video9" in finding["found"]


def test_a_camera_that_is_there_and_does_not_open_is_a_failure_with_its_reason(doctor: Doctor, tmp_path: Path) -> None:
    no_camera = detection(tmp_path).replace(
        f'{{ kind = "images", path = "{tmp_path}" }}', '{ kind = "v4l2", device = "/dev/null" }'
    )
    finding = doctor(no_camera, code=1)["camera of 'gate'"]
    assert finding["status"] == "failed"
    assert "/dev/null" in finding["found"]
    assert "TypeError" not in finding["found"]


def test_a_model_that_loads_and_does_not_compute_is_a_failure(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKERRY_STAND_IN", "fault=error")
    finding = doctor(detection(tmp_path).replace('["onnx"]', '["stand-in"]'), code=1)["model of 'gate'"]
    assert finding["status"] == "failed"


def test_words_are_listened_for(doctor: Doctor) -> None:
    ear = '[[pipelines]]\nkind = "wakeword"\nname = "ear"\nwords = [{ model = "alexa" }]\nsource = { kind = "stdin" }\n'
    finding = doctor(ear)["model of 'ear'"]
    assert (finding["status"], "listens for alexa" in finding["found"].lower()) == ("ok", True)


def test_a_file_that_the_configuration_names_must_be_there(doctor: Doctor, tmp_path: Path) -> None:
    finding = doctor(detection(tmp_path / "nowhere"), code=1)["files"]
    assert finding["status"] == "failed"
    assert "nowhere is not there" in finding["found"]


def test_without_a_configuration_the_machine_is_looked_at(skerry: Callable[..., Any]) -> None:
    done = skerry("doctor")
    assert done.code in (0, 1)
    for part in ("python", "disk", "clock", "board"):
        assert part in done.out


def test_a_wrong_configuration_is_wrong_usage(skerry: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text("site = 1\n")
    assert skerry("doctor", "--config", tmp_path / "agent.toml").code == 2
    assert skerry("doctor", "--config", tmp_path / "none.toml").code == 4

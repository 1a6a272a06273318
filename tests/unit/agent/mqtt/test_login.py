"""How to log in to the broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.config.delivery import MqttConfig
from skerry_edge.agent.mqtt.login import Secret, read_login
from skerry_edge.foundation.errors import ConfigError, ReachError


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {[secret]}"
    assert secret.reveal() == "hunter2"


def test_the_password_is_read_from_its_file_and_the_device_is_the_user(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("hunter2 \n")
    login = read_login(MqttConfig(url="mqtt://broker", password_file=str(file)), "cam-1")
    assert login is not None
    assert (login.username, login.password.reveal()) == ("cam-1", "hunter2 ")
    assert "hunter2" not in repr(login)


def test_the_password_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKER_WORD", "hunter2")
    login = read_login(MqttConfig(url="mqtt://broker", username="me", password_env="BROKER_WORD"), "cam-1")
    assert login is not None
    assert (login.username, login.password.reveal()) == ("me", "hunter2")


def test_without_a_password_there_is_no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKERRY_MQTT_PASSWORD", raising=False)
    assert read_login(MqttConfig(url="mqtt://broker"), "cam-1") is None


def test_a_username_without_a_password_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKERRY_MQTT_PASSWORD", raising=False)
    with pytest.raises(ConfigError, match="no password"):
        read_login(MqttConfig(url="mqtt://broker", username="me"), "cam-1")


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReachError, match=r"nowhere.*No such file"):
        read_login(MqttConfig(url="mqtt://broker", password_file=str(tmp_path / "nowhere")), "cam-1")

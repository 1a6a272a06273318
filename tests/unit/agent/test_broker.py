"""Where the broker is and how to log in."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.agent.broker import Secret, parse_broker_url, read_login, tls_context
from skerry_edge.agent.config import MqttConfig, TlsConfig
from skerry_edge.foundation.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://broker", "mqtts://broker:8883"),
        ("mqtt://10.0.0.1:1884/", "mqtt://10.0.0.1:1884"),
        ("mqtt://[::1]:1883", "mqtt://[::1]:1883"),
    ],
)
def test_an_address_has_a_port_and_shows_it(url: str, shown: str) -> None:
    assert str(parse_broker_url(url)) == shown


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker",
        "broker:1883",
        "http://broker",
        "mqtt://",
        "mqtt://:1883",
        "mqtt://broker:99999",
        "mqtt://broker:0",
        "mqtt://broker:port",
        "mqtt://broker/topic",
        "mqtt://broker?tls=1",
        "mqtt://[::1",
    ],
)
def test_a_url_that_is_no_brokers_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="broker's URL"):
        parse_broker_url(url)


def test_a_password_in_the_url_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_broker_url("mqtt://me:hunter2@broker")
    assert "hunter2" not in str(caught.value)
    assert "password_file" in str(caught.value)


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


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_password_file_that_holds_no_password_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match="password file"):
        read_login(MqttConfig(url="mqtt://broker", password_file=str(file)), "cam-1")


def test_a_password_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.*No such file"):
        read_login(MqttConfig(url="mqtt://broker", password_file=str(tmp_path / "nowhere")), "cam-1")


def test_tls_files_that_are_no_certificates_are_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("this is no certificate")
    with pytest.raises(ConfigError, match=r"TLS files.*ca\.pem"):
        tls_context(TlsConfig(ca_file=str(file)))

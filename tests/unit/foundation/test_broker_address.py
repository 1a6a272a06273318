"""What a broker's address may be, and how it shows."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.broker_address import parse_broker_url
from skerry_edge.foundation.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://broker", "mqtt://broker:1883"),
        ("mqtts://broker", "mqtts://broker:8883"),
        ("mqtt://10.0.0.1:1884/", "mqtt://10.0.0.1:1884"),
        ("mqtt://[::1]:1883", "mqtt://[::1]:1883"),
        ("mqtt://[::1]", "mqtt://[::1]:1883"),
    ],
)
def test_an_address_has_a_port_and_shows_it(url: str, shown: str) -> None:
    assert str(parse_broker_url(url)) == shown


def test_the_scheme_decides_about_encryption() -> None:
    assert not parse_broker_url("mqtt://broker").encrypted
    assert parse_broker_url("mqtts://broker").encrypted


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
        "mqtt://broker//",
        "mqtt://bro ker",
        "mqtt://broker\nevil = 1",
        "mqtt://bro\tker",
        "mqtt://broker\x00",
        "mqtt://broker?tls=1",
        "mqtt://broker#fragment",
        "mqtt://[::1",
        "mqtt://broker..example",
        f"mqtt://{'b' * 80}",
    ],
)
def test_a_url_that_is_no_brokers_address_is_refused_with_its_place(url: str) -> None:
    with pytest.raises(ConfigError, match="broker's URL") as caught:
        parse_broker_url(url, where="a.toml, key 'url'")
    assert caught.value.where == "a.toml, key 'url'"


def test_a_password_in_the_url_is_refused_without_being_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_broker_url("mqtt://me:hunter2@broker")
    assert "hunter2" not in str(caught.value)
    assert "password_file" in str(caught.value)

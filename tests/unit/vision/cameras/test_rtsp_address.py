"""Addresses of network cameras, and what they show of a login."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions, command_line
from skerry_edge.vision.cameras.names import open_named_camera
from skerry_edge.vision.cameras.rtsp_address import parse_rtsp_url


def test_a_login_is_kept_apart_and_put_back_for_the_camera_alone() -> None:
    address = parse_rtsp_url("rtsp://joe:p%40ss%2Fword@cam.lan:8554/live/1?channel=2")
    assert (address.host, address.port, address.path) == ("cam.lan", 8554, "/live/1?channel=2")
    assert (address.username, address.password) == ("joe", "p@ss/word")
    assert address.url_with_login == "rtsp://joe:p%40ss%2Fword@cam.lan:8554/live/1?channel=2"
    assert str(address) == "rtsp://cam.lan:8554/live/1?channel=2"
    assert "joe" not in repr(address)


def test_a_login_beside_the_url_goes_before_the_one_in_it() -> None:
    address = parse_rtsp_url("rtsp://old:gone@cam/x", username="new", password="here")  # no real one
    assert address.url_with_login == "rtsp://new:here@cam:554/x"
    only_password = parse_rtsp_url("rtsp://viewer@cam/x", password="here")  # the same
    assert only_password.url_with_login == "rtsp://viewer:here@cam:554/x"


def test_what_is_left_out_is_what_the_standard_says() -> None:
    assert str(parse_rtsp_url("rtsp://cam")) == "rtsp://cam:554/"
    assert str(parse_rtsp_url("rtsp://[fe80::1]:99/a")) == "rtsp://[fe80::1]:99/a"


def test_a_secret_in_the_query_is_not_shown() -> None:
    address = parse_rtsp_url("rtsp://cam/x?user=joe&password=hunter2&channel=1")
    assert "hunter2" not in str(address)
    assert "hunter2" in address.url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cam",
        "http://joe:hunter2@cam/",
        "rtsp://",
        "rtsp://joe:hunter2@cam:99999/",
        "rtsp://joe:hun ter2@cam/",
        "rtsp://joe:hunter2@[::1/",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_its_login(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_rtsp_url(url)
    assert "hunter2" not in str(caught.value)
    assert "joe" not in str(caught.value)
    assert "hun" not in (caught.value.where or "")
    assert "rtsp://HOST" in (caught.value.todo or "")


def test_a_stream_over_tls_is_refused_with_the_way_that_checks_its_certificate() -> None:
    with pytest.raises(ConfigError, match="RTSP over TLS is not read here") as caught:
        parse_rtsp_url("rtsps://joe:hunter2@cam/x")
    assert "hunter2" not in str(caught.value)
    assert "rtspsrc location=rtsps://HOST/PATH ! decodebin" in str(caught.value)
    way = GStreamerOptions(pipeline="rtspsrc location=rtsps://cam/x ! decodebin")
    assert "location=rtsps://cam/x" in command_line(way)
    with pytest.raises(ConfigError, match="over TLS"):
        open_named_camera("rtsps://cam/x", stall_s=1.0)

"""Line protocol: golden bytes, round trips through an independent reader, refusals."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_server.stores.base import Point
from skerry_server.stores.lineprotocol import LineEncoder, NoLineError, encode_point, is_encodable


def point(tags=None, fields=None, time_ns=1, measurement="heartbeat"):
    return Point(measurement=measurement, tags=tags or {}, fields=fields or {"x": 1.0}, time_ns=time_ns)


def test_golden_bytes_of_a_plain_point():
    tags = {"site": "home", "device": "cam-1", "board": "raspberry-pi-5"}
    fields = {"temperature_c": 52.5, "cpu_percent": 3.0, "throttled": 0.0}
    assert encode_point(point(tags, fields, 1_700_000_000_000_000_042)) == (
        b"heartbeat,site=home,device=cam-1,board=raspberry-pi-5 "
        b"temperature_c=52.5,cpu_percent=3.0,throttled=0.0 1700000000000000042\n"
    )


def test_golden_bytes_of_what_needs_escapes():
    tags = {"board": 'a b,c=d"e', "pipe line": "größe"}
    assert encode_point(point(tags, {"f,x": -0.5})) == (
        'heartbeat,board=a\\ b\\,c\\=d"e,pipe\\ line=größe f\\,x=-0.5 1\n'.encode()
    )


def test_several_points_are_as_many_lines():
    encoded = LineEncoder().encode([point(), point(time_ns=2)])
    assert list(encoded.lines) == [b"heartbeat x=1.0 1\n", b"heartbeat x=1.0 2\n"]
    assert encoded.refused == {}


def test_a_point_without_an_encoding_does_not_take_the_others_with_it():
    points = [point(), point(fields={"x": math.nan}), point({"board": "a\nb"}), point(time_ns=2)]
    encoded = LineEncoder().encode(points)
    assert list(encoded.lines) == [b"heartbeat x=1.0 1\n", b"heartbeat x=1.0 2\n"]
    assert list(encoded.indices) == [0, 3]
    assert encoded.refused.keys() == {1, 2}
    assert "finite" in encoded.refused[1]
    assert "no encoding" in encoded.refused[2]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(NoLineError, match="finite"):
        encode_point(point(fields={"x": value}))


@pytest.mark.parametrize("text", ["", "a\nb", "a\\", "\x00", "a\tb"])
def test_text_without_an_encoding_is_refused(text):
    assert not is_encodable(text)
    with pytest.raises(NoLineError, match="no encoding"):
        encode_point(point(tags={"board": text}))


def test_a_point_without_a_field_is_refused():
    with pytest.raises(NoLineError, match="needs a field"):
        encode_point(Point(measurement="heartbeat", tags={}, fields={}, time_ns=1))


def read(line: bytes) -> tuple[str, dict[str, str], dict[str, float], int]:
    """Read a line as InfluxDB's reference describes it, written apart from the encoder."""

    def split(text: str, at: str) -> list[str]:
        return re.split(rf"(?<!\\){at}", text)

    def plain(text: str) -> str:
        return re.sub(r"\\([,= ])", r"\1", text)

    head, body, time_ns = split(line.decode().removesuffix("\n"), " ")
    measurement, *tags = split(head, ",")
    pairs = [[plain(part) for part in split(tag, "=")] for tag in tags]
    fields = [[plain(part) for part in split(one, "=")] for one in split(body, ",")]
    return plain(measurement), dict(pairs), {key: float(value) for key, value in fields}, int(time_ns)


names = st.text(min_size=1, max_size=20).filter(is_encodable)
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.dictionaries(names, names, max_size=4),
    st.dictionaries(names, numbers, min_size=1, max_size=4),
    st.integers(0, 2**62),
)
def test_what_is_encoded_reads_back(tags, fields, time_ns):
    """In both ways that a point can be written: alone, and quickly among others."""
    (quick,) = LineEncoder().encode([point(tags, fields, time_ns)]).lines
    for line in (encode_point(point(tags, fields, time_ns)), quick):
        assert line.count(b"\n") == 1
        assert read(line) == ("heartbeat", tags, fields, time_ns)

"""Pictures out of a stream of bytes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras import cutting
from skerry_edge.vision.cameras.cutting import I420Cutter, JpegCutter
from skerry_edge.vision.errors import ImageError

PIXELS = np.random.default_rng(1).integers(0, 255, (48, 64, 3)).astype(np.uint8)
BASELINE = cv2.imencode(".jpg", PIXELS)[1].tobytes()
PROGRESSIVE = cv2.imencode(".jpg", PIXELS, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
RESTARTS = cv2.imencode(".jpg", PIXELS, [cv2.IMWRITE_JPEG_RST_INTERVAL, 2])[1].tobytes()
THUMBNAIL = b"\xff\xd8 a thumbnail \xff\xd9"
WITH_THUMBNAIL = BASELINE[:2] + b"\xff\xe1" + (2 + len(THUMBNAIL)).to_bytes(2, "big") + THUMBNAIL + BASELINE[2:]
ALL = [BASELINE, PROGRESSIVE, RESTARTS, WITH_THUMBNAIL]


def feed_in_pieces(cutter: JpegCutter | I420Cutter, data: bytes, size: int) -> list[bytes]:
    return [picture for at in range(0, len(data), size) for picture in cutter.feed(data[at : at + size])]


@given(st.lists(st.sampled_from(ALL), max_size=4), st.integers(1, 5000), st.binary(max_size=20))
def test_jpegs_come_out_whole_whatever_the_pieces(pictures: list[bytes], size: int, before: bytes) -> None:
    noise = before.replace(b"\xff", b"")
    assert feed_in_pieces(JpegCutter(), noise + b"".join(pictures), size) == pictures


def test_a_picture_that_broke_off_costs_only_itself() -> None:
    assert feed_in_pieces(JpegCutter(), BASELINE[:-200] + PROGRESSIVE, 100) == [PROGRESSIVE]


def test_a_jpeg_decodes_to_its_pixels_and_half_of_one_to_an_error() -> None:
    assert JpegCutter().decode(BASELINE).shape == PIXELS.shape
    with pytest.raises(ImageError):
        JpegCutter().decode(BASELINE[:30])


def test_a_webcam_s_jpeg_without_huffman_tables_decodes_too() -> None:
    at = BASELINE.index(b"\xff\xc4")
    bare = BASELINE
    while (at := bare.find(b"\xff\xc4")) >= 0:
        bare = bare[:at] + bare[at + 2 + int.from_bytes(bare[at + 2 : at + 4], "big") :]
    np.testing.assert_array_equal(JpegCutter().decode(bare), JpegCutter().decode(BASELINE))


def test_a_stream_that_never_ends_a_picture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MAX_JPEG_BYTES", 1000)
    with pytest.raises(SourceError, match="no JPEG"):
        feed_in_pieces(JpegCutter(), b"\xff\xd8\xff\xda\0\2" + b"x" * 2000, 300)


def test_what_is_no_jpeg_at_all_is_not_kept() -> None:
    cutter = JpegCutter()
    assert feed_in_pieces(cutter, b"text " * 100_000, 4096) == []
    assert len(cutter._rest) < 4096


@given(st.integers(1, 4000))
def test_raw_pictures_come_out_by_their_size(size: int) -> None:
    cutter = I420Cutter(width=64, height=48)
    one = bytes(64 * 48 * 3 // 2)
    two = b"\xff" * len(one)
    assert feed_in_pieces(cutter, one + two + one[:100], size) == [one, two]


def test_raw_colours_are_those_of_bt601() -> None:
    red = np.full((48, 64, 3), (0, 0, 255), np.uint8)
    planes = cv2.cvtColor(red, cv2.COLOR_BGR2YUV_I420)
    decoded = I420Cutter(width=64, height=48).decode(planes.tobytes())
    assert np.abs(decoded.astype(int) - red).max() <= 3

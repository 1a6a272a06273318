"""Cameras of the kernel. No camera is where these tests run: they hold the kernel's side of the seam against ours."""

from __future__ import annotations

import errno
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras import v4l2_abi as abi
from skerry_edge.vision.cameras.v4l2 import V4l2Camera, V4l2Options
from skerry_edge.vision.frames import Failure, Frame


def camera(device, options: V4l2Options | None = None, *, stall_s: float = 0.05) -> V4l2Camera:
    return V4l2Camera("/dev/video0", options or V4l2Options(), stall_s=stall_s, open_device=lambda _: device)


def failure_of(device, options: V4l2Options | None = None) -> SourceError | MissingError:
    with pytest.raises((SourceError, MissingError)) as caught:
        list(camera(device, options).frames())
    assert device.is_closed
    return caught.value


def test_the_kernels_numbers_are_those_of_its_header() -> None:
    # Printed by a C program with linux/videodev2.h of Linux 6.1 on a 64-bit machine.
    assert [abi.QUERYCAP, abi.ENUM_FMT, abi.S_FMT, abi.S_PARM] == [0x80685600, 0xC0405602, 0xC0D05605, 0xC0CC5616]
    assert [abi.REQBUFS, abi.QUERYBUF, abi.QBUF, abi.DQBUF] == [0xC0145608, 0xC0585609, 0xC058560F, 0xC0585611]
    assert [abi.STREAMON, abi.STREAMOFF] == [0x40045612, 0x40045613]
    assert (abi.Buffer.seconds.offset, abi.Buffer.m.offset, abi.Buffer.length.offset) == (24, 64, 72)
    assert (abi.Format.fmt.offset, abi.StreamParm.numerator.offset) == (8, 12)


def test_raw_pictures_come_in_colour_at_the_drivers_time(fake_device, yuyv: bytes, picture: np.ndarray) -> None:
    device = fake_device([yuyv] * 5)
    with closing(camera(device).frames()) as frames:
        shown = [next(frames) for _ in range(3)]
        assert device.is_streaming
    assert (device.is_streaming, device.is_closed) == (False, True)
    assert all(isinstance(one, Frame) for one in shown)
    inside = np.s_[20:28, 26:38]
    assert np.abs(shown[0].pixels[inside].astype(int) - picture[inside]).max() <= 12
    assert [one.at_s for one in shown] == pytest.approx(device.captured_s, abs=1e-5)


def test_a_camera_is_asked_for_what_is_wished_and_else_for_what_it_is_set_to(fake_device, yuyv: bytes) -> None:
    device = fake_device([yuyv])
    next(iter(camera(device).frames()))
    assert device.wishes == [(64, 48, "MJPG"), (64, 48, "YUYV")]
    device = fake_device([yuyv])
    next(iter(camera(device, V4l2Options(width=1280, height=720, fps=15, pixel_format="YUYV")).frames()))
    assert device.wishes == [(1280, 720, "YUYV")]


def test_padded_rows_are_cut(fake_device, yuyv: bytes) -> None:
    plain, padded = fake_device([yuyv]), fake_device([])
    padded.padding = 32
    rows = np.frombuffer(yuyv, np.uint8).reshape(48, 128)
    padded.frames = [np.pad(rows, ((0, 0), (0, 32)), constant_values=255).tobytes()]
    first, second = (next(iter(camera(one).frames())) for one in (plain, padded))
    np.testing.assert_array_equal(first.pixels, second.pixels)


def test_compressed_pictures_are_decoded(fake_device, picture: np.ndarray) -> None:
    device = fake_device([cv2.imencode(".jpg", picture)[1].tobytes()], form="MJPG")
    shown = next(iter(camera(device).frames()))
    assert shown.pixels.shape == picture.shape


@pytest.mark.parametrize("data", [b"", b"\xff\xd8 broken", b"x" * 100])
@pytest.mark.parametrize("form", ["MJPG", "YUYV"])
def test_a_damaged_picture_is_a_failure_and_the_next_one_follows(
    fake_device, yuyv: bytes, picture: np.ndarray, form: str, data: bytes
) -> None:
    good = yuyv if form == "YUYV" else cv2.imencode(".jpg", picture)[1].tobytes()
    with closing(camera(fake_device([data, good], form=form)).frames()) as frames:
        assert [type(next(frames)) for _ in range(2)] == [Failure, Frame]


def test_a_picture_that_the_driver_calls_damaged_is_a_failure(fake_device, yuyv: bytes) -> None:
    device = fake_device([yuyv])
    device.flags |= abi.FLAG_ERROR
    assert isinstance(next(iter(camera(device).frames())), Failure)


def test_a_camera_that_gives_nothing_has_stalled(fake_device, yuyv: bytes) -> None:
    error = failure_of(fake_device([yuyv]))
    assert (error.reason, error.found) == ("stalled", "nothing for 0.05 s")


@pytest.mark.parametrize(
    ("request_", "number", "reason", "words"),
    [
        (abi.DQBUF, errno.ENODEV, "unplugged", "plug it in again"),
        (abi.S_FMT, errno.EBUSY, "busy", "fuser -v /dev/video0"),
        (abi.REQBUFS, errno.EBUSY, "busy", "fuser"),
        (abi.STREAMON, errno.ENOSPC, "busy", "another USB controller"),
        (abi.DQBUF, errno.EIO, "failed", "Input/output error"),
        (abi.QUERYCAP, errno.ENOTTY, "unsupported", "this is no camera"),
    ],
)
def test_what_the_driver_says_becomes_a_reason_and_what_to_do(
    fake_device, yuyv: bytes, request_: int, number: int, reason: str, words: str
) -> None:
    device = fake_device([yuyv])
    device.errors[request_] = number
    error = failure_of(device)
    assert error.reason == reason
    assert words in str(error)


def test_a_device_of_another_kind_is_refused_with_what_it_is(fake_device) -> None:
    device = fake_device([])
    device.capabilities = 0x2
    assert "captures no pictures" in str(failure_of(device))
    device = fake_device([])
    device.capabilities = abi.CAP_VIDEO_CAPTURE_MPLANE | abi.CAP_STREAMING
    assert "'gstreamer'" in str(failure_of(device))


def test_a_format_that_the_camera_does_not_offer_is_refused_with_those_that_it_does(fake_device, yuyv: bytes) -> None:
    error = failure_of(fake_device([yuyv]), V4l2Options(pixel_format="MJPG"))
    assert (error.reason, error.found) == ("unsupported", "it offers YUYV")


def test_without_a_device_file_the_camera_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no such camera") as caught:
        list(V4l2Camera(str(tmp_path / "video0"), V4l2Options(), stall_s=1.0).frames())
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_a_real_device_that_is_no_camera_is_told_so(path: str) -> None:
    with pytest.raises(SourceError, match="this is no camera"):
        list(V4l2Camera(path, V4l2Options(), stall_s=1.0).frames())


def test_a_device_that_may_not_be_opened_says_which_group_to_join() -> None:
    def refuse(path: str):
        raise PermissionError(errno.EACCES, "Permission denied")

    with pytest.raises(SourceError) as caught:
        list(V4l2Camera("/dev/video0", V4l2Options(), stall_s=1.0, open_device=refuse).frames())
    assert (caught.value.reason, "group 'video'" in (caught.value.todo or "")) == ("forbidden", True)

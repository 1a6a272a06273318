"""What every camera keeps, whatever is behind it; network cameras are held to it in the integration tests."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pytest

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.program import gstreamer_camera, pi_camera
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions
from skerry_edge.vision.cameras.v4l2 import V4l2Camera, V4l2Options
from skerry_edge.vision.frames import Frame, Source


@pytest.fixture(params=["v4l2 (a device in memory)", "gstreamer", "rpicam (a stand-in)"])
def camera(request: pytest.FixtureRequest, fake_device, yuyv: bytes) -> Source:
    """Each camera; it gives some pictures and then ends."""
    if request.param == "gstreamer":
        request.getfixturevalue("need_program")("gst-launch-1.0")
        pipeline = "videotestsrc num-buffers=5 ! video/x-raw,width=64,height=48"
        return gstreamer_camera(GStreamerOptions(pipeline=pipeline, width=64, height=48), stall_s=20.0)
    if request.param.startswith("rpicam"):
        install: Callable[[str], object] = request.getfixturevalue("rpicam")
        install("unplugged")
        return pi_camera(PiCameraOptions(), stall_s=20.0)
    return V4l2Camera("/dev/video0", V4l2Options(), stall_s=0.05, open_device=lambda _: fake_device([yuyv] * 5))


def test_it_gives_colour_pictures_with_their_times_and_then_says_why_no_more_come(camera: Source) -> None:
    shown: list[Frame] = []
    with pytest.raises((SourceError, MissingError)) as caught:
        shown.extend(item for item in camera.frames() if isinstance(item, Frame))
    assert caught.value.where == shown[0].source
    for one in shown:
        assert (one.pixels.dtype, one.pixels.shape) == (np.uint8, (48, 64, 3))
        assert one.at_s is not None
        assert 0 <= time.monotonic() - one.at_s < 60
    assert [one.index for one in shown] == list(range(len(shown)))
    times = [one.time_s for one in shown]
    assert times == sorted(times)


def test_nothing_is_touched_before_its_frames_are_asked_for(camera: Source) -> None:
    camera.close()
    frames = camera.frames()
    camera.close()
    with closing(frames):  # type: ignore[type-var]  # a generator
        assert next(frames)


def test_it_can_be_left_in_the_middle_and_opened_again(camera: Source) -> None:
    for _ in range(2):
        with closing(camera.frames()) as frames:  # type: ignore[type-var]  # a generator
            first = next(frames)
        assert isinstance(first, Frame)
        assert first.index == 0

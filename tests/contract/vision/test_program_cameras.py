"""Cameras behind programs: the real gst-launch-1.0, and a stand-in for rpicam-vid."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from skerry_edge.foundation.errors import MissingError
from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.program import ProgramCamera, gstreamer_camera, pi_camera
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions
from skerry_edge.vision.frames import Frame

TEST_PICTURES = "videotestsrc is-live=true pattern={pattern} ! video/x-raw,width=640,height=480,framerate=20/1"


def gstreamer(pipeline: str, *, stall_s: float = 20.0) -> ProgramCamera:
    return gstreamer_camera(GStreamerOptions(pipeline=pipeline, width=320, height=240), stall_s=stall_s)


def failure_of(camera: ProgramCamera) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list(camera.frames())
    return caught.value


def is_gone(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def test_gstreamers_pictures_come_scaled_and_in_their_colours(need_program: Callable[[str], str]) -> None:
    need_program("gst-launch-1.0")
    with closing(gstreamer(TEST_PICTURES.format(pattern="red")).frames()) as frames:
        shown = [next(frames) for _ in range(3)]
    assert all(isinstance(one, Frame) for one in shown)
    assert {one.pixels.shape for one in shown} == {(240, 320, 3)}
    assert np.abs(shown[0].pixels.astype(int) - (0, 0, 255)).max() <= 3
    assert [one.index for one in shown] == [0, 1, 2]
    assert shown[0].at_s < shown[2].at_s


def test_a_pipeline_that_ends_or_does_not_begin_has_gstreamers_reason(
    need_program: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    need_program("gst-launch-1.0")
    ended = failure_of(gstreamer("videotestsrc num-buffers=3"))
    assert (ended.reason, ended.what) == ("ended", "the camera stopped")
    with caplog.at_level(logging.INFO):
        wrong = failure_of(gstreamer("nosuchsrc"))
    assert wrong.reason == "failed"
    assert "gst-launch-1.0: " in caplog.text
    assert 'no element "nosuchsrc"' in caplog.text


def test_a_camera_that_is_not_there_is_absent(need_program: Callable[[str], str]) -> None:
    need_program("gst-launch-1.0")
    error = failure_of(gstreamer("v4l2src device=/dev/video-nowhere"))
    assert error.reason == "absent"


def test_a_pipeline_without_pictures_has_stalled(need_program: Callable[[str], str]) -> None:
    need_program("gst-launch-1.0")
    error = failure_of(gstreamer("videotestsrc is-live=true ! valve drop=true", stall_s=1.0))
    assert (error.reason, "nothing for 1 s" in (error.found or "")) == ("stalled", True)


def test_what_a_pipeline_prints_does_not_get_into_its_pictures(need_program: Callable[[str], str]) -> None:
    need_program("gst-launch-1.0")
    chatty = f"{TEST_PICTURES.format(pattern='red')} ! identity silent=false dump=true"
    with closing(gstreamer(chatty).frames()) as frames:
        shown = [next(frames) for _ in range(2)]
    assert all(np.abs(one.pixels.astype(int) - (0, 0, 255)).max() <= 3 for one in shown)


def test_a_program_that_is_not_installed_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for camera, package in (
        (gstreamer("videotestsrc"), "gstreamer1.0-tools"),
        (pi_camera(PiCameraOptions(), stall_s=1.0), "rpicam-apps"),
    ):
        with pytest.raises(MissingError) as caught:
            list(camera.frames())
        assert package in (caught.value.todo or "")


def test_a_raspberry_pis_pictures_come_one_after_the_other(
    rpicam: Callable[[str], Path], picture: np.ndarray, caplog: pytest.LogCaptureFixture
) -> None:
    pid_file = rpicam("runs")
    with caplog.at_level(logging.INFO), closing(pi_camera(PiCameraOptions(), stall_s=20.0).frames()) as frames:
        shown = [next(frames) for _ in range(5)]
    assert {one.pixels.shape for one in shown} == {picture.shape}
    assert {one.source for one in shown} == {"rpicam:0"}
    assert "rpicam-vid: [0:01:02.345] INFO" in caplog.text
    assert is_gone(pid_file)


@pytest.mark.parametrize(
    ("mode", "reason", "words"),
    [
        ("absent", "absent", "check its cable"),
        ("busy", "busy", "end the other program"),
        ("unplugged", "ended", "Device timeout detected"),
        ("stall", "stalled", "nothing for 1 s from 'rpicam-vid'"),
    ],
)
def test_what_rpicam_says_becomes_a_reason(rpicam: Callable[[str], Path], mode: str, reason: str, words: str) -> None:
    pid_file = rpicam(mode)
    error = failure_of(pi_camera(PiCameraOptions(), stall_s=1.0))
    assert (error.reason, words in str(error)) == (reason, True)
    assert is_gone(pid_file)


def test_a_camera_can_be_opened_again(rpicam: Callable[[str], Path]) -> None:
    rpicam("unplugged")
    camera = pi_camera(PiCameraOptions(), stall_s=20.0)
    assert [failure_of(camera).reason for _ in range(2)] == ["ended", "ended"]


def test_the_program_ends_with_who_started_it_however_that_ends(
    rpicam: Callable[[str], Path], eventually: Callable[..., None]
) -> None:
    pid_file = rpicam("stall")
    script = (
        "import time; from skerry_edge.vision.cameras.program import pi_camera; "
        "from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions; "
        "frames = pi_camera(PiCameraOptions(), stall_s=60).frames(); next(frames); print('there', flush=True); "
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "there\n"
    process.kill()
    process.communicate()
    eventually(lambda: is_gone(pid_file), what="the end of the camera's program")

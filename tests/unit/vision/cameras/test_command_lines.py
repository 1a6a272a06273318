"""What programs are asked for, and what is never put on a command line."""

from __future__ import annotations

import pytest

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.cameras import gstreamer, raspberry_pi
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions

CSI = "nvarguscamerasrc sensor-id=0 ! video/x-raw(memory:NVMM),width=1280 ! nvvidconv"


def test_rpicam_vid_writes_pictures_without_end_to_its_standard_output() -> None:
    line = raspberry_pi.command_line(PiCameraOptions(camera=1, width=640, height=480, fps=7.5))
    assert line[0] == "rpicam-vid"
    assert "--camera 1 --width 640 --height 480 --framerate 7.5 --codec mjpeg --output -" in " ".join(line)
    assert "--timeout 0" in " ".join(line)


def test_raw_pictures_of_a_width_that_is_padded_are_refused() -> None:
    assert raspberry_pi.command_line(PiCameraOptions(codec="yuv420", width=1280))
    with pytest.raises(ConfigError, match="padded") as caught:
        raspberry_pi.command_line(PiCameraOptions(codec="yuv420", width=1000))
    assert "multiple of 64" in (caught.value.todo or "")


def test_a_pipeline_is_completed_to_raw_pictures_on_a_descriptor_of_their_own() -> None:
    line = gstreamer.command_line(GStreamerOptions(pipeline=CSI, width=640, height=480))
    assert line[:3] == ("gst-launch-1.0", "-q", "nvarguscamerasrc")
    assert "video/x-raw(memory:NVMM),width=1280" in line
    assert "format=I420,width=640,height=480" in line[-5]
    assert line[-3:] == ("fdsink", "fd={descriptor}", "sync=false")


def test_quotes_hold_words_together() -> None:
    line = gstreamer.command_line(GStreamerOptions(pipeline='filesrc location="/my videos/a.mp4" ! decodebin'))
    assert "location=/my videos/a.mp4" in line


@pytest.mark.parametrize(
    ("pipeline", "words"),
    [
        ("rtspsrc location=rtsp://joe:secret@10.0.0.1/x ! decodebin", "list of processes"),
        ("rtspsrc location=rtsp://10.0.0.1/x user-id=joe user-pw=secret ! decodebin", "list of processes"),
        ("--gst-plugin-load=/tmp/evil.so videotestsrc", "joined by '!'"),
        ("videotestsrc -e", "joined by '!'"),
        ("   ", "joined by '!'"),
        ('videotestsrc pattern="ball', "quotes"),
    ],
)
def test_a_pipeline_that_is_none_or_holds_a_secret_is_refused_without_repeating_it(pipeline: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        gstreamer.command_line(GStreamerOptions(pipeline=pipeline))
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)

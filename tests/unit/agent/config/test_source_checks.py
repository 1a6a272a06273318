"""Sources in the configuration: what is refused when it is read, and what keeps one from being read here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.agent.cli import EXAMPLE
from skerry_edge.agent.config.agent import AgentConfig
from skerry_edge.agent.config.checks import load_config
from skerry_edge.agent.config.source_checks import source_trouble
from skerry_edge.agent.config.sources import (
    GStreamerSource,
    MicrophoneSource,
    PiCameraSource,
    RtspSource,
    StdinSource,
    V4l2Source,
)
from skerry_edge.foundation.errors import ConfigError

HEAD = """\
site = "garden"
device = "cam-1"
board = "generic-x86"
mqtt = { url = "mqtt://127.0.0.1:1883" }

[[pipelines]]
kind = "detection"
name = "gate"
model = "skerry-signs"

[pipelines.source]
"""

Load = Callable[[str], AgentConfig]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function that reads a configuration whose last table is the source."""

    def read(source: str) -> AgentConfig:
        (tmp_path / "agent.toml").write_text(HEAD + source)
        return load_config(tmp_path / "agent.toml")

    return read


def refusal(load: Load, source: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(source)
    return caught.value


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ('kind = "v4l2"', V4l2Source),
        ('kind = "v4l2"\nwidth = 1280\nheight = 720\nfps = 15\npixel_format = "YUYV"\nmax_fps = 5', V4l2Source),
        ('kind = "rpicam"\ncamera = 1\ncodec = "yuv420"', PiCameraSource),
        ('kind = "gstreamer"\npipeline = "videotestsrc ! video/x-raw(memory:NVMM),width=64"', GStreamerSource),
        ('kind = "rtsp"\nurl = "rtsp://joe:x@cam/1"\ntransport = "udp"\nstall_s = 3\nfrozen_s = 0', RtspSource),
    ],
)
def test_every_camera_can_be_configured(load: Load, source: str, kind: type) -> None:
    assert isinstance(load(source).pipelines[0].source, kind)


def test_paths_are_taken_from_the_files_own_folder_and_devices_stay(load: Load, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("hunter2\n")
    rtsp = load('kind = "rtsp"\nurl = "rtsp://cam"\npassword_file = "word"').pipelines[0].source
    assert rtsp.password_file == str(tmp_path / "word")
    assert load('kind = "v4l2"\ndevice = "/dev/video2"').pipelines[0].source.device == "/dev/video2"


def test_the_examples_cameras_are_valid_when_they_are_uncommented(load: Load, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2")
    _, *cameras = EXAMPLE.read_text(encoding="utf-8").split("\n# [pipelines.source]\n")
    kinds = []
    for camera in cameras:
        commented = [line[2:] for line in camera.partition("\n\n")[0].splitlines()]
        text = "\n".join(commented).replace("/etc/skerry/gate-camera-password", "password")
        kinds.append(type(load(text).pipelines[0].source))
    assert kinds == [V4l2Source, PiCameraSource, GStreamerSource, RtspSource]


@pytest.mark.parametrize(
    ("source", "key", "words"),
    [
        ('kind = "rtsp"\nurl = "http://joe:hunter2@cam"', "url", "rtsp://HOST"),
        ('kind = "rtsp"\nurl = "rtsp://joe:hunter2@"', "url", "no address"),
        ('kind = "rtsp"\nurl = "rtsp://cam"\npassword_file = "nowhere"', "password_file", "cannot read"),
        ('kind = "gstreamer"\npipeline = "rtspsrc location=rtsp://joe:hunter2@cam"', "pipeline", "list of processes"),
        ('kind = "gstreamer"\npipeline = "videotestsrc -v"', "pipeline", "joined by '!'"),
        ('kind = "gstreamer"\npipeline = "videotestsrc"\nwidth = 641', "width", "multiple of 8"),
        ('kind = "rpicam"\ncodec = "yuv420"\nwidth = 1000', "width", "multiple of 64"),
        ('kind = "rpicam"\ncodec = "h264"', "codec", "h264"),
        ('kind = "v4l2"\npixel_format = "NV12"', "pixel_format", "NV12"),
        ('kind = "v4l2"\nstall_s = 0', "stall_s", "> 0"),
        ('kind = "v4l2"\npath = "/dev/video0"', "path", "valid keys here"),
        ('kind = "webcam"', "kind", "'kind' is one of: gstreamer, images, rpicam, rtsp, v4l2, video"),
        ('kind = "mic"', "kind", "'kind' is one of: gstreamer, images, rpicam, rtsp, v4l2, video"),
        ('kind = "rtps"', "kind", "did you mean 'rtsp'"),
        ('path = "a.mp4"', "source", "'kind' is one of: gstreamer"),
    ],
)
def test_what_is_wrong_with_a_source_is_named_with_its_key(load: Load, source: str, key: str, words: str) -> None:
    error = refusal(load, source)
    assert words in str(error)
    assert f"{key}'" in (error.where or "")
    assert "line " in (error.where or "")
    assert "hunter2" not in str(error)


def test_what_is_not_on_this_machine_is_told_without_opening_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "/dev/video77" in (source_trouble(V4l2Source(device="/dev/video77")) or "")
    assert "rpicam-apps" in (source_trouble(PiCameraSource()) or "")
    assert "gstreamer1.0-tools" in (source_trouble(GStreamerSource(pipeline="videotestsrc")) or "")
    assert "alsa-utils" in (source_trouble(MicrophoneSource()) or "")
    assert source_trouble(RtspSource(url="rtsp://cam")) is None
    assert source_trouble(StdinSource()) is None
    assert source_trouble(V4l2Source(device=str(tmp_path))) is None

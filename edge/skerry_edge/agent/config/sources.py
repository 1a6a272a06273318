"""Where a pipeline's pictures or sound come from."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from skerry_edge.agent.config.parts import FileText, Part, Rate, Seconds, Wait

Policy = Literal["live", "file"]
"""``live`` keeps the newest frame and counts what it drops; ``file`` processes every frame."""
Width = Annotated[int, Meta(ge=16, le=16384)]
Height = Annotated[int, Meta(ge=16, le=16384)]
EvenWidth = Annotated[int, Meta(ge=16, le=16384, multiple_of=8)]
EvenHeight = Annotated[int, Meta(ge=16, le=16384, multiple_of=2)]
VariableName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=128)]


class ImagesSource(Part, frozen=True, kw_only=True, tag="images", tag_field="kind"):
    """One picture or a folder of pictures in the order of their names, none left out; ``max_fps`` paces them."""

    path: FileText
    policy: Literal["file"] = "file"
    loop: bool = False
    max_fps: Rate | None = None


class VideoSource(Part, frozen=True, kw_only=True, tag="video", tag_field="kind"):
    """A video file; played ``live`` it runs at its own pace, and ``max_fps`` thins what is looked at."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False
    max_fps: Rate | None = None


class CameraSource(Part, frozen=True, kw_only=True):
    """What all cameras have; they are read `live`, and opened again whenever they fail.

    ``max_fps`` thins what is looked at. A camera that gives no picture for ``stall_s`` has failed; one that repeats a
    picture for ``frozen_s`` is reported (0: never), and still looked at.
    """

    max_fps: Rate | None = None
    stall_s: Seconds = 10.0
    frozen_s: Wait = 60.0


class V4l2Source(CameraSource, frozen=True, kw_only=True, tag="v4l2", tag_field="kind"):
    """A USB webcam, or another capture device of the kernel; what is not given is the camera's choice.

    ``device`` is its file; the names below `/dev/v4l/by-id/` stay with a camera whatever it is plugged into.
    """

    device: FileText = "/dev/video0"
    width: Width | None = None
    height: Height | None = None
    fps: Rate | None = None
    pixel_format: Literal["MJPG", "YUYV"] | None = None


class PiCameraSource(CameraSource, frozen=True, kw_only=True, tag="rpicam", tag_field="kind"):
    """A Raspberry Pi's camera; ``camera`` is its number in `rpicam-vid --list-cameras`.

    ``codec`` yuv420 has no losses and takes more of the processor's memory bus; 64 must divide its width.
    """

    camera: Annotated[int, Meta(ge=0, le=7)] = 0
    width: EvenWidth = 1280
    height: EvenHeight = 720
    fps: Rate = 15.0
    codec: Literal["mjpeg", "yuv420"] = "mjpeg"


class GStreamerSource(CameraSource, frozen=True, kw_only=True, tag="gstreamer", tag_field="kind"):
    """A GStreamer pipeline from its source to raw video, which is scaled to ``width`` and ``height`` (pixels)."""

    pipeline: Annotated[str, Meta(min_length=1, max_length=4096)]
    width: EvenWidth = 1280
    height: EvenHeight = 720


class RtspSource(CameraSource, frozen=True, kw_only=True, tag="rtsp", tag_field="kind"):
    """A network camera: an address that begins with rtsp://.

    The password is in ``password_file``, in the environment variable that ``password_env`` names or, least well, in
    ``url``. A name in ``username`` goes before one in ``url``.
    """

    url: Annotated[str, Meta(min_length=1, max_length=2048)]
    username: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    password_file: FileText | None = None
    password_env: VariableName = "SKERRY_RTSP_PASSWORD"  # noqa: S105  # a variable's name
    transport: Literal["tcp", "udp"] = "tcp"
    open_timeout_s: Seconds = 10.0


class AudioFileSource(Part, frozen=True, kw_only=True, tag="audio-file", tag_field="kind"):
    """A recording; played ``live`` it runs at the pace at which it was spoken."""

    path: FileText
    policy: Policy = "live"
    loop: bool = False


class MicrophoneSource(Part, frozen=True, kw_only=True, tag="mic", tag_field="kind"):
    """An ALSA microphone, which is opened again whenever it fails; ``device`` is ALSA's own name for it.

    It is asked for ``rate_hz``; sound at another rate is resampled. One that gives no sound for ``stall_s`` has failed;
    one whose samples lie within ``silent_level`` of their middle (in steps of 16 bits) for ``silent_s`` is reported as
    silent (0: never).
    """

    device: FileText = "default"
    rate_hz: Annotated[int, Meta(ge=8_000, le=384_000)] = 16_000
    stall_s: Seconds = 10.0
    silent_s: Wait = 30.0
    silent_level: Annotated[int, Meta(ge=0, le=32_767)] = 2


class StdinSource(Part, frozen=True, kw_only=True, tag="stdin", tag_field="kind"):
    """Raw 16-bit little-endian mono PCM at 16 kHz on the agent's own standard input.

    ``stall_s``, ``silent_s`` and ``silent_level`` as of a microphone; a writer that comes back is heard again.
    """

    stall_s: Seconds = 10.0
    silent_s: Wait = 30.0
    silent_level: Annotated[int, Meta(ge=0, le=32_767)] = 2


FileVisionSource = ImagesSource | VideoSource
LiveVisionSource = V4l2Source | PiCameraSource | GStreamerSource | RtspSource
VisionSource = FileVisionSource | LiveVisionSource
LiveSoundSource = MicrophoneSource | StdinSource
SoundSource = AudioFileSource | LiveSoundSource

"""The camera that a name on the command line means."""

from __future__ import annotations

import os
import re
import stat

from skerry_edge.foundation.errors import ConfigError
from skerry_edge.foundation.redaction import redact
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.program import gstreamer_camera, pi_camera
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions
from skerry_edge.vision.cameras.rtsp import RtspCamera, RtspOptions
from skerry_edge.vision.cameras.rtsp_address import PASSWORD_ENV, SCHEME, TLS_SCHEME, parse_rtsp_url, shown
from skerry_edge.vision.cameras.v4l2 import V4l2Camera, V4l2Options
from skerry_edge.vision.frames import Source

_PI_CAMERA = re.compile(r"rpicam(?::(?P<number>[0-7]))?")
_GSTREAMER = "gstreamer:"
_VIDEO_DEVICE = "/dev/video"


def open_named_camera(name: str, *, stall_s: float) -> Source | None:
    """Return the camera that ``name`` means, or None where it means none; nothing is touched before it is read.

    `rtsp://…` is a network camera, whose password may also be in the environment variable SKERRY_RTSP_PASSWORD;
    `/dev/video…` and every other character device one of the kernel; `rpicam` or `rpicam:NUMBER` one of a Raspberry
    Pi; `gstreamer:PIPELINE` one behind GStreamer. Raises ConfigError for an address or a pipeline that is none.
    """
    if name.startswith((SCHEME, TLS_SCHEME)):
        address = parse_rtsp_url(name, password=os.environ.get(PASSWORD_ENV))
        return RtspCamera(address, RtspOptions(), stall_s=stall_s)
    if name.startswith(_GSTREAMER):
        return gstreamer_camera(GStreamerOptions(pipeline=name.removeprefix(_GSTREAMER)), stall_s=stall_s)
    pi = _PI_CAMERA.fullmatch(name)
    if pi is not None:
        return pi_camera(PiCameraOptions(camera=int(pi["number"] or 0)), stall_s=stall_s)
    if name.startswith("rpicam:"):
        raise ConfigError(
            "there is no such camera", where=name, todo="see their numbers with: rpicam-vid --list-cameras"
        )
    if name.startswith(_VIDEO_DEVICE) or _is_device(name):
        return V4l2Camera(name, V4l2Options(), stall_s=stall_s)
    return None


def shown_name(name: str) -> str:
    """Return a source's name without what an address may hold of a login."""
    return shown(name) if name.startswith((SCHEME, TLS_SCHEME)) else redact(name)


def names_camera(name: str) -> bool:
    """Tell whether ``name`` means a camera, though it may be one that there is not."""
    try:
        return open_named_camera(name, stall_s=1.0) is not None
    except ConfigError:
        return True


def _is_device(name: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(name).st_mode)  # noqa: PTH116  # Path.stat() raises for a name that holds a null byte
    except (OSError, ValueError):
        return False  # whoever opens it as a file says what is wrong with it

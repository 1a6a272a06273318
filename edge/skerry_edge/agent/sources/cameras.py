"""The camera that a configuration describes."""

from __future__ import annotations

import os
from pathlib import Path

from skerry_edge.agent.config.source_checks import gstreamer_options, pi_camera_options
from skerry_edge.agent.config.sources import LiveVisionSource, PiCameraSource, RtspSource, V4l2Source
from skerry_edge.foundation.secret_file import read_secret
from skerry_edge.vision.cameras.program import gstreamer_camera, pi_camera
from skerry_edge.vision.cameras.rtsp import RtspCamera, RtspOptions
from skerry_edge.vision.cameras.rtsp_address import RtspAddress, parse_rtsp_url
from skerry_edge.vision.cameras.v4l2 import V4l2Camera, V4l2Options
from skerry_edge.vision.frames import Source


def open_camera(source: LiveVisionSource) -> Source:
    """Return the camera; it is touched only when its frames are asked for.

    Raises ConfigError and ReachError where its address, password or pipeline cannot be had.
    """
    if isinstance(source, V4l2Source):
        return V4l2Camera(source.device, _v4l2_options(source), stall_s=source.stall_s)
    if isinstance(source, RtspSource):
        options = RtspOptions(transport=source.transport, open_timeout_s=source.open_timeout_s)
        return RtspCamera(address_of(source), options, stall_s=source.stall_s)
    if isinstance(source, PiCameraSource):
        return pi_camera(pi_camera_options(source), stall_s=source.stall_s)
    return gstreamer_camera(gstreamer_options(source), stall_s=source.stall_s)


def address_of(source: RtspSource) -> RtspAddress:
    """Return the address with its login.

    Raises ConfigError for a URL that is none and for a password's file that holds none, ReachError where that cannot
    be read.
    """
    if source.password_file is not None:
        password: str | None = read_secret(Path(source.password_file))
    else:
        password = os.environ.get(source.password_env)
    return parse_rtsp_url(source.url, username=source.username, password=password)


def _v4l2_options(source: V4l2Source) -> V4l2Options:
    return V4l2Options(width=source.width, height=source.height, fps=source.fps, pixel_format=source.pixel_format)

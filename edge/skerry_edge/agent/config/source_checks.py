"""What of a source's configuration can be told before it is opened."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace

from skerry_edge.agent.config.sources import (
    AudioFileSource,
    GStreamerSource,
    ImagesSource,
    MicrophoneSource,
    PiCameraSource,
    RtspSource,
    SoundSource,
    V4l2Source,
    VideoSource,
    VisionSource,
)
from skerry_edge.audio import arecord
from skerry_edge.foundation.errors import ConfigError, ReachError, SkerryError
from skerry_edge.foundation.secret_file import read_secret
from skerry_edge.vision.cameras import gstreamer, raspberry_pi
from skerry_edge.vision.cameras.gstreamer import GStreamerOptions
from skerry_edge.vision.cameras.raspberry_pi import PiCameraOptions
from skerry_edge.vision.cameras.rtsp_address import parse_rtsp_url

AnySource = TypeVar("AnySource", bound=VisionSource | SoundSource)


def anchored_source(source: AnySource, folder: Path) -> AnySource:
    """Return the source with its relative path taken from ``folder``."""
    if isinstance(source, AudioFileSource | ImagesSource | VideoSource):
        return replace(source, path=str(folder / source.path))
    if isinstance(source, V4l2Source):
        return replace(source, device=str(folder / source.device))
    if isinstance(source, RtspSource) and source.password_file is not None:
        return replace(source, password_file=str(folder / source.password_file))
    return source


def source_problem(source: VisionSource | SoundSource) -> tuple[str, SkerryError] | None:
    """Return what is wrong with a source's configuration, and the key that it concerns."""
    key = "kind"
    try:
        if isinstance(source, RtspSource):
            key = "url"
            parse_rtsp_url(source.url)
            key = "password_file"
            if source.password_file is not None:
                read_secret(Path(source.password_file))
        elif isinstance(source, GStreamerSource):
            key = "pipeline"
            gstreamer.command_line(gstreamer_options(source))
        elif isinstance(source, PiCameraSource):
            key = "width"
            raspberry_pi.command_line(pi_camera_options(source))
    except (ConfigError, ReachError) as error:
        return key, error
    return None


def source_trouble(source: VisionSource | SoundSource) -> str | None:
    """Return what keeps a source from being read on this machine, as far as that shows without opening it."""
    file = file_of(source)
    if file is not None and not Path(file).exists():
        return f"the source is not there; found '{file}'"
    program, install = _program_of(source)
    if program is not None and shutil.which(program) is None:
        return f"the program '{program}' is not installed; {install}"
    return None


def file_of(source: VisionSource | SoundSource) -> str | None:
    """Return the file, folder or device that a source is read from, None where it is none."""
    if isinstance(source, AudioFileSource | ImagesSource | VideoSource):
        return source.path
    return source.device if isinstance(source, V4l2Source) else None


def _program_of(source: VisionSource | SoundSource) -> tuple[str | None, str]:
    """Return the program that a source is read through, and how to install it."""
    if isinstance(source, PiCameraSource):
        return raspberry_pi.program_here(), raspberry_pi.INSTALL
    if isinstance(source, GStreamerSource):
        return gstreamer.PROGRAM, gstreamer.INSTALL
    if isinstance(source, MicrophoneSource):
        return arecord.PROGRAM, arecord.INSTALL
    return None, ""


def pi_camera_options(source: PiCameraSource) -> PiCameraOptions:
    """Return what `rpicam-vid` is asked for."""
    return PiCameraOptions(
        camera=source.camera, width=source.width, height=source.height, fps=source.fps, codec=source.codec
    )


def gstreamer_options(source: GStreamerSource) -> GStreamerOptions:
    """Return what `gst-launch-1.0` is asked for."""
    return GStreamerOptions(pipeline=source.pipeline, width=source.width, height=source.height)

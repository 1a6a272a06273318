"""How `rpicam-vid` of the rpicam-apps is asked for the pictures of a Raspberry Pi's own camera."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from skerry_edge.foundation.errors import ConfigError

PROGRAM = "rpicam-vid"
OLD_PROGRAM = "libcamera-vid"
"""Its name before Raspberry Pi OS of October 2023."""
INSTALL = "on a Raspberry Pi: apt install rpicam-apps-lite"
RAW_WIDTH_STEP = 64
"""Raw rows are padded to a multiple of 64 bytes on every Pi; such a width needs no padding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PiCameraOptions:
    """Which of the cameras of `rpicam-vid --list-cameras`, and what it is asked for; sizes in pixels.

    ``codec`` is ``mjpeg``, which any size goes with, or ``yuv420``: no losses, and 64 divides the width.
    """

    camera: int = 0
    width: int = 1280
    height: int = 720
    fps: float = 15.0
    codec: Literal["mjpeg", "yuv420"] = "mjpeg"


def program_here() -> str:
    """Return the one of the two programs that is installed; the new one where neither is."""
    return OLD_PROGRAM if shutil.which(PROGRAM) is None and shutil.which(OLD_PROGRAM) is not None else PROGRAM


def command_line(options: PiCameraOptions, program: str = PROGRAM) -> tuple[str, ...]:
    """Return the command line: pictures without end on standard output, each as soon as it is there.

    Raises ConfigError for raw pictures of a width that would be padded.
    """
    if options.codec == "yuv420" and options.width % RAW_WIDTH_STEP:
        todo = f"take a multiple of {RAW_WIDTH_STEP}, or the codec 'mjpeg'"
        raise ConfigError("raw pictures of this width come with padded rows", found=f"{options.width}", todo=todo)
    return (
        program,
        *("--nopreview", "--timeout", "0", "--flush"),
        *("--camera", str(options.camera)),
        *("--width", str(options.width), "--height", str(options.height), "--framerate", f"{options.fps:g}"),
        *("--codec", options.codec, "--output", "-"),
    )

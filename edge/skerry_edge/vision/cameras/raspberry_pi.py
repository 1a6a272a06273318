"""The Raspberry Pi's own cameras, through `rpicam-vid` of the rpicam-apps."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Literal

from skerry_edge.vision.cameras.cutting import I420Cutter, JpegCutter
from skerry_edge.vision.cameras.program import PictureProgram

PROGRAM = "rpicam-vid"
OLD_PROGRAM = "libcamera-vid"
"""Its name before Raspberry Pi OS of October 2023."""
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


def picture_program(options: PiCameraOptions) -> PictureProgram:
    """Return how to call whichever of the two programs there is."""
    program = OLD_PROGRAM if shutil.which(PROGRAM) is None and shutil.which(OLD_PROGRAM) is not None else PROGRAM
    is_raw = options.codec == "yuv420"
    return PictureProgram(
        command=command_line(options, program),
        cutter=(lambda: I420Cutter(width=options.width, height=options.height)) if is_raw else JpegCutter,
        install="on a Raspberry Pi: apt install rpicam-apps-lite",
    )


def command_line(options: PiCameraOptions, program: str = PROGRAM) -> tuple[str, ...]:
    """Return the command line: pictures without end on standard output, each as soon as it is there."""
    return (
        program,
        *("--nopreview", "--timeout", "0", "--flush"),
        *("--camera", str(options.camera)),
        *("--width", str(options.width), "--height", str(options.height), "--framerate", f"{options.fps:g}"),
        *("--codec", options.codec, "--output", "-"),
    )

"""OpenCV kept from talking where errors say it already."""

from __future__ import annotations

import os


def quieten_opencv() -> None:
    """Keep OpenCV and its decoders from writing to stderr; to be called before OpenCV is imported."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

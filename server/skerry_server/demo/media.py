"""The demo's recording, and the check of a file that somebody brings."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import cv2

from skerry_edge.foundation.errors import DataError, MissingError
from skerry_edge.foundation.extras import install_hint


def bundled_audio() -> Path:
    """Return the clip in which a synthetic voice says "Alexa"."""
    return Path(str(files("skerry_server.demo") / "data" / "alexa.wav"))


def check_video(path: Path) -> None:
    """Raise DataError unless a first picture can be read from ``path``."""
    capture = cv2.VideoCapture(str(path))
    is_read, _ = capture.read()
    capture.release()
    if not is_read:
        raise DataError("this is no video that can be read", where=str(path))


def check_audio(path: Path) -> None:
    """Raise DataError unless ``path`` is a recording, and MissingError without the package that reads it."""
    try:
        import soundfile  # noqa: PLC0415  # from the extra `wakeword`
    except ImportError as error:
        raise MissingError("reading audio needs the package 'soundfile'", todo=install_hint("demo")) from error
    try:
        soundfile.info(str(path))
    except (RuntimeError, OSError) as error:
        raise DataError("this is no audio that can be read", where=str(path), found=str(error)) from error

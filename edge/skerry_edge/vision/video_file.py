"""A video that is written aside and takes its name only when it is whole, since OpenCV reports no failed write."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import cv2

from skerry_edge.foundation.atomic import publish
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.images import Pixels

VIDEO_SUFFIX = ".mp4"
_FOURCC = "mp4v"
"""MPEG-4 part 2, the codec for MP4 that every OpenCV wheel can write."""
_TODO = "check space and permissions"


class VideoFile:
    """An MP4 in the making; ``size`` is its width and height in pixels. Raises ReachError where it cannot begin."""

    def __init__(self, path: Path, *, rate_hz: float, size: tuple[int, int]) -> None:
        self._path = path
        self._frames = 0
        self._aside = _beside(path)
        fourcc = cv2.VideoWriter.fourcc(*_FOURCC)
        # The absolute path, since FFmpeg takes a relative name with a colon for an address.
        try:
            self._writer = cv2.VideoWriter(str(self._aside.absolute()), cv2.CAP_FFMPEG, fourcc, rate_hz, size)
        except BaseException:
            # Ctrl-C while FFmpeg opens: nobody has this object yet, to discard it.
            self._aside.unlink(missing_ok=True)
            raise
        if not self._writer.isOpened():
            self._aside.unlink(missing_ok=True)
            raise ReachError("cannot write the video", where=str(path), todo=_TODO)

    def add(self, pixels: Pixels) -> None:
        """Append a frame."""
        self._writer.write(pixels)
        self._frames += 1

    def discard(self) -> None:
        """Leave no file, where what the video is of did not come to its end."""
        self._writer.release()
        self._aside.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the video its name. Raises ReachError, and leaves no file, where not every frame arrived on the disk."""
        self._writer.release()
        try:
            kept = _readable_frames(self._aside)
            if kept != self._frames:
                found = f"{kept} of {self._frames} frames"
                raise ReachError("the video could not be written whole", where=str(self._path), found=found, todo=_TODO)
            publish(self._aside, self._path)
        except OSError as error:
            raise ReachError(
                "cannot write the video", where=str(self._path), found=error.strerror, todo=_TODO
            ) from error
        finally:
            self._aside.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    """Make an empty file beside ``path``; FFmpeg takes the format from its suffix."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
    except OSError as error:
        raise ReachError("cannot write the video", where=str(path), found=error.strerror, todo=_TODO) from error
    os.close(handle)
    return Path(name)


def _readable_frames(path: Path) -> int:
    """Return how many frames of ``path`` decode; 0 where it does not open."""
    capture = cv2.VideoCapture(str(path.absolute()), cv2.CAP_FFMPEG)
    frames = 0
    while capture.grab():
        frames += 1
    capture.release()
    return frames

"""Pictures and videos with their boxes drawn, written into one folder."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import cv2

from skerry_edge.foundation.atomic import write_atomic
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.images import Pixels
from skerry_edge.vision.stills import StillSource
from skerry_edge.vision.video import VideoSource
from skerry_edge.vision.video_file import VIDEO_SUFFIX, VideoFile

_UNWRITTEN_SUFFIX = ".png"


class Drawings(Protocol):
    """Takes the drawn frames of one source."""

    def add(self, source: str, pixels: Pixels) -> None:
        """Save one frame of the file ``source``. Raises ReachError."""
        ...

    def close(self) -> None:
        """Finish what is still open. Raises ReachError."""
        ...


class OutputFolder:
    """Gives each result a name of its own: that of its source, with a number where the name is taken in this run.

    No file of ``inputs`` is ever overwritten. Raises ReachError where the folder cannot be made.
    """

    def __init__(self, folder: Path, inputs: Iterable[Path]) -> None:
        self._folder = folder
        self._taken = {_real(path) for path in inputs}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReachError("cannot make the output folder", where=str(folder), found=error.strerror) from error

    def drawings(self, source: StillSource | VideoSource) -> Drawings:
        """Return what takes the drawn frames of ``source``: pictures for pictures, one video for a video."""
        return _DrawnVideo(self, source.rate_hz) if isinstance(source, VideoSource) else _DrawnStills(self)

    def path_for(self, stem: str, suffix: str) -> Path:
        """Return the first free path for ``stem``, and take it."""
        number = 1
        path = self._folder / f"{stem}{suffix}"
        while _real(path) in self._taken:
            number += 1
            path = self._folder / f"{stem}-{number}{suffix}"
        self._taken.add(_real(path))
        return path


def _real(path: Path) -> str:
    # Path.resolve() raises RuntimeError for links in a circle before Python 3.13; such an input is told in its turn.
    return os.path.realpath(path)


class _DrawnStills:
    def __init__(self, output: OutputFolder) -> None:
        self._output = output

    def add(self, source: str, pixels: Pixels) -> None:
        """Write a picture in its source's format, or as PNG where OpenCV cannot write that."""
        name = Path(source)
        writable = name.suffix and cv2.haveImageWriter(f"picture{name.suffix}")
        path = self._output.path_for(name.stem, name.suffix if writable else _UNWRITTEN_SUFFIX)
        encoded, data = cv2.imencode(path.suffix, pixels)
        if not encoded:
            raise ReachError("cannot encode the picture", where=str(path))
        write_atomic(path, data.tobytes())

    def close(self) -> None:
        """Do nothing: every picture is complete."""


class _DrawnVideo:
    def __init__(self, output: OutputFolder, rate_hz: float) -> None:
        self._output = output
        self._rate_hz = rate_hz
        self._file: VideoFile | None = None

    def add(self, source: str, pixels: Pixels) -> None:
        """Append a frame to the MP4, which begins with the first one."""
        if self._file is None:
            path = self._output.path_for(Path(source).stem, VIDEO_SUFFIX)
            height, width = pixels.shape[:2]
            self._file = VideoFile(path, rate_hz=self._rate_hz, size=(width, height))
        self._file.add(pixels)

    def close(self) -> None:
        """Finish the file, if there was a frame. Raises ReachError where it did not become whole."""
        if self._file is not None:
            self._file.close()

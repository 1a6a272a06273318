"""Video files as a source: every frame in order, and a failure where the file breaks off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from skerry_edge.vision.errors import VideoError
from skerry_edge.vision.frames import Failure, Frame
from skerry_edge.vision.images import Pixels

VIDEO_SUFFIXES = frozenset(
    {
        ".3gp",
        ".avi",
        ".flv",
        ".m2ts",
        ".m4v",
        ".mjpeg",
        ".mjpg",
        ".mkv",
        ".mov",
        ".mp4",
        ".mpeg",
        ".mpg",
        ".mts",
        ".ogv",
        ".ts",
        ".webm",
        ".wmv",
    }
)
_WHOLE = 0.98
"""A container's frame count and duration are often estimates; a video with less than this share of both broke off."""
_PLAUSIBLE_HZ = (0.1, 1000.0)


class VideoSource:
    """A video file that is open; upright as its rotation note says. Raises VideoError where it does not open."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._capture = cv2.VideoCapture()
        # The absolute path, since FFmpeg takes a relative name with a colon for an address.
        if not Path(name).is_file() or not self._capture.open(str(Path(name).absolute()), cv2.CAP_FFMPEG):
            raise VideoError(
                "the video does not open", where=name, todo="it is damaged, cut short or of no format known here"
            )
        rate_hz = self._capture.get(cv2.CAP_PROP_FPS)
        self.rate_hz = rate_hz if _PLAUSIBLE_HZ[0] <= rate_hz <= _PLAUSIBLE_HZ[1] else 25.0
        self._declared = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))

    def __len__(self) -> int:
        """Return the number of frames that the file declares, which may be an estimate; 0 where it says nothing."""
        return self._declared

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield the frames, and a failure at the end where less came than the file declares."""
        index, time_s = 0, 0.0
        while (pixels := self._read()) is not None:
            time_s = max(time_s, self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1e3)
            yield Frame(source=self._name, index=index, time_s=time_s, pixels=pixels)
            index += 1
        if self._broke_off(index, time_s):
            found = f"{index} frames of {self._declared}"
            yield Failure(source=self._name, error=VideoError("the video breaks off", where=self._name, found=found))

    def close(self) -> None:
        """Close the file."""
        self._capture.release()

    def _read(self) -> Pixels | None:
        decoded, pixels = self._capture.read()
        return np.asarray(pixels, np.uint8) if decoded else None

    def _broke_off(self, frames: int, last_s: float) -> bool:
        # FFmpeg through OpenCV ends an intact file and a broken one in the same way; only what the file declares tells.
        shown_s, declared_s = last_s + 1 / self.rate_hz, self._declared / self.rate_hz
        return frames == 0 or (frames < self._declared * _WHOLE and shown_s < declared_s * _WHOLE)

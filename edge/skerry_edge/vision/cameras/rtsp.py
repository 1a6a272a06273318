"""Network cameras: RTSP through the FFmpeg that OpenCV brings."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Literal

import cv2
import numpy as np

from skerry_edge.foundation.source_error import SourceError
from skerry_edge.vision.cameras.rtsp_address import RtspAddress
from skerry_edge.vision.cameras.rtsp_diagnosis import diagnose
from skerry_edge.vision.frames import Failure, Frame

Transport = Literal["tcp", "udp"]
_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_options_lock = Lock()
_NEAR = 0.9
"""A read that failed after this share of its time limit failed by it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RtspOptions:
    """How to receive: over TCP nothing is lost on the way; ``open_timeout_s`` is for the first picture."""

    transport: Transport = "tcp"
    open_timeout_s: float = 10.0


class RtspCamera:
    """A stream of a network camera; its name holds no login. ``stall_s`` is how long it may give no picture."""

    def __init__(self, address: RtspAddress, options: RtspOptions, *, stall_s: float) -> None:
        self._address = address
        self._name = str(address)
        self._options = options
        self._stall_s = stall_s

    def frames(self) -> Iterator[Frame | Failure]:
        """Yield pictures until the stream ends. Raises SourceError where it does not open, stalls or ends."""
        capture = cv2.VideoCapture()
        try:
            self._open(capture)
            yield from self._frames(capture)
        finally:
            capture.release()

    def close(self) -> None:
        """Do nothing: the connection ends with the iteration."""

    def _open(self, capture: cv2.VideoCapture) -> None:
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _ms(self._options.open_timeout_s)),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _ms(self._stall_s)),
        ]
        with _ffmpeg_options(f"rtsp_transport;{self._options.transport}"):
            opened = capture.open(self._address.url_with_login, cv2.CAP_FFMPEG, limits)
        if not opened:
            raise diagnose(self._address, self._options.open_timeout_s)

    def _frames(self, capture: cv2.VideoCapture) -> Iterator[Frame]:
        began_s, index = time.monotonic(), 0
        while True:
            asked_s = time.monotonic()
            is_there = capture.grab()
            at_s = time.monotonic()
            # After a time-out FFmpeg still gives what it had kept back: old pictures, each as late as the time-out.
            if not is_there or at_s - asked_s >= self._stall_s * _NEAR:
                raise self._lost(at_s - asked_s)
            decoded, pixels = capture.retrieve()
            if not decoded:
                raise SourceError("unsupported", "a picture does not decode", where=self._name)
            yield Frame(
                source=self._name, index=index, time_s=at_s - began_s, pixels=np.asarray(pixels, np.uint8), at_s=at_s
            )
            index += 1

    def _lost(self, waited_s: float) -> SourceError:
        if waited_s < self._stall_s * _NEAR:
            return SourceError("ended", "the stream ended", where=self._name, todo="see whether the camera restarts")
        found, todo = f"nothing for {self._stall_s:g} s", "check the camera and the network to it"
        return SourceError("stalled", "the camera gives no pictures", where=self._name, found=found, todo=todo)


@contextmanager
def _ffmpeg_options(options: str) -> Iterator[None]:
    """Let OpenCV hand ``options`` to FFmpeg: it reads them from the environment each time it opens something."""
    with _options_lock:
        before = os.environ.get(_OPTIONS)
        # Behind what the user has set, who may know the camera better.
        os.environ[_OPTIONS] = f"{options}|{before}" if before else options
        try:
            yield
        finally:
            if before is None:
                del os.environ[_OPTIONS]
            else:
                os.environ[_OPTIONS] = before


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))

"""Whether a source that delivers stands still all the same: one picture again and again, or silence; pure."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray

LOOK_EVERY_S = 0.5
"""Pictures are compared this often: often enough to find a standstill, and rarely enough to cost nothing."""


class Standstill:
    """Tells when nothing has changed for ``limit_s``; 0 never does. Times on the monotonic clock, in seconds."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s or math.inf
        self._moved_s: float | None = None

    def note(self, now_s: float, *, moved: bool) -> bool:
        """Take what happened at ``now_s``, and tell whether the source stands still."""
        if moved or self._moved_s is None:
            self._moved_s = now_s
        return now_s - self._moved_s >= self._limit_s

    def restart(self) -> None:
        """Forget what was before."""
        self._moved_s = None


class FrozenPicture:
    """Tells when a camera repeats one picture for ``frozen_s``: a living sensor's noise never comes twice."""

    def __init__(self, frozen_s: float) -> None:
        self._standstill = Standstill(frozen_s)
        self._checksum: int | None = None
        self._next_s = -math.inf
        self._is_frozen = False

    def judge(self, pixels: NDArray[np.uint8], now_s: float) -> bool:
        """Take a picture, and tell whether the camera is frozen."""
        if now_s >= self._next_s:
            self._next_s = now_s + LOOK_EVERY_S
            before, self._checksum = self._checksum, zlib.crc32(np.ascontiguousarray(pixels).data)
            self._is_frozen = self._standstill.note(now_s, moved=self._checksum != before)
        return self._is_frozen


class SilentSound:
    """Tells when sound is silent for ``silent_s``: its samples lie within ``level`` of their middle, in 16-bit steps.

    Even in a silent room a microphone's noise moves the last bits; a muted or broken one gives a constant.
    """

    def __init__(self, silent_s: float, *, level: int) -> None:
        self._standstill = Standstill(silent_s)
        self._span = 2 * level

    def judge(self, pcm: NDArray[np.int16], now_s: float) -> bool:
        """Take a chunk, and tell whether the sound is silent."""
        return self._standstill.note(now_s, moved=int(pcm.max()) - int(pcm.min()) > self._span)

    def restart(self) -> None:
        """Forget what was before."""
        self._standstill.restart()

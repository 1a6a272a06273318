"""Frames brought to another size, into a buffer made once: sampled at half pixels, or corner on corner."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array
from skerry_edge.vision.geometry import Size
from skerry_edge.vision.images import Pixels

WIDE_FULL_SCALE = 65535
_WIDEN = np.uint16(WIDE_FULL_SCALE // 255)
_STRIP_BYTES = 1 << 21
"""What is widened at a time: it stays in a processor's cache, and a large photograph needs no more memory."""
_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


class Sampler(Protocol):
    """Resizes frames of one size to one other size, bilinearly."""

    def sample(self, frame: Pixels) -> Array:
        """Return the resized picture (height, width, 3); it is this object's own and overwritten by the next call."""
        ...


class HalfPixelSampler:
    """As `cv2.resize` and most frameworks: pixel centres lie at half coordinates; uint8."""

    def __init__(self, target: Size) -> None:
        self._target = target
        self._picture = np.empty((target.height, target.width, 3), np.uint8)

    def sample(self, frame: Pixels) -> Array:
        """Resize (see Sampler)."""
        return cv2.resize(frame, self._target, dst=self._picture, interpolation=cv2.INTER_LINEAR)


class CornerSampler:
    """As Darknet's `resize_image`: the corner pixels of both pictures lie on each other; rounded to uint8."""

    def __init__(self, source: Size, target: Size) -> None:
        self._target = target
        self._matrix = _matrix(*_steps(source, target), 0.0)
        self._picture = np.empty((target.height, target.width, 3), np.uint8)

    def sample(self, frame: Pixels) -> Array:
        """Resize (see Sampler)."""
        return _warp(frame, self._matrix, self._picture)


class WideCornerSampler:
    """Like CornerSampler, but uint16 with full scale 65535, which keeps what Darknet's floats keep (to 1e-5)."""

    def __init__(self, source: Size, target: Size) -> None:
        self._picture = np.empty((target.height, target.width, 3), np.uint16)
        x_step, y_step = _steps(source, target)
        row_bytes = source.width * 3 * 2
        rows = max(1, int((_STRIP_BYTES / row_bytes - 2) / max(y_step, 1e-9)))
        self._strips: list[tuple[slice, slice, NDArray[np.float64]]] = []
        for start in range(0, target.height, rows):
            end = min(start + rows, target.height)
            first, last = int(start * y_step), min(int((end - 1) * y_step) + 1, source.height - 1)
            matrix = _matrix(x_step, y_step, start * y_step - first)
            self._strips.append((slice(first, last + 1), slice(start, end), matrix))
        tallest = max(lines.stop - lines.start for lines, _, _ in self._strips)
        self._widened = np.empty((tallest, source.width, 3), np.uint16)

    def sample(self, frame: Pixels) -> Array:
        """Resize (see Sampler)."""
        for lines, rows, matrix in self._strips:
            widened = self._widened[: lines.stop - lines.start]
            np.multiply(frame[lines], _WIDEN, out=widened)
            _warp(widened, matrix, self._picture[rows])
        return self._picture


def _steps(source: Size, target: Size) -> tuple[float, float]:
    x_step, y_step = ((whole - 1) / max(part - 1, 1) for whole, part in zip(source, target, strict=True))
    return x_step, y_step


def _matrix(x_step: float, y_step: float, y_shift: float) -> NDArray[np.float64]:
    """Return the affine map from a target pixel to the source's."""
    return np.array([[x_step, 0.0, 0.0], [0.0, y_step, y_shift]])


def _warp(frame: Array, matrix: NDArray[np.float64], picture: Array) -> Array:
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(frame, matrix, size, dst=picture, flags=_FLAGS, borderMode=cv2.BORDER_REPLICATE)

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
WIDE_PIXELS = 1024 * 768
"""Sources of up to so many pixels are worth widening.

Widening is a pass over the whole source, not only over the pixels that are sampled: beyond this size it takes longer
than the sampling itself, on video of all things, whose own noise is far above the rounding that it avoids.
"""
_WIDEN = np.uint16(WIDE_FULL_SCALE // 255)
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
        self._matrix = _matrix(source, target)
        self._picture = np.empty((target.height, target.width, 3), np.uint8)

    def sample(self, frame: Pixels) -> Array:
        """Resize (see Sampler)."""
        return _warp(frame, self._matrix, self._picture)


class WideCornerSampler:
    """Like CornerSampler, but uint16 with full scale 65535, which keeps what Darknet's floats keep (to 1e-5)."""

    def __init__(self, source: Size, target: Size) -> None:
        self._matrix = _matrix(source, target)
        self._widened = np.empty((source.height, source.width, 3), np.uint16)
        self._picture = np.empty((target.height, target.width, 3), np.uint16)

    def sample(self, frame: Pixels) -> Array:
        """Resize (see Sampler)."""
        return _warp(np.multiply(frame, _WIDEN, out=self._widened), self._matrix, self._picture)


def _matrix(source: Size, target: Size) -> NDArray[np.float64]:
    """Return the affine map from a target pixel to the source's."""
    x_step, y_step = ((whole - 1) / max(part - 1, 1) for whole, part in zip(source, target, strict=True))
    return np.array([[x_step, 0.0, 0.0], [0.0, y_step, 0.0]])


def _warp(frame: Array, matrix: NDArray[np.float64], picture: Array) -> Array:
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(frame, matrix, size, dst=picture, flags=_FLAGS, borderMode=cv2.BORDER_REPLICATE)

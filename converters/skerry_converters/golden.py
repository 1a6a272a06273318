"""The golden input: a picture made from a seed, and arrays as bytes that never vary."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SEED = 20170719
"""Any number would do; changing it changes every bundle."""
_COARSE_PX = 32
_FINE_PX = 4


def golden_picture(width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, 3), BGR: coarse squares of strong colour under a fine, weaker pattern.

    Integer arithmetic alone, so that it is the same on every machine; it reaches from 0 to 255 in each channel and has
    edges and texture, and PNG still makes it small.
    """
    random = np.random.default_rng(SEED)
    coarse = _squares(random, width, height, _COARSE_PX, levels=(0, 64, 128, 192, 255))
    fine = _squares(random, width, height, _FINE_PX, levels=(-24, 0, 24))
    picture: NDArray[np.uint8] = np.clip(coarse + fine, 0, 255).astype(np.uint8)
    return picture


def _squares(
    random: np.random.Generator, width: int, height: int, side_px: int, *, levels: tuple[int, ...]
) -> NDArray[np.int64]:
    rows, columns = -(-height // side_px), -(-width // side_px)
    cells = np.array(levels)[random.integers(0, len(levels), (rows, columns, 3))]
    return cells.repeat(side_px, axis=0).repeat(side_px, axis=1)[:height, :width]


def png_bytes(picture: NDArray[np.uint8]) -> bytes:
    """Return a BGR picture as PNG."""
    _, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return bytes(encoded.tobytes())


def npy_bytes(values: NDArray[Any]) -> bytes:
    """Return an array as a NPY file, format 1.0."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()

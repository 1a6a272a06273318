"""Real photographs as backgrounds: a part of one, mirrored now and then."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from skerry_converters.rendering.canvas import Pixels
from skerry_converters.rendering.draws import Draws
from skerry_edge.bench.annotations.dataset import find_pictures
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.images import read_image

MOST_PHOTOGRAPHS = 300
_MOST_PX = 900
"""Photographs are held in memory with so many pixels along their longer side, and at most as many of them."""


def read_photographs(folder: Path) -> tuple[Pixels, ...]:
    """Return all pictures in ``folder`` and below, sorted by path.

    Raises ConfigError for more than MOST_PHOTOGRAPHS, ReachError and ImageError for what cannot be read.
    """
    paths = find_pictures(folder)
    if len(paths) > MOST_PHOTOGRAPHS:
        raise ConfigError(
            "too many photographs to be held in memory",
            where=str(folder),
            found=f"{len(paths)} pictures",
            todo=f"give at most {MOST_PHOTOGRAPHS}",
        )
    return tuple(_reduced(read_image(path)) for path in paths)


def _reduced(pixels: Pixels) -> Pixels:
    scale = _MOST_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    return np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def part_of(photograph: Pixels, size: tuple[int, int], draws: Draws) -> Pixels:
    """Return a part of ``photograph`` of the wanted shape, brought to ``size`` (width, height)."""
    width, height = size
    largest = min(photograph.shape[1] / width, photograph.shape[0] / height)
    scale = largest * draws.ratio(0.35, 1.0)
    wide, high = max(1, int(width * scale)), max(1, int(height * scale))
    left, top = draws.below(photograph.shape[1] - wide + 1), draws.below(photograph.shape[0] - high + 1)
    part = photograph[top : top + high, left : left + wide]
    if draws.chance(0.5):
        part = part[:, ::-1]
    way = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=way), np.uint8)

"""Intersection over union of every box with every other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def iou_matrix(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """Return the IoU of boxes (n, 4) with boxes (m, 4) as float64 (n, m); rows are x_min, y_min, x_max, y_max.

    Boxes are areas between continuous coordinates: nothing is added for "the last pixel". One without area overlaps
    nothing.
    """
    ours = first.astype(np.float64).reshape(-1, 1, 4)
    theirs = second.astype(np.float64).reshape(1, -1, 4)
    sides = np.minimum(ours[..., 2:], theirs[..., 2:]) - np.maximum(ours[..., :2], theirs[..., :2])
    shared = np.prod(np.maximum(sides, 0.0), axis=2)
    union = _areas(ours) + _areas(theirs) - shared
    iou: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return iou


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1)
    return areas

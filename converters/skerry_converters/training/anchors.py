"""Anchors by k-means with IoU as the nearness, as the YOLOv2 paper has them (arXiv 1612.08242, section 2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skerry_converters.training.architecture import Anchors
from skerry_edge.foundation.errors import DataError

Sizes = NDArray[np.float64]
MAX_ROUNDS = 300


def find_anchors(sizes: Sizes, count: int) -> Anchors:
    """Return ``count`` anchors for boxes of ``sizes`` (n, 2), widths and heights in grid cells, smallest area first.

    The same boxes in the same order give the same anchors: the start is not drawn but spread evenly over the boxes'
    areas. Raises DataError where there are fewer different boxes than anchors.
    """
    different = np.unique(sizes, axis=0)
    if len(different) < count:
        raise DataError(
            "there are too few different boxes to find anchors for",
            found=f"{len(different)} sizes of boxes for {count} anchors",
            todo="label more objects, or set the anchors",
        )
    by_area = different[np.argsort(different.prod(axis=1), kind="stable")]
    centres = by_area[((np.arange(count) + 0.5) * len(by_area) / count).astype(int)]
    nearest = np.full(len(sizes), -1)
    for _ in range(MAX_ROUNDS):
        before, nearest = nearest, shape_ious(sizes, centres).argmax(axis=1)
        if np.array_equal(before, nearest):
            break
        # A cluster that lost all its boxes stays where it is.
        for one in np.unique(nearest):
            centres[one] = sizes[nearest == one].mean(axis=0)
    centres = centres[np.argsort(centres.prod(axis=1), kind="stable")]
    return tuple((round(float(width), 4), round(float(height), 4)) for width, height in centres)


def shape_ious(sizes: Sizes, others: Sizes) -> Sizes:
    """Return the IoU (n, m) of boxes that share one corner, of ``sizes`` (n, 2) with ``others`` (m, 2)."""
    shared: Sizes = np.minimum(sizes[:, np.newaxis], others).prod(axis=2)
    ious: Sizes = shared / (sizes.prod(axis=1)[:, np.newaxis] + others.prod(axis=1) - shared)
    return ious

"""What is really in a picture: the boxes that detections are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class GroundTruth:
    """The labelled objects of one picture.

    ``boxes_px`` is float64 (n, 4): x_min, y_min, x_max, y_max in pixels of the picture, inside it, with an area;
    ``class_ids`` is int64 (n,), an index into the model's labels. ``difficult`` (n,) marks objects that count neither
    as found nor as missed (VOC); ``crowd`` (n,) marks regions of many objects, which COCO treats in its own way.
    """

    boxes_px: NDArray[np.float64]
    class_ids: NDArray[np.int64]
    difficult: NDArray[np.bool_]
    crowd: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of labels, those that do not count included."""
        return len(self.class_ids)

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Which labels count as objects to be found; shape (n,)."""
        return ~(self.difficult | self.crowd)


def no_objects() -> GroundTruth:
    """Return the truth about a picture that is known to show none of the classes."""
    none = np.empty(0, np.bool_)
    return GroundTruth(
        boxes_px=np.empty((0, 4), np.float64), class_ids=np.empty(0, np.int64), difficult=none, crowd=none
    )

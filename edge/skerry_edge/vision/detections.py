"""What a detector found in one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""Boxes as rows of x_min, y_min, x_max, y_max; shape (n, 4)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Detections:
    """Objects of one picture, best score first.

    ``boxes_px`` is float32 (n, 4): x_min, y_min, x_max, y_max in pixels of the source picture, inside it;
    ``scores`` is float32 (n,), in 0..1; ``class_ids`` is int64 (n,), an index into the manifest's labels.
    """

    boxes_px: Boxes
    scores: NDArray[np.float32]
    class_ids: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.scores)


def no_detections() -> Detections:
    """Return the result for a picture in which nothing was found."""
    return Detections(
        boxes_px=np.empty((0, 4), np.float32), scores=np.empty(0, np.float32), class_ids=np.empty(0, np.int64)
    )

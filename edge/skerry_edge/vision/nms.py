"""Class-wise non-maximum suppression, as Darknet's `do_nms_sort` (box.c)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.detections import Boxes

MAX_CANDIDATES = 30_000
"""Of more boxes only the best are looked at, as the time grows with their square; a threshold leaves far fewer."""


def class_wise_nms(
    boxes: Boxes, scores: NDArray[np.float32], class_ids: NDArray[np.int64], iou_limit: float
) -> NDArray[np.int64]:
    """Return the indices of the boxes that stay, best score first; equal scores keep their order.

    From the best score down, a box drops every later one of its class whose IoU with it is greater than
    ``iou_limit``. ``boxes`` is (n, 4) as x_min, y_min, x_max, y_max in any unit; ``scores``, all above 0, and
    ``class_ids`` are (n,).
    """
    if not len(boxes):
        return np.empty(0, np.int64)
    # OpenCV moves the classes apart by their largest coordinate, which keeps them apart only if none is negative.
    corners_and_sizes = np.empty(boxes.shape, np.float64)
    np.subtract(boxes[:, :2], boxes[:, :2].min(axis=0), out=corners_and_sizes[:, :2])
    np.subtract(boxes[:, 2:], boxes[:, :2], out=corners_and_sizes[:, 2:])
    kept = cv2.dnn.NMSBoxesBatched(
        corners_and_sizes,  # type: ignore[arg-type]  # the stubs ask for sequences; arrays spare the conversion
        scores,  # type: ignore[arg-type]  # the same
        class_ids.astype(np.int32),  # type: ignore[arg-type]  # the same
        0.0,
        iou_limit,
        top_k=MAX_CANDIDATES,
    )
    return np.asarray(kept, np.int64)

"""Class-wise non-maximum suppression, as Darknet's `do_nms_sort` (box.c)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skerry_edge.vision.detections import Boxes

BLOCK = 256
"""Boxes compared with each other at once: bounds memory, and is more than an ordinary picture has."""

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def class_wise_nms(
    boxes: Boxes, scores: NDArray[np.float32], class_ids: NDArray[np.int64], iou_limit: float
) -> Indices:
    """Return the indices of the boxes that stay, best score first; equal scores keep their order.

    From the best score down, a box drops every later one of its class whose IoU with it is greater than
    ``iou_limit``. ``boxes`` is (n, 4) as x_min, y_min, x_max, y_max in any unit; ``scores`` and ``class_ids`` are (n,).
    """
    order: Indices = np.argsort(-scores, kind="stable")
    if len(order) <= BLOCK:
        return _greedy(boxes, class_ids, order, iou_limit)
    groups = [order[class_ids[order] == class_id] for class_id in np.unique(class_ids)]
    kept = np.concatenate([_greedy(boxes, class_ids, group, iou_limit) for group in groups])
    return kept[np.lexsort((kept, -scores[kept]))]


def _greedy(boxes: Boxes, class_ids: NDArray[np.int64], order: Indices, iou_limit: float) -> Indices:
    kept = order[:0]
    for start in range(0, len(order), BLOCK):
        block = order[start : start + BLOCK]
        if len(kept):
            block = block[~_overlaps(boxes, class_ids, block, kept, iou_limit).any(axis=1)]
        overlaps = _overlaps(boxes, class_ids, block, block, iou_limit)
        alive = np.ones(len(block), np.bool_)
        # Every box overlaps itself; the rows with more than that are the few that can drop another.
        for row in np.flatnonzero(np.count_nonzero(overlaps, axis=1) > 1):
            if alive[row]:
                alive[row + 1 :] &= ~overlaps[row, row + 1 :]
        kept = np.concatenate((kept, block[alive]))
    return kept


def _overlaps(boxes: Boxes, class_ids: NDArray[np.int64], rows: Indices, columns: Indices, iou_limit: float) -> Mask:
    """Tell which pairs are of one class and have an IoU above the limit; shape (rows, columns)."""
    ours, theirs = boxes[rows][:, np.newaxis], boxes[columns]
    sides = np.minimum(ours[..., 2:], theirs[..., 2:]) - np.maximum(ours[..., :2], theirs[..., :2])
    np.maximum(sides, 0, out=sides)
    shared = sides[..., 0] * sides[..., 1]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = areas[rows][:, np.newaxis] + areas[columns] - shared
    # Boxes without area have no union; they overlap nothing.
    iou = shared / np.maximum(union, np.finfo(np.float32).tiny)
    above: Mask = (iou > np.float32(iou_limit)) & (class_ids[rows][:, np.newaxis] == class_ids[columns])
    return above

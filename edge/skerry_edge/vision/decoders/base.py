"""The seam that every decoder implements, and what they share after their own arithmetic is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array
from skerry_edge.vision.detections import Boxes, Detections, no_detections
from skerry_edge.vision.geometry import Geometry
from skerry_edge.vision.nms import class_wise_nms


class Decoder(Protocol):
    """Turns a network's raw outputs into detections."""

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the objects in ``outputs``, which come in the order of the variant's outputs.

        Raises BackendError for an output of another shape than the manifest's.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What is reported: scores above ``score``; of one class, no two boxes with an IoU above ``iou``."""

    score: float
    iou: float


def selected(boxes: Boxes, scores: NDArray[np.float32], geometry: Geometry, limits: Limits) -> Detections:
    """Keep one detection for each box and class whose score is above the limit, and suppress overlaps.

    ``boxes`` is (n, 4) in shares of the network's input; ``scores`` is (n, classes). Suppression sees the boxes before
    they are cut off at the picture's edges, as in Darknet.
    """
    box_ids, class_ids = np.nonzero(scores > np.float32(limits.score))
    if not len(box_ids):
        return no_detections()
    return finished(boxes[box_ids], scores[box_ids, class_ids], class_ids, geometry, limits)


def finished(
    boxes: Boxes,
    scores: NDArray[np.float32],
    class_ids: NDArray[np.int64],
    geometry: Geometry,
    limits: Limits,
) -> Detections:
    """Suppress overlaps among boxes (n, 4) in shares of the network's input, each of one class, and clip the rest."""
    boxes_px = geometry.to_source(boxes)
    kept = class_wise_nms(boxes_px, scores, class_ids, limits.iou)
    return Detections(boxes_px=geometry.clip(boxes_px[kept]), scores=scores[kept], class_ids=class_ids[kept])


def sigmoid(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the logistic function of float32 ``values`` without overflow."""
    # exp(88.8) is no float32 any more; at -80 the result is 2e-35 already.
    result: NDArray[np.float32] = 1 / (1 + np.exp(-np.maximum(values, np.float32(-80))))
    return result


def softmax(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the softmax of each row of ``values``."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    result: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return result

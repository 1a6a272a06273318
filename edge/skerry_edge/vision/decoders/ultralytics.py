"""Ultralytics' YOLOv8 and YOLO11 heads as exported without NMS (ultralytics `Detect`, `non_max_suppression`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Tensor, Ultralytics
from skerry_edge.vision.decoders.base import Limits, finished
from skerry_edge.vision.decoders.reading import check_shape, real_values
from skerry_edge.vision.detections import Detections, no_detections
from skerry_edge.vision.geometry import Geometry, Size

_BOX = 4


class UltralyticsDecoder:
    """Boxes as centre and size with class scores, all decoded by the network; each box counts for its best class.

    Raises BundleError for outputs other than one of 4+classes values a box, or boxes and scores apart.
    """

    def __init__(self, spec: Ultralytics, tensors: tuple[Tensor, ...], network: Size, limits: Limits) -> None:
        self._boxes, self._scores = _planes(spec, tensors)
        self._tensors = tensors
        whole = Size(1, 1) if spec.unit == "share" else network
        self._scale = np.tile(1 / np.array(whole, np.float32), 2)
        self._limits = limits

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the objects in the output or outputs. Raises BackendError where a shape is not the manifest's."""
        for raw, tensor in zip(outputs, self._tensors, strict=True):
            check_shape(raw, tensor)
        scores = self._scores.read(outputs)
        best = scores.max(axis=0)
        hits = np.flatnonzero(best > np.float32(self._limits.score))
        if not len(hits):
            return no_detections()
        centres_and_sizes = self._boxes.read(outputs)[:, hits].T * self._scale
        centres, halves = centres_and_sizes[:, :2], centres_and_sizes[:, 2:] / 2
        boxes = np.concatenate((centres - halves, centres + halves), axis=1)
        return finished(boxes, best[hits], scores[:, hits].argmax(axis=0), geometry, self._limits)


class _Plane:
    """Some of the values of an output, read as (values, boxes)."""

    def __init__(self, place: int, tensor: Tensor, axis: int, values: slice) -> None:
        self._place = place
        self._tensor = tensor
        self._axis = axis
        self._values = values

    def read(self, outputs: tuple[Array, ...]) -> NDArray[np.float32]:
        """Return the real values, a view where nothing has to be computed."""
        raw = outputs[self._place][0]
        by_box = raw if self._axis == 1 else raw.T
        return real_values(by_box[self._values], self._tensor)


def _planes(spec: Ultralytics, tensors: tuple[Tensor, ...]) -> tuple[_Plane, _Plane]:
    """Find boxes and scores in the outputs by their sizes."""
    if len(tensors) == 1:
        axis = _axis(tensors[0], _BOX + spec.classes)
        return (
            _Plane(0, tensors[0], axis, slice(0, _BOX)),
            _Plane(0, tensors[0], axis, slice(_BOX, _BOX + spec.classes)),
        )
    if len(tensors) == 2:
        boxes, scores = tensors
        return (
            _Plane(0, boxes, _axis(boxes, _BOX), slice(None)),
            _Plane(1, scores, _axis(scores, spec.classes), slice(None)),
        )
    raise BundleError(
        "an Ultralytics head has one output, or boxes and scores", where="outputs", found=f"{len(tensors)} outputs"
    )


def _axis(tensor: Tensor, values: int) -> int:
    """Return the axis, 1 or 2, that holds ``values`` values a box; where both could, the first as exported."""
    shape = tensor.shape
    if len(shape) == 3 and shape[0] == 1:
        for axis in (1, 2):
            if shape[axis] == values:
                return axis
    raise BundleError(
        f"the output does not hold {values} values a box", where=f"tensor '{tensor.name}'", found=f"shape {shape}"
    )

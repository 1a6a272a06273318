"""The outputs of TFLite's own post-processing operator (`TFLite_Detection_PostProcess`, detection_postprocess.cc)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array, BackendError
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import SsdPostprocess, SsdTensor, Tensor
from skerry_edge.vision.decoders.base import Limits
from skerry_edge.vision.decoders.reading import check_shape, real_values
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Geometry

_XY = [1, 0, 3, 2]
"""From y_min, x_min, y_max, x_max to x_min, y_min, x_max, y_max."""


class SsdPostprocessDecoder:
    """Boxes that the network has decoded and suppressed itself, in shares of its input.

    Raises BundleError for outputs of other shapes than boxes (1, n, 4), classes and scores (1, n), and a count.
    """

    def __init__(self, spec: SsdPostprocess, tensors: tuple[Tensor, ...], limits: Limits) -> None:
        self._tensors = tensors
        self._places: dict[SsdTensor, int] = {name: place for place, name in enumerate(spec.order)}
        self._classes = spec.classes
        self._first_class = spec.first_class
        self._limits = limits
        self._check_order()

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the objects, best score first.

        Raises BackendError where a shape is not the manifest's, or a count or class is none that the network can have.
        """
        for raw, tensor in zip(outputs, self._tensors, strict=True):
            check_shape(raw, tensor)
        scores = self._real("scores", outputs).ravel()
        count = self._count(outputs, len(scores))
        hits = np.flatnonzero(scores[:count] > np.float32(self._limits.score))
        hits = hits[np.argsort(-scores[hits], kind="stable")]
        boxes = self._real("boxes", outputs)[0][hits][:, _XY]
        return Detections(
            boxes_px=geometry.clip(geometry.to_source(boxes)),
            scores=scores[hits],
            class_ids=self._labels(self._real("classes", outputs).ravel()[hits]),
        )

    def _real(self, name: SsdTensor, outputs: tuple[Array, ...]) -> NDArray[np.float32]:
        place = self._places[name]
        return real_values(outputs[place], self._tensors[place])

    def _count(self, outputs: tuple[Array, ...], most: int) -> int:
        count = float(self._real("count", outputs).ravel()[0])
        if not 0 <= count <= most:
            raise BackendError("the network's count of objects is impossible", found=f"{count:g} of {most}")
        return round(count)

    def _labels(self, numbers: NDArray[np.float32]) -> NDArray[np.int64]:
        class_ids = np.rint(numbers).astype(np.int64) - self._first_class
        if len(class_ids) and not 0 <= class_ids.min() <= class_ids.max() < self._classes:
            raise BackendError(
                "the network names a class that has no label",
                found=f"{class_ids.min()} to {class_ids.max()} of {self._classes}",
            )
        return class_ids

    def _check_order(self) -> None:
        if len(self._places) != len(self._tensors) or len(self._tensors) != 4:
            raise BundleError("SSD's post-processing has four outputs, each named once", where="output.order")
        shapes = {name: self._tensors[place].shape for name, place in self._places.items()}
        boxes = shapes["boxes"]
        wanted = (1, boxes[1]) if len(boxes) == 3 else ()
        if boxes[0:1] + boxes[2:] != (1, 4) or shapes["classes"] != wanted or shapes["scores"] != wanted:
            raise BundleError(
                "the outputs are not those of SSD's post-processing in this order",
                where="output.order",
                found=", ".join(f"{name} {shape}" for name, shape in shapes.items()),
            )

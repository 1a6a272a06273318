"""One value a class for the whole picture, shown as objects that fill it."""

from __future__ import annotations

import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Classification, Tensor
from skerry_edge.vision.decoders.base import Limits, sigmoid, softmax
from skerry_edge.vision.decoders.reading import check_shape, real_values
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Geometry


class ClassificationDecoder:
    """The best few classes above the threshold, best first; each box is the whole source picture.

    So reports, rules and drawings need to know nothing of classification. Raises BundleError for an output that has not
    one value a class.
    """

    def __init__(self, spec: Classification, tensor: Tensor, limits: Limits) -> None:
        if int(np.prod(tensor.shape)) != spec.classes:
            raise BundleError(
                "the output has not one value a class",
                where=f"tensor '{tensor.name}'",
                found=f"shape {tensor.shape} for {spec.classes} classes",
            )
        self._spec = spec
        self._tensor = tensor
        self._limits = limits

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the classes. Raises BackendError where the shape is not the manifest's."""
        (raw,) = outputs
        check_shape(raw, self._tensor)
        scores = self._scores(real_values(raw, self._tensor).reshape(1, -1))[0]
        best = np.argsort(-scores, kind="stable")[: self._spec.top_k]
        best = best[scores[best] > np.float32(self._limits.score)]
        whole = np.array([0, 0, *geometry.source], np.float32)
        return Detections(boxes_px=np.tile(whole, (len(best), 1)), scores=scores[best], class_ids=best)

    def _scores(self, values: Array) -> Array:
        match self._spec.activation:
            case "softmax":
                return softmax(values)
            case "sigmoid":
                return sigmoid(values)
            case "none":
                return values

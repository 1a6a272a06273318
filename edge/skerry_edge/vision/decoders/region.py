"""Darknet's region layer (YOLOv2, region_layer.c) from its raw input."""

from __future__ import annotations

import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor, YoloRegion
from skerry_edge.vision.decoders.base import Limits, selected, sigmoid, softmax
from skerry_edge.vision.decoders.grid import AnchorGrid
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Geometry


class RegionDecoder:
    """Anchors in cells of the one grid; class probabilities from a softmax, or from sigmoids where the cfg says so."""

    def __init__(self, spec: YoloRegion, tensor: Tensor, limits: Limits) -> None:
        sizes = dict(zip(tensor.layout, tensor.shape, strict=False))
        grid = np.array([sizes.get("W", 1), sizes.get("H", 1)])
        self._grid = AnchorGrid(tensor, np.array(spec.anchors) / grid, spec.classes)
        self._probabilities = softmax if spec.softmax else sigmoid
        self._limits = limits

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the objects in the one output. Raises BackendError where its shape is not the manifest's."""
        (raw,) = outputs
        found = self._grid.candidates(raw, self._limits.score)
        scores = found.objectness[:, np.newaxis] * self._probabilities(found.class_logits)
        return selected(found.boxes, scores, geometry, self._limits)

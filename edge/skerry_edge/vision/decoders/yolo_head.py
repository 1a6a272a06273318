"""Darknet's yolo layers (YOLOv3 and later, yolo_layer.c) from their raw inputs."""

from __future__ import annotations

import numpy as np

from skerry_edge.backends.base import Array
from skerry_edge.contracts.manifest import Tensor, YoloHead
from skerry_edge.vision.decoders.base import Limits, selected, sigmoid
from skerry_edge.vision.decoders.grid import AnchorGrid
from skerry_edge.vision.detections import Detections
from skerry_edge.vision.geometry import Geometry, Size


class YoloHeadDecoder:
    """One grid an output, anchors in pixels of the network's input, class probabilities from sigmoids."""

    def __init__(self, spec: YoloHead, tensors: tuple[Tensor, ...], network: Size, limits: Limits) -> None:
        self._grids = [
            AnchorGrid(tensor, np.array(scale.anchors_px) / network, spec.classes, scale_x_y=scale.scale_x_y)
            for scale, tensor in zip(spec.scales, tensors, strict=True)
        ]
        self._limits = limits

    def decode(self, outputs: tuple[Array, ...], geometry: Geometry) -> Detections:
        """Return the objects in all outputs. Raises BackendError where a shape is not the manifest's."""
        found = [grid.candidates(raw, self._limits.score) for grid, raw in zip(self._grids, outputs, strict=True)]
        objectness = np.concatenate([one.objectness for one in found])
        logits = np.concatenate([one.class_logits for one in found])
        boxes = np.concatenate([one.boxes for one in found])
        return selected(boxes, objectness[:, np.newaxis] * sigmoid(logits), geometry, self._limits)

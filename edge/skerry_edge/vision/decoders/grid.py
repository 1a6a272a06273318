"""A grid of anchors over one raw output, the part that Darknet's region and yolo layers have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skerry_edge.backends.base import Array
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.vision.decoders.reading import check_shape, real_values
from skerry_edge.vision.detections import Boxes

_BOX = 4
_OBJECTNESS = 4
_FIRST_CLASS = 5
_SIGNS = np.array([-1, -1, 1, 1, -1], np.float32)
_LARGEST_EXPONENTS = np.array([80, 80, 20, 20, 80], np.float32)
"""exp(-80) is nothing beside 1; exp(20) times an anchor covers any picture, and beyond, areas would leave float32."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidates:
    """The few boxes worth a look: (n, 4) in shares of the network's input, objectness (n,), logits (n, classes)."""

    boxes: Boxes
    objectness: NDArray[np.float32]
    class_logits: NDArray[np.float32]


class AnchorGrid:
    """Reads one output of anchors * (x, y, w, h, objectness, classes…) channels over a grid of cells.

    ``anchors`` are (n, 2), width and height as shares of the network's input. ``scale_x_y`` stretches the centre's
    range about the middle of its cell (AlexeyAB/darknet). Raises BundleError where the tensor does not fit.
    """

    def __init__(self, tensor: Tensor, anchors: NDArray[np.float64], classes: int, *, scale_x_y: float = 1.0) -> None:
        self._tensor = tensor
        self._values = _FIRST_CLASS + classes
        height, width = _grid_size(tensor, len(anchors) * self._values)
        self._anchors = len(anchors)
        self._cells = height * width
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        middle = (scale_x_y - 1) / 2
        size = np.array([width, height])
        origins = (np.stack([columns.ravel(), rows.ravel()], axis=1) - middle) / size
        self._origins = np.tile(origins, (self._anchors, 1)).astype(np.float32)
        self._step = (scale_x_y / size).astype(np.float32)
        self._half_sizes = np.repeat(anchors / 2, self._cells, axis=0).astype(np.float32)
        self._none = Candidates(
            boxes=np.empty((0, 4), np.float32),
            objectness=np.empty(0, np.float32),
            class_logits=np.empty((0, classes), np.float32),
        )

    def candidates(self, raw: Array, score_limit: float) -> Candidates:
        """Return the boxes whose objectness alone does not rule out a score above ``score_limit``.

        Raises BackendError for an array of another shape than the manifest's.
        """
        check_shape(raw, self._tensor)
        values = self._by_box(raw)
        logits = real_values(values[..., _OBJECTNESS], self._tensor).ravel()
        # A score is objectness times a probability, so it is never above objectness.
        hits = np.flatnonzero(logits > _loose_logit(score_limit))
        if not len(hits):
            return self._none
        anchor, cell = np.divmod(hits, self._cells)
        picked = real_values(values[anchor, cell], self._tensor)
        # One exponential serves both: of -x for the logistic function of x, y and objectness, of w and h as they are.
        powers = np.exp(np.minimum(picked[:, :_FIRST_CLASS] * _SIGNS, _LARGEST_EXPONENTS))
        shares = 1 / (1 + powers)
        centres = shares[:, :2] * self._step + self._origins[hits]
        halves = powers[:, 2:_BOX] * self._half_sizes[hits]
        return Candidates(
            boxes=np.concatenate((centres - halves, centres + halves), axis=1),
            objectness=shares[:, _OBJECTNESS],
            class_logits=picked[:, _FIRST_CLASS:],
        )

    def _by_box(self, raw: Array) -> Array:
        """Return a view (anchors, cells, values) of the raw output."""
        view: Array
        if self._tensor.layout == "NCHW":
            view = raw.reshape(self._anchors, self._values, self._cells).transpose(0, 2, 1)
        else:
            view = raw.reshape(self._cells, self._anchors, self._values).transpose(1, 0, 2)
        return view


def _grid_size(tensor: Tensor, channels: int) -> tuple[int, int]:
    sizes = dict(zip(tensor.layout, tensor.shape, strict=False))
    if tensor.layout not in ("NCHW", "NHWC") or len(tensor.shape) != len(tensor.layout):
        raise BundleError(
            "an output that is decoded as a grid is NCHW or NHWC",
            where=f"tensor '{tensor.name}'",
            found=f"layout '{tensor.layout}', shape {tensor.shape}",
        )
    if sizes["N"] != 1 or sizes["C"] != channels:
        raise BundleError(
            "the output's channels are not anchors * (5 + classes)",
            where=f"tensor '{tensor.name}'",
            found=f"{sizes['C']} channels in a batch of {sizes['N']}, expected {channels} in a batch of 1",
        )
    return sizes["H"], sizes["W"]


def _loose_logit(probability: float) -> float:
    """Return a logit slightly below that of ``probability``, so that rounding loses nothing."""
    if probability <= 0:
        return -math.inf
    if probability >= 1:
        return math.inf
    return math.log(probability / (1 - probability)) - 1e-3

"""The loss of Darknet's region layer (YOLOv2, arXiv 1612.08242; `forward_region_layer` in region_layer.c)."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from skerry_converters.layers import Region
from skerry_converters.training.config import LossPart
from skerry_converters.training.variables import Value

_BOX = 4
_OBJECTNESS = 4
_FIRST_CLASS = 5
_LARGEST_EXPONENT = 8.0
"""exp(8) times an anchor covers any picture; beyond, an area would leave float32."""
_LEAST_SIZE = 1e-6
"""In cells; keeps the logarithms of rows that hold no object finite."""
_PULL = 0.01
"""What Darknet scales the pull towards the anchors with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Truth:
    """What is in the pictures of a batch.

    ``boxes`` is float32 (batch, objects, 4): centre x and y, width and height as shares of the picture; ``class_ids``
    is int32 (batch, objects); ``counts`` is bool (batch, objects), False for an object that is neither to be found nor
    to be punished. Rows beyond a picture's objects have no size and do not count.
    """

    boxes: Value
    class_ids: Value
    counts: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class Losses:
    """The parts of the loss, each a scalar: half the squared errors, as in Darknet, summed up for a picture.

    The classes' part is a cross-entropy, whose gradient is Darknet's delta.
    """

    coord: Value
    object: Value
    noobject: Value
    classes: Value
    anchors: Value

    @property
    def total(self) -> Value:
        """What is minimised."""
        return self.coord + self.object + self.noobject + self.classes + self.anchors


def region_loss(raw: Value, truth: Truth, region: Region, scales: LossPart, anchor_pull: Value) -> Losses:
    """Return the losses of float32 ``raw`` (batch, rows, columns, channels), as means over the batch.

    An object belongs to the cell that holds its middle, and there to the anchor whose shape is most like its own
    (`bias_match`); of two that share both, the later has it. Its objectness is to be the IoU of its box (`rescore`).
    ``anchor_pull`` is 1 while boxes without an object are drawn to the middle of their cell and to their anchor, as
    Darknet does for its first 12,800 pictures, else 0.
    """
    grid = _Grid(raw, region)
    logits = tf.reshape(raw, [tf.shape(raw)[0], -1, _FIRST_CLASS + region.classes])
    overlaps = tf.stop_gradient(_ious(grid.boxes(logits)[:, :, tf.newaxis], truth.boxes[:, tf.newaxis]))
    owners = _owners(truth, grid)
    own = tf.gather(logits, owners.box_ids, batch_dims=1)
    fit = tf.linalg.diag_part(tf.gather(overlaps, owners.box_ids, batch_dims=1))
    object_errors = fit - tf.sigmoid(own[..., _OBJECTNESS])
    free = (1 - owners.taken) * tf.cast(tf.reduce_max(overlaps, axis=2) <= scales.thresh, tf.float32)
    return Losses(
        coord=scales.coord_scale * _halved(owners.box_weights, _box_values(own) - owners.targets),
        object=scales.object_scale * _halved(owners.present, object_errors),
        noobject=scales.noobject_scale * _halved(free, tf.sigmoid(logits[..., _OBJECTNESS])),
        classes=scales.class_scale * _mean(owners.present * _cross_entropy(own, truth)),
        anchors=anchor_pull * _PULL * _halved(1 - owners.taken[..., tf.newaxis], _box_values(logits) - _AT_ANCHOR),
    )


_AT_ANCHOR = (0.5, 0.5, 0.0, 0.0)
"""The box values of an anchor in the middle of its cell."""


class _Grid:
    """The boxes of an output, by row, column and anchor: how many there are, their cells and their anchors."""

    def __init__(self, raw: Value, region: Region) -> None:
        rows, columns = tf.shape(raw)[1], tf.shape(raw)[2]
        self.rows, self.columns = rows, columns
        self.size = tf.cast(tf.stack([columns, rows]), tf.float32)
        self.anchors = tf.constant(region.anchors, tf.float32)
        self.boxes_a_cell = len(region.anchors)
        ys, xs = tf.meshgrid(tf.range(rows), tf.range(columns), indexing="ij")
        cells = tf.reshape(tf.cast(tf.stack([xs, ys], axis=2), tf.float32), [-1, 2])
        self._cells = tf.repeat(cells, self.boxes_a_cell, axis=0)
        self._anchors = tf.tile(self.anchors, [rows * columns, 1])

    def boxes(self, logits: Value) -> Value:
        """Return the boxes (batch, boxes, 4) that logits say, as centre and size in shares of the picture."""
        values = _box_values(logits)
        centres = (self._cells + values[..., :2]) / self.size
        sizes = self._anchors * tf.exp(tf.minimum(values[..., 2:], _LARGEST_EXPONENT)) / self.size
        return tf.concat([centres, sizes], axis=2)


def _box_values(logits: Value) -> Value:
    """Return what a box is told by: its middle in its cell, and the logarithms of its size in anchors."""
    return tf.concat([tf.sigmoid(logits[..., :2]), logits[..., 2:_BOX]], axis=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Owners:
    """Which box each object has.

    ``box_ids`` int32 and ``present``, 1 for an object that has its box, are (batch, objects); ``targets``
    (batch, objects, 4) are the box values that it should have, ``box_weights`` (batch, objects, 1) what its errors
    count for; ``taken`` (batch, boxes) is 1 for a box that has an object.
    """

    box_ids: Value
    present: Value
    targets: Value
    box_weights: Value
    taken: Value


def _owners(truth: Truth, grid: _Grid) -> _Owners:
    centres, sizes = truth.boxes[..., :2] * grid.size, truth.boxes[..., 2:] * grid.size
    cells = tf.minimum(tf.cast(centres, tf.int32), [grid.columns - 1, grid.rows - 1])
    shapes = tf.concat([tf.zeros_like(grid.anchors), grid.anchors], axis=1)
    unmoved = tf.concat([tf.zeros_like(sizes), sizes], axis=2)
    anchor_ids = tf.argmax(_ious(unmoved[:, :, tf.newaxis], shapes), axis=2, output_type=tf.int32)
    box_ids = (cells[..., 1] * grid.columns + cells[..., 0]) * grid.boxes_a_cell + anchor_ids
    present = tf.cast(truth.counts & ~_taken_later(box_ids, truth.counts), tf.float32)
    scales = tf.math.log(tf.maximum(sizes, _LEAST_SIZE) / tf.gather(grid.anchors, anchor_ids))
    # Darknet: small boxes count for up to twice as much, since their errors are small.
    weights = present * (2 - truth.boxes[..., 2] * truth.boxes[..., 3])
    batch_ids = tf.broadcast_to(tf.range(tf.shape(box_ids)[0])[:, tf.newaxis], tf.shape(box_ids))
    shape = [tf.shape(box_ids)[0], grid.rows * grid.columns * grid.boxes_a_cell]
    return _Owners(
        box_ids=box_ids,
        present=present,
        targets=tf.concat([centres - tf.cast(cells, tf.float32), scales], axis=2),
        box_weights=weights[..., tf.newaxis],
        taken=tf.scatter_nd(tf.stack([batch_ids, box_ids], axis=2), present, shape),
    )


def _taken_later(box_ids: Value, counts: Value) -> Value:
    """Tell for each object whether one after it that counts has the same box."""
    order = tf.range(tf.shape(box_ids)[1])
    same = (box_ids[:, :, tf.newaxis] == box_ids[:, tf.newaxis]) & counts[:, tf.newaxis]
    return tf.reduce_any(same & (order[tf.newaxis] > order[:, tf.newaxis]), axis=2)


def _cross_entropy(own: Value, truth: Truth) -> Value:
    logits = own[..., _FIRST_CLASS:]
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=truth.class_ids, logits=logits)


def _halved(weights: Value, errors: Value) -> Value:
    """Return half of the weighted squared errors: their gradients are Darknet's deltas."""
    return _mean(0.5 * weights * tf.square(errors))


def _mean(losses: Value) -> Value:
    """Return the sum over a picture, as the mean of the batch."""
    return tf.reduce_sum(losses) / tf.cast(tf.shape(losses)[0], tf.float32)


def _ious(first: Value, second: Value) -> Value:
    """Return the IoU of boxes (…, 4) given as centre and size, element by element as they broadcast."""
    low = tf.maximum(first[..., :2] - first[..., 2:] / 2, second[..., :2] - second[..., 2:] / 2)
    high = tf.minimum(first[..., :2] + first[..., 2:] / 2, second[..., :2] + second[..., 2:] / 2)
    shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    union = tf.reduce_prod(first[..., 2:], axis=-1) + tf.reduce_prod(second[..., 2:], axis=-1) - shared
    return tf.math.divide_no_nan(shared, union)

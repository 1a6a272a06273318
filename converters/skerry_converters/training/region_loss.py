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
    (`bias_match`), and to all others whose IoU with it is above ``scales.iou_thresh``, which YOLOv2 lacks and later
    Darknets have. Of two objects that share a box, the later has it. The objectness of its boxes is to be their IoU
    with it (`rescore`). ``anchor_pull`` is 1 while boxes without an object are drawn to the middle of their cell and
    to their anchor, as Darknet does for its first 12,800 pictures, else 0.
    """
    grid = _Grid(raw, region)
    logits = tf.reshape(raw, [tf.shape(raw)[0], -1, _FIRST_CLASS + region.classes])
    boxes = tf.stop_gradient(grid.boxes(logits))
    overlaps = _ious(boxes[:, :, tf.newaxis], truth.boxes[:, tf.newaxis])
    owned = _owned(truth, grid, scales.iou_thresh)
    own = tf.gather(logits, owned.box_ids, batch_dims=1)
    fit = _ious(tf.gather(boxes, owned.box_ids, batch_dims=1), owned.boxes)
    object_errors = fit - tf.sigmoid(own[..., _OBJECTNESS])
    free = (1 - owned.taken) * tf.cast(tf.reduce_max(overlaps, axis=2) <= scales.thresh, tf.float32)
    # Darknet: small boxes count for up to twice as much, since their errors are small.
    weights = owned.present * (2 - owned.boxes[..., 2] * owned.boxes[..., 3])
    class_losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=owned.class_ids, logits=own[..., _FIRST_CLASS:]
    )
    return Losses(
        coord=scales.coord_scale * _halved(weights[..., tf.newaxis], _box_values(own) - owned.targets),
        object=scales.object_scale * _halved(owned.present, object_errors),
        noobject=scales.noobject_scale * _halved(free, tf.sigmoid(logits[..., _OBJECTNESS])),
        classes=scales.class_scale * _mean(owned.present * class_losses),
        anchors=anchor_pull * _PULL * _halved(1 - owned.taken[..., tf.newaxis], _box_values(logits) - _AT_ANCHOR),
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
class _Owned:
    """Pairs of an object and a box that it has, or may have.

    ``box_ids`` and ``class_ids``, int32, and ``present``, 1 for a pair that holds, are (batch, pairs); ``boxes`` and
    ``targets`` (batch, pairs, 4) are the object's box and the values that say it. ``taken`` (batch, boxes) is 1 for a
    box that an object has.
    """

    box_ids: Value
    class_ids: Value
    present: Value
    boxes: Value
    targets: Value
    taken: Value


def _owned(truth: Truth, grid: _Grid, iou_thresh: float) -> _Owned:
    count = grid.boxes_a_cell
    centres, sizes = truth.boxes[..., :2] * grid.size, truth.boxes[..., 2:] * grid.size
    cells = tf.minimum(tf.cast(centres, tf.int32), [grid.columns - 1, grid.rows - 1])
    likeness = _likeness(sizes, grid.anchors)
    batch, objects = tf.shape(sizes)[0], tf.shape(sizes)[1]
    every = tf.broadcast_to(tf.range(count)[:, tf.newaxis], [batch, count, objects])
    best = tf.argmax(likeness, axis=1, output_type=tf.int32)[:, tf.newaxis]
    # All anchors that are like an object, and last, to have the last word, the one that is most like it.
    anchor_ids = tf.concat([every, best], axis=1)
    wanted = tf.concat([likeness > iou_thresh, tf.ones_like(best, tf.bool)], axis=1) & truth.counts[:, tf.newaxis]

    def for_each_pair(values: Value) -> Value:
        return tf.tile(values, [1, count + 1, *[1] * (len(values.shape) - 2)])

    cell_ids = cells[..., 1] * grid.columns + cells[..., 0]
    box_ids = tf.reshape(cell_ids[:, tf.newaxis] * count + anchor_ids, [batch, -1])
    wanted = tf.reshape(wanted, [batch, -1])
    present = tf.cast(wanted & ~_taken_later(box_ids, wanted), tf.float32)
    anchors = tf.gather(grid.anchors, tf.reshape(anchor_ids, [batch, -1]))
    scales = tf.math.log(for_each_pair(tf.maximum(sizes, _LEAST_SIZE)) / anchors)
    batch_ids = tf.broadcast_to(tf.range(batch)[:, tf.newaxis], tf.shape(box_ids))
    return _Owned(
        box_ids=box_ids,
        class_ids=for_each_pair(truth.class_ids),
        present=present,
        boxes=for_each_pair(truth.boxes),
        targets=tf.concat([for_each_pair(centres - tf.cast(cells, tf.float32)), scales], axis=2),
        taken=tf.scatter_nd(tf.stack([batch_ids, box_ids], axis=2), present, [batch, grid.rows * grid.columns * count]),
    )


def _likeness(sizes: Value, anchors: Value) -> Value:
    """Return the IoU (batch, anchors, objects) of anchors and of objects' sizes, as if all shared one middle."""
    unmoved = tf.concat([tf.zeros_like(sizes), sizes], axis=2)
    shapes = tf.concat([tf.zeros_like(anchors), anchors], axis=1)
    return _ious(shapes[:, tf.newaxis], unmoved[:, tf.newaxis])


def _taken_later(box_ids: Value, wanted: Value) -> Value:
    """Tell for each pair whether one after it that is wanted has the same box."""
    order = tf.range(tf.shape(box_ids)[1])
    same = (box_ids[:, :, tf.newaxis] == box_ids[:, tf.newaxis]) & wanted[:, tf.newaxis]
    return tf.reduce_any(same & (order[tf.newaxis] > order[:, tf.newaxis]), axis=2)


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

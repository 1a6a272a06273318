"""The region loss against Darknet's own arithmetic, box by box."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf
from msgspec.structs import replace

from skerry_converters.layers import Region
from skerry_converters.training.config import LossPart
from skerry_converters.training.region_loss import Truth, region_loss

ANCHORS = ((0.7, 0.9), (2.5, 1.4), (1.2, 3.0))
CLASSES = 4
ROWS, COLUMNS = 5, 6
Object = tuple[float, float, float, float, int]

YOLOV2 = LossPart(coord_scale=1.5, object_scale=5.0, noobject_scale=0.7, class_scale=2.0, thresh=0.35, iou_thresh=1.0)
LATER = replace(YOLOV2, iou_thresh=0.3)
PLAIN: list[Object] = [(0.31, 0.52, 0.2, 0.3, 1), (0.9, 0.12, 0.45, 0.2, 3)]
SHARING: list[Object] = [(0.31, 0.52, 0.2, 0.3, 1), (0.32, 0.51, 0.21, 0.31, 2)]
AT_THE_EDGE: list[Object] = [(1.0, 1.0, 0.1, 0.1, 0)]


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """`box_iou` of box.c."""

    def overlap(x1: float, w1: float, x2: float, w2: float) -> float:
        return min(x1 + w1 / 2, x2 + w2 / 2) - max(x1 - w1 / 2, x2 - w2 / 2)

    w, h = overlap(a[0], a[2], b[0], b[2]), overlap(a[1], a[3], b[1], b[3])
    if w < 0 or h < 0:
        return 0.0
    return w * h / (a[2] * a[3] + b[2] * b[3] - w * h)


def region_layer_delta(raw: np.ndarray, objects: list[Object], scales: LossPart, *, pull: bool) -> np.ndarray:  # noqa: C901  # as in C
    """Return what `forward_region_layer` and the gradients of its activations give for one picture: minus the gradient.

    Transcribed from Darknet's region_layer.c with bias_match=1, rescore=1 and softmax=1.
    """
    rows, columns = raw.shape[:2]
    x = raw.reshape(rows, columns, len(ANCHORS), 5 + CLASSES).astype(np.float64)
    output = x.copy()
    output[..., [0, 1, 4]] = 1 / (1 + np.exp(-x[..., [0, 1, 4]]))
    powers = np.exp(x[..., 5:])
    output[..., 5:] = powers / powers.sum(axis=-1, keepdims=True)
    delta = np.zeros_like(output)

    def region_box(j: int, i: int, n: int) -> tuple[float, ...]:
        values = output[j, i, n]
        width, height = (math.exp(values[2 + k]) * ANCHORS[n][k] for k in (0, 1))
        return (i + values[0]) / columns, (j + values[1]) / rows, width / columns, height / rows

    def delta_region_box(truth: tuple[float, ...], j: int, i: int, n: int, scale: float) -> float:
        wanted = (
            truth[0] * columns - i,
            truth[1] * rows - j,
            math.log(truth[2] * columns / ANCHORS[n][0]),
            math.log(truth[3] * rows / ANCHORS[n][1]),
        )
        for k in range(4):
            delta[j, i, n, k] = scale * (wanted[k] - output[j, i, n, k])
        return iou(region_box(j, i, n), truth)

    for j in range(rows):
        for i in range(columns):
            for n in range(len(ANCHORS)):
                best = max((iou(region_box(j, i, n), truth[:4]) for truth in objects), default=0.0)
                delta[j, i, n, 4] = scales.noobject_scale * (0 - output[j, i, n, 4])
                if best > scales.thresh:
                    delta[j, i, n, 4] = 0
                if pull:
                    anchor = ((i + 0.5) / columns, (j + 0.5) / rows, ANCHORS[n][0] / columns, ANCHORS[n][1] / rows)
                    delta_region_box(anchor, j, i, n, 0.01)
    for *box, class_id in objects:
        i, j = min(int(box[0] * columns), columns - 1), min(int(box[1] * rows), rows - 1)
        shapes = [(0.0, 0.0, w / columns, h / rows) for w, h in ANCHORS]
        likeness = [iou(shape, (0.0, 0.0, box[2], box[3])) for shape in shapes]
        best = int(np.argmax(likeness))
        # `iou_thresh` of yolo_layer.c in later Darknets.
        others = [n for n, one in enumerate(likeness) if one > scales.iou_thresh and n != best]
        for n in [*others, best]:
            fit = delta_region_box(tuple(box), j, i, n, scales.coord_scale * (2 - box[2] * box[3]))
            delta[j, i, n, 4] = scales.object_scale * (fit - output[j, i, n, 4])
            for k in range(CLASSES):
                delta[j, i, n, 5 + k] = scales.class_scale * ((k == class_id) - output[j, i, n, 5 + k])
    # `gradient_array` of the logistic values; those of classes and sizes are their own.
    delta[..., [0, 1, 4]] *= output[..., [0, 1, 4]] * (1 - output[..., [0, 1, 4]])
    return delta.reshape(raw.shape)


def truth_of(pictures: list[list[Object]], counts: list[list[bool]] | None = None) -> Truth:
    rows = 8
    boxes, class_ids = np.zeros((len(pictures), rows, 4), np.float32), np.zeros((len(pictures), rows), np.int32)
    counted = np.zeros((len(pictures), rows), np.bool_)
    for number, objects in enumerate(pictures):
        for place, (*box, class_id) in enumerate(objects):
            boxes[number, place], class_ids[number, place] = box, class_id
            counted[number, place] = counts[number][place] if counts else True
    return Truth(boxes=tf.constant(boxes), class_ids=tf.constant(class_ids), counts=tf.constant(counted))


def gradient(raw: np.ndarray, truth: Truth, scales: LossPart = YOLOV2, *, pull: bool = False) -> np.ndarray:
    variable = tf.Variable(raw)
    region = Region(inputs=(0,), classes=CLASSES, anchors=ANCHORS, softmax=True)
    with tf.GradientTape() as tape:
        total = region_loss(variable, truth, region, scales, tf.constant(float(pull))).total
    values: np.ndarray = tape.gradient(total, variable).numpy()
    return values


@pytest.fixture
def raw() -> np.ndarray:
    shape = (2, ROWS, COLUMNS, len(ANCHORS) * (5 + CLASSES))
    return np.random.default_rng(4).normal(0, 0.8, shape).astype(np.float32)


@pytest.mark.parametrize("scales", [YOLOV2, LATER], ids=["yolov2", "several_anchors"])
@pytest.mark.parametrize("pull", [False, True], ids=["later", "while_drawn_to_anchors"])
@pytest.mark.parametrize("objects", [PLAIN, SHARING, AT_THE_EDGE, []], ids=["plain", "sharing", "at_the_edge", "none"])
def test_its_gradient_is_darknets_delta(raw: np.ndarray, objects: list[Object], pull: bool, scales: LossPart) -> None:
    pictures = [objects, PLAIN]
    ours = gradient(raw, truth_of(pictures), scales, pull=pull)
    for number, one in enumerate(pictures):
        darknets = -region_layer_delta(raw[number], one, scales, pull=pull) / len(pictures)
        assert np.abs(darknets).max() > 0.05
        assert np.allclose(ours[number], darknets, atol=2e-6)


def test_an_object_that_does_not_count_is_neither_learnt_nor_punished(raw: np.ndarray) -> None:
    # The box that fits it says "object" for sure.
    x, y, n = 2, 3, 1
    values = raw.reshape(2, ROWS, COLUMNS, len(ANCHORS), -1)
    values[:, y, x, n, :5] = (0.0, 0.0, 0.0, 0.0, 4.0)
    fitting = [((x + 0.5) / COLUMNS, (y + 0.5) / ROWS, ANCHORS[n][0] / COLUMNS, ANCHORS[n][1] / ROWS, 2)]
    let_be = gradient(raw, truth_of([fitting, fitting], [[False], [False]]))
    unlabelled = gradient(raw, truth_of([[], []]))
    assert np.array_equal(let_be.reshape(values.shape)[:, y, x, n], np.zeros((2, 5 + CLASSES)))
    assert (unlabelled.reshape(values.shape)[:, y, x, n, 4] > 0).all()


def test_hopeless_values_have_finite_losses() -> None:
    raw = np.full((1, ROWS, COLUMNS, len(ANCHORS) * (5 + CLASSES)), 90.0, np.float32)
    assert np.isfinite(gradient(raw, truth_of([PLAIN]))).all()

"""Decoders for networks from elsewhere, each against a second implementation that looks at one box after the other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.backends.base import BackendError
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    Classification,
    ImageInput,
    Quantization,
    Raw,
    SsdPostprocess,
    Tensor,
    Ultralytics,
)
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.geometry import Size, letterboxed, stretched

IMAGE = ImageInput(width=96, height=64)
NETWORK = Size(96, 64)
CLASSES = 3
BOXES = 12
SEEDS = st.integers(0, 2**32 - 1)
THRESHOLDS = st.sampled_from([0.0, 0.1, 0.5, 0.9])
GEOMETRIES = st.sampled_from([stretched(Size(300, 200), NETWORK), letterboxed(Size(301, 77), NETWORK)])


def tensor(*shape: int, name: str = "y", **more) -> Tensor:
    return Tensor(name=name, shape=shape, layout="N12"[: len(shape)], **more)


def source_box(edges, geometry):
    """Shares of the network's input to pixels of the source, cut off at its edges."""
    placed = []
    for place, edge in enumerate(edges):
        axis = place % 2
        network, picture, source = geometry.network[axis], geometry.picture[axis], geometry.source[axis]
        pixel = (edge * network - (network - picture) / 2) / picture * source
        placed.append(min(max(pixel, 0.0), float(source)))
    return placed


def overlap(one, other):
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return across * down / (areas - across * down)


def slow_ultralytics(raw, geometry, threshold, nms_iou, unit):
    """`non_max_suppression` of ultralytics, single-label, box by box; ``raw`` is (4 + classes, boxes)."""
    found = []
    for column in raw.T.astype(float):
        x, y, w, h, *scores = column
        best = max(range(len(scores)), key=lambda index: scores[index])
        if scores[best] > threshold:
            size = (1, 1) if unit == "share" else NETWORK
            edges = [(x - w / 2) / size[0], (y - h / 2) / size[1], (x + w / 2) / size[0], (y + h / 2) / size[1]]
            found.append((scores[best], best, edges))
    found.sort(key=lambda one: -one[0])
    kept = []
    for score, label, edges in found:
        pixels = [edge * (geometry.network[place % 2]) for place, edge in enumerate(edges)]
        if all(other[1] != label or overlap(pixels, other[3]) <= nms_iou for other in kept):
            kept.append((score, label, edges, pixels))
    return [(score, label, source_box(edges, geometry)) for score, label, edges, _ in kept]


def head(seed, unit="px", spread=0.3):
    random = np.random.default_rng(seed)
    scale = np.tile(NETWORK, 2) if unit == "px" else np.ones(4)
    centres = random.uniform(0.2, 0.8, (2, BOXES))
    sizes = random.uniform(0.05, spread, (2, BOXES))
    boxes = np.concatenate([centres, sizes]) * scale[:, None]
    return np.concatenate([boxes, random.uniform(0, 1, (CLASSES, BOXES))]).astype(np.float32)


def assert_same(found, expected):
    assert len(found) == len(expected)
    assert found.scores.tolist() == pytest.approx([score for score, _, _ in expected], abs=1e-6)
    assert found.class_ids.tolist() == [label for _, label, _ in expected]
    for box, (_, _, wanted) in zip(found.boxes_px.tolist(), expected, strict=True):
        assert box == pytest.approx(wanted, abs=1e-2)


@settings(deadline=None)
@given(SEEDS, THRESHOLDS, GEOMETRIES, st.sampled_from(["px", "share"]))
def test_an_ultralytics_head_gives_what_ultralytics_gives(seed, threshold, geometry, unit):
    raw = head(seed, unit, spread=0.9)
    spec = Ultralytics(classes=CLASSES, unit=unit, nms_iou=0.4)
    decoder = decoder_for(spec, (tensor(1, 4 + CLASSES, BOXES),), IMAGE, threshold)
    found = decoder.decode((raw[np.newaxis],), geometry)
    assert_same(found, slow_ultralytics(raw, geometry, threshold, 0.4, unit))


@pytest.mark.parametrize("apart", [False, True])
def test_an_ultralytics_head_may_have_its_axes_swapped_and_its_scores_apart(apart):
    raw, geometry = head(1), stretched(Size(300, 200), NETWORK)
    spec = Ultralytics(classes=CLASSES, score_threshold=0.3)
    plain = decoder_for(spec, (tensor(1, 7, BOXES),), IMAGE).decode((raw[None],), geometry)
    swapped = raw.T[None]
    if apart:
        outputs = (tensor(1, BOXES, 4), tensor(1, CLASSES, BOXES, name="z"))
        other = decoder_for(spec, outputs, IMAGE).decode((swapped[..., :4], raw[None, 4:]), geometry)
    else:
        other = decoder_for(spec, (tensor(1, BOXES, 7),), IMAGE).decode((swapped,), geometry)
    assert len(plain) > 0
    assert other.scores.tolist() == plain.scores.tolist()
    assert other.boxes_px.tolist() == plain.boxes_px.tolist()


def test_quantized_boxes_and_scores_apart_each_have_a_scale_of_their_own():
    raw, geometry = head(2), stretched(Size(300, 200), NETWORK)
    boxes_scale, scores_scale = Quantization(scale=0.5, zero_point=-128), Quantization(scale=1 / 255, zero_point=-128)
    outputs = (
        tensor(1, 4, BOXES, dtype="int8", quantization=boxes_scale),
        tensor(1, CLASSES, BOXES, name="z", dtype="int8", quantization=scores_scale),
    )
    stored = (
        (np.rint(raw[None, :4] / 0.5) - 128).astype(np.int8),
        (np.rint(raw[None, 4:] * 255) - 128).astype(np.int8),
    )
    spec = Ultralytics(classes=CLASSES, score_threshold=0.3)
    found = decoder_for(spec, outputs, IMAGE).decode(stored, geometry)
    expected = decoder_for(spec, (tensor(1, 7, BOXES),), IMAGE).decode((raw[None],), geometry)
    assert found.class_ids.tolist() == expected.class_ids.tolist()
    assert found.scores == pytest.approx(expected.scores, abs=1 / 255)
    assert found.boxes_px == pytest.approx(expected.boxes_px, abs=2.0)


def slow_ssd(boxes, classes, scores, count, geometry, threshold):
    found = []
    for place in range(int(count)):
        if scores[place] > threshold:
            top, left, bottom, right = boxes[place]
            found.append((scores[place], int(classes[place]), source_box([left, top, right, bottom], geometry)))
    return sorted(found, key=lambda one: -one[0])


@settings(deadline=None)
@given(SEEDS, THRESHOLDS, GEOMETRIES, st.permutations(["boxes", "classes", "scores", "count"]))
def test_ssd_post_processing_is_read_in_the_order_that_the_manifest_says(seed, threshold, geometry, order):
    random = np.random.default_rng(seed)
    corner, size = random.uniform(0, 0.6, (BOXES, 2)), random.uniform(0.1, 0.6, (BOXES, 2))
    values = {
        "boxes": np.concatenate([corner, corner + size], axis=1)[None].astype(np.float32),
        "classes": random.integers(0, CLASSES, (1, BOXES)).astype(np.float32),
        "scores": random.uniform(0, 1, (1, BOXES)).astype(np.float32),
        "count": np.array([random.integers(0, BOXES + 1)], np.float32),
    }
    spec = SsdPostprocess(classes=CLASSES, order=tuple(order))
    outputs = (*(Tensor(name=name, shape=values[name].shape, layout="N12"[: values[name].ndim]) for name in order),)
    found = decoder_for(spec, outputs, IMAGE, threshold).decode(tuple(values[name] for name in order), geometry)
    flat = [values[name][0] for name in ("boxes", "classes", "scores", "count")]
    assert_same(found, slow_ssd(*flat, geometry, threshold))


def ssd_outputs(count=2.0, label=1.0):
    return (
        np.array([[[0, 0, 1, 1], [0, 0, 0.5, 0.5]]], np.float32),
        np.array([[label, label]], np.float32),
        np.array([[0.9, 0.8]], np.float32),
        np.array([count], np.float32),
    )


SSD_TENSORS = (tensor(1, 2, 4), tensor(1, 2), tensor(1, 2), tensor(1))


def test_classes_of_an_ssd_may_begin_at_one():
    spec = SsdPostprocess(classes=CLASSES, first_class=1)
    geometry = stretched(NETWORK, NETWORK)
    found = decoder_for(spec, SSD_TENSORS, IMAGE).decode(ssd_outputs(label=CLASSES), geometry)
    assert found.class_ids.tolist() == [CLASSES - 1] * 2
    with pytest.raises(BackendError, match="no label"):
        decoder_for(spec, SSD_TENSORS, IMAGE).decode(ssd_outputs(label=0), geometry)


@pytest.mark.parametrize("count", [-1.0, 3.0, math.inf])
def test_an_impossible_count_of_objects_is_a_failed_inference(count):
    decoder = decoder_for(SsdPostprocess(classes=CLASSES), SSD_TENSORS, IMAGE)
    with pytest.raises(BackendError, match="impossible"):
        decoder.decode(ssd_outputs(count=count), stretched(NETWORK, NETWORK))


def slow_softmax(values):
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


@settings(deadline=None)
@given(SEEDS, THRESHOLDS, st.sampled_from(["none", "softmax", "sigmoid"]), st.integers(1, 9))
def test_a_classification_is_the_best_classes_over_the_whole_picture(seed, threshold, activation, top_k):
    values = np.random.default_rng(seed).uniform(0 if activation == "none" else -3, 1, (1, 8)).astype(np.float32)
    spec = Classification(classes=8, activation=activation, top_k=top_k)
    geometry = letterboxed(Size(301, 77), NETWORK)
    found = decoder_for(spec, (tensor(1, 8),), IMAGE, threshold).decode((values,), geometry)
    plain = values[0].tolist()
    scores = {
        "none": plain,
        "softmax": slow_softmax(plain),
        "sigmoid": [1 / (1 + math.exp(-value)) for value in plain],
    }[activation]
    ranked = sorted(range(8), key=lambda index: -scores[index])[:top_k]
    expected = [(scores[index], index, [0, 0, 301, 77]) for index in ranked if scores[index] > threshold]
    assert_same(found, expected)
    assert (found.boxes_px.dtype, found.scores.dtype, found.class_ids.dtype) == (np.float32, np.float32, np.int64)


def test_a_quantized_classification_means_what_its_scale_says():
    spec = Classification(classes=3, score_threshold=0.2)
    output = tensor(1, 3, dtype="uint8", quantization=Quantization(scale=1 / 256, zero_point=0))
    found = decoder_for(spec, (output,), IMAGE).decode(
        (np.array([[10, 200, 60]], np.uint8),), stretched(NETWORK, NETWORK)
    )
    assert found.class_ids.tolist() == [1, 2]
    assert found.scores.tolist() == pytest.approx([200 / 256, 60 / 256])


@pytest.mark.parametrize(
    ("spec", "raw", "outputs"),
    [
        (Ultralytics(classes=3), np.zeros((1, 7, 4), np.float32), (tensor(1, 7, 5),)),
        (Classification(classes=3), np.zeros((1, 4), np.float32), (tensor(1, 3),)),
    ],
)
def test_an_output_of_another_shape_is_a_failed_inference(spec, raw, outputs):
    with pytest.raises(BackendError, match="does not fit"):
        decoder_for(spec, outputs, IMAGE).decode((raw,), stretched(NETWORK, NETWORK))


@pytest.mark.parametrize(
    ("spec", "outputs", "what"),
    [
        (Ultralytics(classes=3), (tensor(1, 8, 12),), "7 values a box"),
        (Ultralytics(classes=3), (tensor(2, 7, 12),), "7 values a box"),
        (Ultralytics(classes=3), (tensor(1, 4, 12), tensor(1, 4, 12)), "3 values a box"),
        (Ultralytics(classes=3), (tensor(1, 7, 12),) * 3, "boxes and scores"),
        (SsdPostprocess(classes=3), SSD_TENSORS[:3], "outputs"),
        (SsdPostprocess(classes=3, order=("scores", "boxes", "count", "classes")), SSD_TENSORS, "order"),
        (SsdPostprocess(classes=3, order=("boxes", "boxes", "scores", "count")), SSD_TENSORS, "each named once"),
        (Classification(classes=3), (tensor(1, 4),), "one value a class"),
        (Classification(classes=3), (tensor(1, 3), tensor(1, 3)), "outputs"),
        (Raw(), (tensor(1, 3),), "no detector"),
    ],
)
def test_outputs_that_the_decoder_cannot_read_are_refused(spec, outputs, what):
    with pytest.raises(BundleError, match=what):
        decoder_for(spec, outputs, IMAGE)

"""Region and yolo decoders against a second implementation: Darknet's C, box by box, in plain Python."""

import math
import warnings
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.backends.base import BackendError
from skerry_edge.contracts.errors import BundleError
from skerry_edge.contracts.manifest import (
    ImageInput,
    MicroWakeWord,
    Quantization,
    Tensor,
    YoloHead,
    YoloRegion,
    YoloScale,
)
from skerry_edge.foundation.errors import ConfigError
from skerry_edge.vision.decoders.registry import decoder_for
from skerry_edge.vision.geometry import Geometry, Size, letterboxed, stretched

IMAGE = ImageInput(width=96, height=64)
NETWORK = Size(96, 64)
CLASSES = 3
ANCHORS = ((1.25, 0.8), (2.5, 1.5))
ANCHORS_PX = ((40.0, 25.5), (80.0, 48.0))
VALUES = 5 + CLASSES
NEVER = 1.0
"""No two boxes have an IoU above it, so nothing is suppressed."""


class Found(NamedTuple):
    class_id: int
    score: float
    box: tuple[float, float, float, float]


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0


def class_probabilities(logits: list[float], *, softmax: bool) -> list[float]:
    if not softmax:
        return [logistic(value) for value in logits]
    powers = [math.exp(value - max(logits)) for value in logits]
    return [power / sum(powers) for power in powers]


def to_pixels(centre: tuple[float, float], size: tuple[float, float], geometry: Geometry) -> tuple[float, ...]:
    """`correct_region_boxes` (region_layer.c) for absolute boxes, then corners inside the picture."""
    corners = []
    for axis in (0, 1):
        network, picture, source = geometry.network[axis], geometry.picture[axis], geometry.source[axis]
        middle = (centre[axis] - (network - picture) / 2.0 / network) / (picture / network) * source
        extent = size[axis] * network / picture * source
        corners.append([min(max(middle + sign * extent / 2, 0.0), float(source)) for sign in (-1, 1)])
    return corners[0][0], corners[1][0], corners[0][1], corners[1][1]


def slow_decode(raw, anchors, unit, geometry, threshold, *, softmax, scale_x_y=1.0) -> list[Found]:
    """`get_region_detections` / `get_yolo_detections` over a raw (channels, h, w) output.

    ``unit`` is what anchors are measured in: the grid for region layers, the network's input for yolo layers.
    """
    found = []
    _, height, width = raw.shape
    for row in range(height):
        for column in range(width):
            for number, anchor in enumerate(anchors):
                x, y, w, h, objectness, *logits = (
                    float(value) for value in raw[number * VALUES : (number + 1) * VALUES, row, column]
                )
                middle = (scale_x_y - 1) / 2
                centre = (
                    (column + logistic(x) * scale_x_y - middle) / width,
                    (row + logistic(y) * scale_x_y - middle) / height,
                )
                size = (math.exp(w) * anchor[0] / unit[0], math.exp(h) * anchor[1] / unit[1])
                for class_id, probability in enumerate(class_probabilities(logits, softmax=softmax)):
                    score = logistic(objectness) * probability
                    if score > threshold:
                        found.append(Found(class_id, score, to_pixels(centre, size, geometry)))
    return found


def matches(one: Found, other: Found) -> bool:
    return (
        one.class_id == other.class_id
        and one.score == pytest.approx(other.score, rel=1e-4, abs=1e-6)
        and one.box == pytest.approx(other.box, rel=1e-4, abs=2e-3)
    )


def assert_same(detections, expected: list[Found], threshold: float) -> None:
    """Hold both ways, but for scores so near the threshold that rounding decides."""
    edges = [tuple(box) for box in detections.boxes_px.tolist()]
    got = list(map(Found, detections.class_ids.tolist(), detections.scores.tolist(), edges))
    for one in got:
        assert any(matches(one, other) for other in expected), one
    for one in expected:
        if one.score > threshold * 1.0001:
            assert any(matches(one, other) for other in got), one
    assert detections.scores.tolist() == sorted(detections.scores.tolist(), reverse=True)


def tensor(height: int, width: int, *, layout: str = "NCHW", name: str = "y", **more) -> Tensor:
    channels = len(ANCHORS) * VALUES
    shape = (1, channels, height, width) if layout == "NCHW" else (1, height, width, channels)
    return Tensor(name=name, shape=shape, layout=layout, **more)


def region(**changes) -> YoloRegion:
    return YoloRegion(**{"classes": CLASSES, "anchors": ANCHORS, "nms_iou": NEVER, "score_threshold": 0.2, **changes})


def raw_values(seed: int, *, height: int = 2, width: int = 3, spread: float = 3.0) -> np.ndarray:
    shape = (1, len(ANCHORS) * VALUES, height, width)
    return np.random.default_rng(seed).normal(0, spread, shape).astype(np.float32)


SEEDS = st.integers(0, 2**32 - 1)
THRESHOLDS = st.sampled_from([0.0, 0.005, 0.2, 0.5, 0.9, 1.0])
GEOMETRIES = st.sampled_from([stretched(Size(300, 200), NETWORK), letterboxed(Size(301, 77), NETWORK)])


@settings(deadline=None)
@given(SEEDS, THRESHOLDS, GEOMETRIES, st.booleans())
def test_a_region_layer_decodes_as_darknet_does(seed, threshold, geometry, softmax):
    raw = raw_values(seed)
    decoder = decoder_for(region(softmax=softmax), (tensor(2, 3),), IMAGE, threshold)
    expected = slow_decode(raw[0], ANCHORS, (3, 2), geometry, threshold, softmax=softmax)
    assert_same(decoder.decode((raw,), geometry), expected, threshold)


@settings(max_examples=40, deadline=None)
@given(SEEDS, THRESHOLDS, GEOMETRIES, st.sampled_from([1.0, 1.05, 1.2]))
def test_yolo_layers_decode_as_darknet_does(seed, threshold, geometry, scale_x_y):
    raws = raw_values(seed), raw_values(seed + 1, height=4, width=6)
    spec = YoloHead(
        classes=CLASSES,
        scales=(YoloScale(anchors_px=ANCHORS_PX, scale_x_y=scale_x_y), YoloScale(anchors_px=ANCHORS)),
        nms_iou=NEVER,
    )
    decoder = decoder_for(spec, (tensor(2, 3), tensor(4, 6, name="z")), IMAGE, threshold)
    expected = slow_decode(
        raws[0][0], ANCHORS_PX, NETWORK, geometry, threshold, softmax=False, scale_x_y=scale_x_y
    ) + slow_decode(raws[1][0], ANCHORS, NETWORK, geometry, threshold, softmax=False)
    assert_same(decoder.decode(raws, geometry), expected, threshold)


def test_channels_may_come_last():
    raw, geometry = raw_values(1), stretched(Size(300, 200), NETWORK)
    planar = decoder_for(region(), (tensor(2, 3),), IMAGE).decode((raw,), geometry)
    interleaved = decoder_for(region(), (tensor(2, 3, layout="NHWC"),), IMAGE)
    other = interleaved.decode((np.ascontiguousarray(raw.transpose(0, 2, 3, 1)),), geometry)
    assert len(planar) > 0
    assert sorted(zip(planar.scores.tolist(), planar.boxes_px.tolist(), strict=True)) == sorted(
        zip(other.scores.tolist(), other.boxes_px.tolist(), strict=True)
    )


@pytest.mark.parametrize(("dtype", "zero_point"), [("int8", 11), ("uint8", 140)])
def test_a_quantized_output_means_what_its_scale_says(dtype, zero_point):
    geometry = stretched(Size(300, 200), NETWORK)
    limits = np.iinfo(dtype)
    stored = np.random.default_rng(2).integers(limits.min, limits.max, (1, 16, 2, 3), endpoint=True).astype(dtype)
    quantized = tensor(2, 3, dtype=dtype, quantization=Quantization(scale=0.05, zero_point=zero_point))
    real = ((stored.astype(np.float64) - zero_point) * 0.05).astype(np.float32)
    expected = decoder_for(region(), (tensor(2, 3),), IMAGE).decode((real,), geometry)
    got = decoder_for(region(), (quantized,), IMAGE).decode((stored,), geometry)
    assert len(expected) > 0
    assert got.class_ids.tolist() == expected.class_ids.tolist()
    assert got.scores == pytest.approx(expected.scores, abs=1e-5)
    assert got.boxes_px == pytest.approx(expected.boxes_px, abs=1e-2)


def test_one_box_can_be_several_objects():
    raw = np.full((1, 16, 1, 1), -20, np.float32)
    raw[0, 4:8, 0, 0] = [9, 0, 0, -9]
    spec = YoloHead(classes=CLASSES, scales=(YoloScale(anchors_px=ANCHORS_PX),), score_threshold=0.4)
    found = decoder_for(spec, (tensor(1, 1),), IMAGE).decode((raw,), stretched(NETWORK, NETWORK))
    assert sorted(found.class_ids.tolist()) == [0, 1]
    assert np.array_equal(found.boxes_px[0], found.boxes_px[1])


def test_overlapping_boxes_of_a_class_are_suppressed():
    raw = np.full((1, 16, 1, 2), -20, np.float32)
    raw[0, :2] = raw[0, 2:4] = 0
    raw[0, 0, 0] = [9, -9]  # both centres on the line between the two cells
    raw[0, 4, 0] = [9, 4]
    raw[0, 5, 0] = 9
    geometry = stretched(NETWORK, NETWORK)
    both = decoder_for(region(), (tensor(1, 2),), IMAGE).decode((raw,), geometry)
    best = decoder_for(region(nms_iou=0.45), (tensor(1, 2),), IMAGE).decode((raw,), geometry)
    assert len(both) == 2
    assert best.scores.tolist() == both.scores[:1].tolist()


def test_results_have_the_documented_types_even_when_nothing_is_found():
    geometry = stretched(Size(300, 200), NETWORK)
    decoder = decoder_for(region(), (tensor(2, 3),), IMAGE)
    for raw in (raw_values(3), np.full((1, 16, 2, 3), -30, np.float32)):
        found = decoder.decode((raw,), geometry)
        assert (found.boxes_px.dtype, found.boxes_px.shape) == (np.float32, (len(found), 4))
        assert (found.scores.dtype, found.scores.shape) == (np.float32, (len(found),))
        assert (found.class_ids.dtype, found.class_ids.shape) == (np.int64, (len(found),))


@pytest.mark.parametrize("spread", [1e3, 1e30])
@pytest.mark.parametrize("softmax", [True, False])
def test_huge_values_give_finite_boxes_inside_the_picture_and_no_warning(spread, softmax):
    raw = raw_values(4, spread=spread)
    geometry = letterboxed(Size(301, 77), NETWORK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        decoder = decoder_for(region(nms_iou=0.45, softmax=softmax), (tensor(2, 3),), IMAGE)
        found = decoder.decode((raw,), geometry)
    assert len(found) > 0
    assert np.isfinite(found.scores).all()
    assert (found.boxes_px >= 0).all()
    assert (found.boxes_px <= [301, 77, 301, 77]).all()


def test_the_manifest_gives_the_threshold_that_the_caller_does_not():
    raw, geometry = raw_values(5), stretched(Size(300, 200), NETWORK)
    by_manifest = decoder_for(region(score_threshold=0.5), (tensor(2, 3),), IMAGE).decode((raw,), geometry)
    by_caller = decoder_for(region(), (tensor(2, 3),), IMAGE, 0.5).decode((raw,), geometry)
    assert by_manifest.scores.tolist() == by_caller.scores.tolist()
    assert by_manifest.scores.min() > 0.5


@pytest.mark.parametrize("threshold", [-0.1, 1.1, math.nan])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        decoder_for(region(), (tensor(2, 3),), IMAGE, threshold)


def test_an_output_of_another_shape_is_a_failed_inference():
    decoder = decoder_for(region(), (tensor(2, 3),), IMAGE)
    with pytest.raises(BackendError, match="does not fit"):
        decoder.decode((np.zeros((1, 16, 3, 2), np.float32),), stretched(NETWORK, NETWORK))


@pytest.mark.parametrize(
    ("spec", "outputs", "what"),
    [
        (region(), (Tensor(name="y", shape=(1, 15, 2, 3), layout="NCHW"),), "channels"),
        (region(), (Tensor(name="y", shape=(2, 16, 2, 3), layout="NCHW"),), "channels"),
        (region(), (Tensor(name="y", shape=(1, 16, 6), layout="NCT"),), "NCHW or NHWC"),
        (region(), (tensor(2, 3), tensor(4, 6)), "outputs"),
        (YoloHead(classes=3, scales=(YoloScale(anchors_px=ANCHORS_PX),) * 2), (tensor(2, 3),), "outputs"),
        (MicroWakeWord(probability_cutoff=0.9, sliding_window_size=5), (tensor(2, 3),), "no detector"),
    ],
)
def test_outputs_that_the_decoder_cannot_read_are_refused(spec, outputs, what):
    with pytest.raises(BundleError, match=what):
        decoder_for(spec, outputs, IMAGE)

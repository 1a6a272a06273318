"""TinyYOLOv2 with a width factor."""

from __future__ import annotations

import pytest

from skerry_converters.layers import Convolution, MaxPool, Shape
from skerry_converters.shapes import infer_shapes
from skerry_converters.training.architecture import tiny_yolo_v2

ANCHORS = ((1.0, 1.0),) * 5


def parameters(width: float) -> int:
    network = tiny_yolo_v2(20, ANCHORS, width=width)
    count, channels = 0, 3
    for layer in network.layers:
        if isinstance(layer, Convolution):
            count += layer.filters * (channels * layer.size**2 + (2 if layer.batch_normalize else 1))
            channels = layer.filters
    return count


def test_it_has_nine_convolutions_six_pools_and_one_head() -> None:
    layers = tiny_yolo_v2(20, ANCHORS).layers
    assert sum(isinstance(one, Convolution) for one in layers) == 9
    assert [one.stride for one in layers if isinstance(one, MaxPool)] == [2, 2, 2, 2, 2, 1]


def test_its_output_has_a_cell_for_32_pixels() -> None:
    network = tiny_yolo_v2(20, ANCHORS, side_px=416)
    (output,) = network.outputs
    assert infer_shapes(network)[output] == Shape(125, 13, 13)


@pytest.mark.parametrize(("width", "count"), [(1.0, 15_861_773), (0.25, 1_020_237)])
def test_a_width_decides_the_number_of_parameters(width: float, count: int) -> None:
    assert parameters(width) == count


def test_no_convolution_has_fewer_than_sixteen_filters() -> None:
    filters = [one.filters for one in tiny_yolo_v2(1, ANCHORS, width=0.01).layers if isinstance(one, Convolution)]
    assert filters == [16] * 8 + [30]

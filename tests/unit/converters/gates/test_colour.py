"""Whether red and blue are expected the other way round."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.gates.colour import INPUTS, colour_meter
from skerry_edge.contracts.manifest import AudioInput, ImageInput, Tensor

PLANAR = Tensor(name="image", shape=(1, 3, 2, 2), layout="NCHW")
PACKED = Tensor(name="image", shape=(1, 2, 2, 3), layout="NHWC")
COLOUR = ImageInput(width=2, height=2)


@pytest.mark.parametrize("tensor", [PLANAR, PACKED])
def test_the_first_and_last_channel_change_places_and_nothing_else(tensor: Tensor) -> None:
    meter = colour_meter(COLOUR, tensor, 1)
    assert meter is not None
    values = np.arange(12, dtype=np.float32).reshape(tensor.shape)
    axis = tensor.layout.index("C")
    exchanged = meter.exchanged(values)
    for own, other in ((0, 2), (1, 1), (2, 0)):
        assert np.array_equal(exchanged.take(own, axis), values.take(other, axis))


def test_networks_without_colours_are_not_asked() -> None:
    grey = Tensor(name="image", shape=(1, 1, 2, 2), layout="NCHW")
    assert colour_meter(ImageInput(width=2, height=2, colour="grey"), grey, 1) is None
    assert colour_meter(AudioInput(), Tensor(name="x", shape=(1, 3, 40), layout="NTC"), 1) is None


def test_the_ratios_are_those_of_both_ways_over_all_outputs() -> None:
    meter = colour_meter(COLOUR, PLANAR, 2)
    assert meter is not None
    signal = [np.full(4, 10.0), np.full(4, 10.0)]
    for _ in range(INPUTS):
        assert meter.wants_more
        meter.add(signal, [np.full(4, 9.0), np.full(4, 10.1)], [np.full(4, 10.1), np.full(4, 10.1)])
    assert not meter.wants_more
    figures = meter.figures()
    assert figures.inputs == INPUTS
    assert figures.fed_db == pytest.approx((20 + 40) / 2)
    assert figures.exchanged_db == pytest.approx(40)


def test_values_that_are_no_numbers_are_the_worst_and_an_exact_output_the_best() -> None:
    meter = colour_meter(COLOUR, PLANAR, 1)
    assert meter is not None
    meter.add([np.ones(4)], [np.ones(4)], [np.array([1.0, np.nan, 1.0, 1.0])])
    figures = meter.figures()
    assert -1000 < figures.exchanged_db < -100
    assert 100 < figures.fed_db < 1000

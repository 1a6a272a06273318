"""A layer's error over several inputs is the ratio of all their signal to all their noise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from skerry_converters.layer_errors.meter import LEAST_DB, LayerMeter
from skerry_converters.layer_errors.report import LayerError, LayerErrors


def test_signal_and_noise_of_all_inputs_are_added_up() -> None:
    meter = LayerMeter(1)
    meter.add([np.full(4, 10.0, np.float32)], [np.full(4, 11.0, np.float32)])
    meter.add([np.zeros(4, np.float32)], [np.full(4, 3.0, np.float32)])
    assert meter.ratios_db() == [pytest.approx(10 * math.log10(400 / 40))]


def test_layers_do_not_mix_and_an_exact_one_is_infinite() -> None:
    meter = LayerMeter(2)
    one = np.array([1.0, 2.0])
    meter.add([one, one], [one, one + 1])
    assert meter.ratios_db() == [math.inf, pytest.approx(10 * math.log10(5 / 2))]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_the_worst_whatever_follows(value: float) -> None:
    meter = LayerMeter(1)
    meter.add([np.ones(2)], [np.array([1.0, value])])
    meter.add([np.ones(2)], [np.ones(2)])
    assert meter.ratios_db() == [LEAST_DB]


def test_noise_without_any_signal_is_the_worst_too() -> None:
    meter = LayerMeter(1)
    meter.add([np.zeros(2)], [np.ones(2)])
    assert meter.ratios_db() == [LEAST_DB]


def test_half_precision_is_compared_in_full() -> None:
    meter = LayerMeter(1)
    meter.add([np.full(10_000, 200.0, np.float32)], [np.full(10_000, 200.0, np.float16)])
    assert meter.ratios_db() == [math.inf]


def test_values_of_another_shape_have_no_error() -> None:
    meter = LayerMeter(1)
    meter.add([np.ones((1, 2))], [np.ones((2, 1))])
    assert meter.ratios_db() == [None]


def test_the_first_layer_below_a_floor_is_found_in_the_files_order() -> None:
    def layer(name: str, sqnr_db: float | None) -> LayerError:
        return LayerError(name=name, kind="Conv", sqnr_db=sqnr_db)

    found = LayerErrors(layers=(layer("a", None), layer("b", 6.0), layer("c", 5.9), layer("d", -3.0)), multiplying=4)
    first = found.first_below(6.0)
    assert first is not None
    assert first.name == "c"
    assert found.first_below(-10.0) is None

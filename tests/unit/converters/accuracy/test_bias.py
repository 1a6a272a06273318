"""Bias correction and the statistics that it and equalisation take."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from skerry_converters.accuracy.bias import corrected, rounded
from skerry_converters.accuracy.float_graph import Weights
from skerry_converters.accuracy.statistics import channel_statistics, histograms


def with_rounded_kernels(graph, weights):
    """What a runtime computes whose activations are exact and whose weights are int8."""
    kernels = {
        name: Weights(kernel=rounded(one.kernel.astype(np.float64)).astype(np.float32), bias=one.bias)
        for name, one in weights.items()
    }
    return graph.rewritten(kernels, graph.path)


def test_each_layer_gives_the_mean_again_that_rounding_had_moved(lopsided, samples):
    single = type(lopsided)([lopsided.multipliers[0]])
    means = channel_statistics(single, single.watch, samples).means
    plain = {one.name: one.weights for one in single.multipliers}
    wanted, moved, mended = (
        np.mean([graph.run(sample)["first"] for sample in samples], axis=(0, 1, 3, 4))
        for graph in (
            single,
            with_rounded_kernels(single, plain),
            with_rounded_kernels(single, corrected(single, means)),
        )
    )
    assert np.abs(moved - wanted).max() > 1e-3
    assert mended == pytest.approx(wanted, abs=1e-3 * np.abs(moved - wanted).max())


def test_a_layer_that_can_have_no_bias_is_left_out(lopsided, samples):
    lopsided.multipliers = tuple(dataclasses.replace(one, has_bias=False) for one in lopsided.multipliers)
    means = channel_statistics(lopsided, lopsided.watch, samples).means
    assert corrected(lopsided, means) == {}


def test_peaks_are_those_behind_the_activation(lopsided, samples):
    peaks = channel_statistics(lopsided, lopsided.watch, samples).peaks["first"]
    values = np.concatenate([lopsided.run(sample)["first"].reshape(4, -1) for sample in samples], axis=1)
    assert peaks == pytest.approx(np.abs(np.where(values > 0, values, 0.1 * values)).max(axis=1), rel=1e-5)


def test_histograms_count_every_value_once_between_the_ends(lopsided, samples):
    counted = histograms(lopsided, lopsided.watch, samples)
    values = np.concatenate([lopsided.run(sample)["middle"].ravel() for sample in samples])
    assert counted["middle"].counts.sum() == values.size
    assert (counted["middle"].low, counted["middle"].high) == pytest.approx((values.min(), values.max()), rel=1e-6)
    mean = float((counted["middle"].counts * counted["middle"].centres).sum() / values.size)
    assert mean == pytest.approx(values.mean(), abs=(values.max() - values.min()) / 2048)


def test_a_tensor_of_one_value_has_no_histogram(lopsided, samples):
    lopsided.multipliers[2].weights.kernel[:] = 0
    lopsided.multipliers[2].weights.bias[:] = 5
    assert set(histograms(lopsided, lopsided.watch, samples)) == {"first", "middle"}

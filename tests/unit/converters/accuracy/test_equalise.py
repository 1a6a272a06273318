"""Cross-layer equalisation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skerry_converters.accuracy.equalise import equalise
from skerry_converters.accuracy.statistics import channel_statistics


def test_the_outputs_stay_what_they_were(lopsided, samples):
    equal = lopsided.rewritten(equalise(lopsided), Path("equal.onnx"))
    for sample in samples:
        before, after = lopsided.run(sample)["last"], equal.run(sample)["last"]
        assert np.allclose(before, after, rtol=1e-5, atol=1e-5 * np.abs(before).max())


def test_the_channels_between_two_layers_get_one_size(lopsided):
    equal = lopsided.rewritten(equalise(lopsided), Path("equal.onnx"))
    first, middle, last = (one.weights.kernel for one in equal.multipliers)
    sides = [
        (np.abs(first).max(axis=(1, 2, 3)), np.abs(middle).max(axis=(1, 2, 3))),
        (np.abs(middle).max(axis=(1, 2, 3)), np.abs(last).max(axis=(0, 2, 3))),
    ]
    for before, after in sides:
        assert before == pytest.approx(after, rel=0.05)


def test_with_activations_it_is_their_peaks_that_meet_the_weights(lopsided, samples):
    peaks = channel_statistics(lopsided, lopsided.watch, samples).peaks
    equal = lopsided.rewritten(equalise(lopsided, peaks), Path("equal.onnx"))
    seen = channel_statistics(equal, equal.watch, samples).peaks["middle"]
    last = np.abs(equal.multipliers[2].weights.kernel).max(axis=(0, 2, 3))
    assert seen == pytest.approx(last, rel=0.05)


def test_a_dead_channel_is_left_alone(lopsided):
    first = lopsided.multipliers[0]
    first.weights.kernel[1] = 0
    changed = equalise(lopsided)
    assert not changed["first"].kernel[1].any()
    assert changed["first"].bias[1] == first.weights.bias[1]
    assert all(np.isfinite(one.kernel).all() for one in changed.values())


def test_a_network_without_links_gets_no_new_weights(lopsided):
    lopsided.links = ()
    assert equalise(lopsided) == {}

"""Samples brought to the size of a network's input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from skerry_converters.training.fitting import fitted
from skerry_converters.training.samples import Sample


def wide(sample: Callable[..., Sample]) -> Sample:
    one = sample((32, 16, 96, 48), side=128)
    return Sample(pixels=one.pixels[:64], boxes_px=one.boxes_px, class_ids=one.class_ids, counts=one.counts)


def test_a_stretched_picture_fills_the_input(sample: Callable[..., Sample]) -> None:
    new = fitted(wide(sample), 64, "stretch")
    assert new.pixels.shape == (64, 64, 3)
    assert new.boxes_px.tolist() == [[16, 16, 48, 48]]
    assert (new.pixels[20:44, 20:44] == 255).all()


def test_a_letterboxed_picture_keeps_its_proportions(sample: Callable[..., Sample]) -> None:
    new = fitted(wide(sample), 64, "letterbox")
    assert new.boxes_px.tolist() == [[16, 24, 48, 40]]
    assert (new.pixels[:16] == 127).all()
    assert (new.pixels[26:38, 20:44] == 255).all()


def test_a_picture_of_the_right_size_is_left_alone(sample: Callable[..., Sample]) -> None:
    one = sample((1, 2, 30, 40))
    assert np.array_equal(fitted(one, 64, "stretch").pixels, one.pixels)

"""Samples moved, enlarged, mirrored, recoloured and put together: boxes stay on what they are of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from skerry_converters.training.augmentation import augmented
from skerry_converters.training.config import AugmentationPart
from skerry_converters.training.samples import Sample

NOTHING = AugmentationPart()


def white_extent(sample: Sample) -> list[float]:
    """Return the box of what is white in a picture."""
    rows, columns = np.nonzero(sample.pixels[..., 0] > 172)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_nothing_changes_where_nothing_may(sample: Callable[..., Sample]) -> None:
    one = sample((10, 20, 30, 50))
    same = augmented([one], 64, (1.0, 1.0), NOTHING, np.random.default_rng(0))
    assert np.array_equal(same.pixels, one.pixels)
    assert np.array_equal(same.boxes_px, one.boxes_px)


@pytest.mark.parametrize("part", [NOTHING, AugmentationPart(flip=True), AugmentationPart(shift=0.2)])
@pytest.mark.parametrize("zoom", [(0.5, 0.9), (1.0, 1.8)])
@pytest.mark.parametrize("side", [64, 96])
def test_a_box_stays_on_its_object(
    sample: Callable[..., Sample], part: AugmentationPart, zoom: tuple[float, float], side: int
) -> None:
    random = np.random.default_rng(1)
    seen = 0
    for _ in range(60):
        new = augmented([sample((20, 24, 36, 44))], side, zoom, part, random)
        assert new.pixels.shape == (side, side, 3)
        if len(new.boxes_px):
            seen += 1
            assert np.allclose(new.boxes_px[0], white_extent(new), atol=1.01)
    assert seen > 40


def test_half_of_the_pictures_are_mirrored_where_that_is_asked_for(sample: Callable[..., Sample]) -> None:
    random = np.random.default_rng(2)
    part = AugmentationPart(flip=True)
    lefts = [augmented([sample((4, 8, 20, 24))], 64, (1.0, 1.0), part, random).boxes_px[0, 0] for _ in range(200)]
    assert set(lefts) == {4.0, 44.0}
    assert 60 < lefts.count(44.0) < 140


def test_an_object_that_is_mostly_cut_off_does_not_count_and_a_sliver_is_dropped(sample: Callable[..., Sample]) -> None:
    random = np.random.default_rng(3)
    shown = []
    for _ in range(300):
        new = augmented([sample((0, 24, 16, 40))], 64, (1.0, 1.0), AugmentationPart(shift=0.3), random)
        shown += [(box[2] - box[0], counts) for box, counts in zip(new.boxes_px, new.counts, strict=True)]
    assert all(counts == (width >= 8) for width, counts in shown if abs(width - 8) > 0.01)
    assert min(width for width, _ in shown) >= 16 * 0.15 - 0.01
    assert min(width for width, _ in shown) < 6


def test_a_mosaic_shows_four_pictures_with_their_objects_in_their_places(sample: Callable[..., Sample]) -> None:
    random = np.random.default_rng(4)
    found: set[int] = set()
    for _ in range(40):
        four = [sample((16, 16, 48, 48), class_ids=[number]) for number in range(4)]
        new = augmented(four, 128, (1.0, 1.0), NOTHING, random)
        assert len(new.boxes_px) == len(new.class_ids) == len(new.counts)
        for box, class_id in zip(new.boxes_px, new.class_ids.tolist(), strict=True):
            x, y = ((box[:2] + box[2:]) / 2).astype(int)
            assert new.pixels[y, x, 0] == 255
            # The cut lies between 0.3 and 0.7 of each side.
            if abs(x - 64) > 26:
                assert (class_id >= 2) == (x > 64)
            if abs(y - 64) > 26:
                assert (class_id % 2 == 1) == (y > 64)
            found.add(class_id)
    assert found == {0, 1, 2, 3}


def test_colours_change_within_their_bounds_and_grey_stays_grey_under_a_turned_hue(
    sample: Callable[..., Sample],
) -> None:
    random = np.random.default_rng(5)
    levels = []
    for _ in range(100):
        grey = augmented([sample()], 64, (1.0, 1.0), AugmentationPart(hue=90, saturation=2.0), random)
        assert np.abs(grey.pixels.astype(int) - 90).max() <= 1
        bright = augmented([sample()], 64, (1.0, 1.0), AugmentationPart(exposure=1.5), random)
        levels.append(int(bright.pixels[0, 0, 0]))
    assert 60 <= min(levels) < 70
    assert 120 < max(levels) <= 135


def test_a_hue_is_really_turned(sample: Callable[..., Sample]) -> None:
    red = sample()
    red.pixels[:] = (20, 20, 200)
    random = np.random.default_rng(6)
    turned = [augmented([red], 64, (1.0, 1.0), AugmentationPart(hue=120), random).pixels[0, 0] for _ in range(50)]
    assert any(pixel[2] < 60 for pixel in turned)

"""Random choices are decided by their key alone, today and with any numpy."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.rendering.draws import Draws


def test_the_stream_of_a_key_is_this_one_with_every_version_of_numpy() -> None:
    draws = Draws("scene", "train", 1, 2)
    assert [round(draws.share(), 12) for _ in range(3)] == [0.969548988728, 0.132444733285, 0.782515706492]


def test_a_grid_is_the_same_stream_as_single_numbers() -> None:
    one_by_one, at_once = Draws("grid"), Draws("grid")
    numbers = np.array([one_by_one.share() for _ in range(6)], np.float32).reshape(2, 3)
    assert np.array_equal(at_once.grid(2, 3), numbers)


def test_keys_that_differ_in_one_part_give_streams_of_their_own() -> None:
    keys = [("a", 1), ("a", 2), ("b", 1), ("a", 1, "c"), ("a1",), ("a", "1", "")]
    assert len({Draws(*key).share() for key in keys}) == len(keys)


def test_a_part_is_not_moved_by_what_is_drawn_beside_it() -> None:
    first, second = Draws("scene"), Draws("scene")
    for _ in range(7):
        second.share()
    assert first.apart("lens").share() == second.apart("lens").share()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_whole_numbers_cover_their_range_evenly(count: int) -> None:
    draws = Draws("below", count)
    drawn = np.bincount([draws.below(count) for _ in range(700 * count)], minlength=count)
    assert len(drawn) == count
    assert drawn.min() > 550


def test_weights_are_kept() -> None:
    draws = Draws("weights")
    drawn = [draws.weighted((("often", 3.0), ("never", 0.0), ("rarely", 1.0))) for _ in range(4000)]
    assert drawn.count("often") / 4000 == pytest.approx(0.75, abs=0.03)
    assert "never" not in drawn


def test_a_bell_has_the_middle_and_the_deviation_that_were_asked_for() -> None:
    draws = Draws("bell")
    drawn = [draws.near(5.0, 2.0) for _ in range(4000)]
    assert (np.mean(drawn), np.std(drawn)) == pytest.approx((5.0, 2.0), abs=0.1)


def test_ratios_are_spread_evenly_on_a_logarithmic_scale() -> None:
    draws = Draws("ratio")
    drawn = [draws.ratio(16.0, 200.0) for _ in range(4000)]
    assert min(drawn) >= 16.0
    assert max(drawn) <= 200.0
    assert np.median(drawn) == pytest.approx((16.0 * 200.0) ** 0.5, rel=0.06)

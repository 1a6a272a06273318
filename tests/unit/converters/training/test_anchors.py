"""Anchors by k-means."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_converters.training.anchors import find_anchors, shape_ious
from skerry_edge.foundation.errors import DataError


def boxes_around(centres: list[tuple[float, float]], each: int) -> np.ndarray:
    random = np.random.default_rng(1)
    return np.concatenate([np.array(one) * random.uniform(0.9, 1.1, (each, 2)) for one in centres])


def test_groups_of_boxes_are_found_where_they_are_smallest_first() -> None:
    centres = [(8.0, 2.0), (1.0, 1.5), (4.0, 9.0)]
    anchors = find_anchors(boxes_around(centres, 200), 3)
    assert np.allclose(anchors, [(1.0, 1.5), (8.0, 2.0), (4.0, 9.0)], rtol=0.02)


def test_nearness_is_iou_so_that_small_boxes_count_as_much_as_large_ones() -> None:
    # By Euclidean distance the ten large groups would draw both anchors to themselves.
    small, large = boxes_around([(0.5, 0.5)], 50), boxes_around([(10.0, 10.0), (12.0, 10.5)], 200)
    anchors = find_anchors(np.concatenate([small, large]), 2)
    assert np.allclose(anchors[0], 0.5, rtol=0.05)


def test_the_same_boxes_give_the_same_anchors() -> None:
    sizes = np.random.default_rng(2).uniform(0.2, 10, (500, 2))
    assert find_anchors(sizes, 5) == find_anchors(sizes.copy(), 5)


def test_anchors_fit_the_boxes_better_than_where_they_began() -> None:
    sizes = np.random.default_rng(3).lognormal(0.5, 0.8, (2000, 2))
    by_area = sizes[np.argsort(sizes.prod(axis=1))]
    evenly_spread = by_area[[200, 600, 1000, 1400, 1800]]

    def fit(anchors: np.ndarray) -> float:
        return float(shape_ious(sizes, anchors).max(axis=1).mean())

    assert fit(np.array(find_anchors(sizes, 5))) > fit(evenly_spread) + 0.02


def test_iou_of_shapes_is_that_of_boxes_in_one_corner() -> None:
    ious = shape_ious(np.array([[2.0, 2.0]]), np.array([[2.0, 2.0], [1.0, 2.0], [4.0, 1.0]]))
    assert np.allclose(ious, [[1.0, 0.5, 2 / 6]])


def test_too_few_different_boxes_are_an_error() -> None:
    with pytest.raises(DataError, match="too few different boxes"):
        find_anchors(np.array([[1.0, 1.0]] * 50 + [[2.0, 1.0]]), 3)

"""IoU of continuous boxes."""

from __future__ import annotations

import numpy as np
import pytest

from skerry_edge.bench.overlap import iou_matrix


def test_iou_is_the_shared_area_over_the_joined_one() -> None:
    first = np.array([[0, 0, 10, 10], [0, 0, 4, 4]])
    second = np.array([[5, 0, 15, 10], [0, 0, 10, 10], [20, 20, 30, 30]])
    assert iou_matrix(first, second) == pytest.approx(np.array([[50 / 150, 1, 0], [0, 0.16, 0]]))


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert iou_matrix(np.array([[0, 0, 10, 10]]), np.array([[10, 0, 20, 10]]))[0, 0] == 0


def test_boxes_without_area_or_turned_inside_out_overlap_nothing() -> None:
    odd = np.array([[5, 5, 5, 5], [9, 9, 1, 1]])
    assert not iou_matrix(odd, odd).any()
    assert not iou_matrix(odd, np.array([[0, 0, 10, 10]])).any()


def test_no_boxes_give_an_empty_matrix() -> None:
    assert iou_matrix(np.empty((0, 4)), np.ones((3, 4))).shape == (0, 3)

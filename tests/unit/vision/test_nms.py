"""Class-wise suppression against the naive loop of Darknet's box.c."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.vision.nms import MAX_CANDIDATES, class_wise_nms


def iou(one: np.ndarray, other: np.ndarray) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (areas[0] + areas[1] - shared))


def naive(boxes: np.ndarray, scores: np.ndarray, class_ids: np.ndarray, limit: float) -> list[int]:
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    kept: list[int] = []
    for index in order:
        rivals = [other for other in kept if class_ids[other] == class_ids[index]]
        if all(iou(boxes[other], boxes[index]) <= np.float32(limit) for other in rivals):
            kept.append(index)
    return kept


def arrays(rows: list[tuple[int, int, int, int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _, _ in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[4] / 8 for row in rows], np.float32)
    return boxes, scores, np.array([row[5] for row in rows], np.int64)


ROWS = st.tuples(
    st.integers(-3, 12), st.integers(-3, 12), st.integers(1, 9), st.integers(1, 9), st.integers(1, 8), st.integers(0, 2)
)


@given(st.lists(ROWS, max_size=40), st.sampled_from([0.0, 0.25, 0.45, 0.5, 1.0]))
def test_the_same_boxes_stay_in_the_same_order_as_in_the_naive_loop(rows, limit):
    boxes, scores, class_ids = arrays(rows)
    assert class_wise_nms(boxes, scores, class_ids, limit).tolist() == naive(boxes, scores, class_ids, limit)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_hundreds_of_boxes_are_no_different(seed):
    generator = np.random.default_rng(seed)
    corners = generator.uniform(-50, 100, (600, 2))
    boxes = np.concatenate([corners, corners + generator.uniform(5, 40, (600, 2))], axis=1).astype(np.float32)
    scores = generator.uniform(0.01, 1, 600).astype(np.float32).round(2)
    class_ids = generator.integers(0, 2, 600)
    assert class_wise_nms(boxes, scores, class_ids, 0.45).tolist() == naive(boxes, scores, class_ids, 0.45)


def test_of_very_many_boxes_the_best_are_looked_at():
    count = MAX_CANDIDATES + 10
    boxes = np.tile(np.array([[0, 0, 10, 10]], np.float32), (count, 1))
    scores = np.full(count, 0.5, np.float32)
    scores[-1] = 0.9
    assert class_wise_nms(boxes, scores, np.zeros(count, np.int64), 0.45).tolist() == [count - 1]


def test_no_boxes_are_no_error():
    none = np.empty(0, np.float32)
    assert class_wise_nms(np.empty((0, 4), np.float32), none, np.empty(0, np.int64), 0.45).tolist() == []


@pytest.mark.parametrize(("limit", "stays"), [(0.5, True), (0.49, False)])
def test_an_overlap_of_exactly_the_limit_stays(limit, stays):
    boxes = np.array([[0, 0, 2, 1], [0, 0, 1, 1]], np.float32)
    kept = class_wise_nms(boxes, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int64), limit)
    assert (1 in kept) is stays


def test_boxes_of_different_classes_never_drop_each_other():
    boxes = np.array([[0, 0, 10, 10]] * 3, np.float32)
    kept = class_wise_nms(boxes, np.array([0.7, 0.9, 0.8], np.float32), np.array([0, 1, 0]), 0.45)
    assert kept.tolist() == [1, 2]


def test_a_dropped_box_drops_nothing_itself():
    # A overlaps B, B overlaps C, A and C are apart: B goes, C stays.
    boxes = np.array([[0, 0, 10, 10], [4, 0, 14, 10], [9, 0, 19, 10]], np.float32)
    kept = class_wise_nms(boxes, np.array([0.9, 0.8, 0.7], np.float32), np.zeros(3, np.int64), 0.3)
    assert kept.tolist() == [0, 2]

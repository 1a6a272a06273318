"""Following objects: the same number for as long as it is the same object."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skerry_edge.vision.tracking.motion import Motion
from skerry_edge.vision.tracking.tracker import Box, Rules, Tracker, iou_of_all

RULES = Rules(min_iou=0.2, lost_after_s=2.0)
GOOD = 0.5


def box(x: float, y: float = 0.5, *, size: float = 0.1, class_id: int = 0, score: float = 0.9) -> Box:
    half = size / 2
    edges = (x - half, y - half, x + half, y + half)
    return Box(edges=edges, class_id=class_id, score=score, is_good=score >= GOOD)


def numbers_in_sight(tracker: Tracker, boxes: list[Box], now_s: float) -> list[int]:
    return sorted(one.number for one in tracker.update(boxes, now_s) if one.is_in_sight)


steps = st.lists(st.floats(0.02, 0.4), min_size=5, max_size=40)


@settings(deadline=None)
@given(steps, st.floats(-0.3, 0.3), st.floats(0.05, 0.3), st.randoms(use_true_random=False))
def test_what_moves_evenly_keeps_its_number_at_any_rate_and_when_hardly_seen(steps, speed, size, chance) -> None:
    tracker = Tracker(RULES)
    now_s = 0.0
    for count, step_s in enumerate([0.0, *steps]):
        # Until its speed is known, it must not jump out of its own box.
        now_s += step_s if count > 3 else min(step_s, 0.3 * size / max(abs(speed), 0.01))
        score = chance.choice([0.9, 0.9, 0.3]) if count > 3 else 0.9
        seen = box(0.5 + speed * now_s, size=size, score=score)
        assert numbers_in_sight(tracker, [seen], now_s) == [1]


@settings(deadline=None)
@given(steps, st.randoms(use_true_random=False))
def test_the_order_in_which_boxes_are_given_changes_nothing(steps, chance) -> None:
    straight, shuffled = Tracker(RULES), Tracker(RULES)
    places = [(chance.random(), chance.random(), chance.choice([0, 1])) for _ in range(6)]
    first = [box(x, y, class_id=kind) for x, y, kind in places]
    straight.update(first, 0.0)
    shuffled.update(first, 0.0)
    now_s = 0.0
    for step_s in steps:
        now_s += step_s
        boxes = [box(x + chance.uniform(-0.01, 0.01), y, class_id=kind) for x, y, kind in places]
        mixed = chance.sample(boxes, len(boxes))
        held = [
            {one.number: one.box for one in tracker.update(given, now_s)}
            for tracker, given in ((straight, boxes), (shuffled, mixed))
        ]
        known = range(1, len(first) + 1)
        assert {number: held[0].get(number) for number in known} == {number: held[1].get(number) for number in known}


@settings(deadline=None)
@given(st.lists(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 2), st.floats(0, 1))), max_size=12))
def test_each_box_belongs_to_one_object_at_most_and_numbers_only_rise(pictures) -> None:
    tracker = Tracker(RULES)
    seen: dict[int, int] = {}
    for count, places in enumerate(pictures):
        boxes = [box(x, y, class_id=kind, score=score) for x, y, kind, score in places]
        before = set(seen)
        tracks = [one for one in tracker.update(boxes, count * 0.2) if one.is_in_sight]
        assert len({id(one.box) for one in tracks}) == len(tracks)
        assert sum(one.is_good for one in boxes) <= len(tracks)
        for one in tracks:
            assert seen.setdefault(one.number, one.class_id) == one.class_id
        assert all(number > max(before, default=0) for number in set(seen) - before)


def test_what_is_doubtful_begins_nothing_and_keeps_what_is_there() -> None:
    tracker = Tracker(RULES)
    assert numbers_in_sight(tracker, [box(0.5, score=0.3)], 0.0) == []
    assert numbers_in_sight(tracker, [box(0.5)], 0.1) == [1]
    assert numbers_in_sight(tracker, [box(0.5, score=0.3)], 0.2) == [1]
    assert numbers_in_sight(tracker, [box(0.55, score=0.3)], 0.3) == []


def test_an_object_out_of_sight_is_awaited_for_a_time_and_then_another() -> None:
    tracker = Tracker(RULES)
    tracker.update([box(0.5)], 0.0)
    assert len(tracker.update([], 1.9)) == 1
    assert numbers_in_sight(tracker, [box(0.5)], 2.0) == [1]
    assert tracker.update([], 4.1) == []
    assert numbers_in_sight(tracker, [box(0.5)], 4.2) == [2]


def test_what_goes_behind_something_is_expected_where_it_comes_out() -> None:
    tracker = Tracker(RULES)
    for count in range(10):
        tracker.update([box(0.1 + 0.03 * count)], count * 0.1)
    for count in range(10, 16):
        tracker.update([], count * 0.1)
    assert numbers_in_sight(tracker, [box(0.1 + 0.03 * 16)], 1.6) == [1]


def test_two_that_cross_go_on_as_they_went() -> None:
    tracker = Tracker(RULES)
    held = defaultdict(list)
    for count in range(40):
        left_to_right = 0.2 + 0.015 * count
        boxes = [box(left_to_right, 0.5), box(1.0 - left_to_right, 0.52)]
        for one in tracker.update(boxes, count * 0.1):
            held[one.number].append(one.box.edges[1])
    assert set(held) == {1, 2}
    assert all(len(set(tops)) == 1 for tops in held.values())


def test_two_pictures_of_one_moment_show_one_object() -> None:
    tracker = Tracker(RULES)
    assert numbers_in_sight(tracker, [box(0.5)], 1.0) == [1]
    assert numbers_in_sight(tracker, [box(0.51)], 1.0) == [1]


def test_another_class_in_the_same_place_is_another_object() -> None:
    tracker = Tracker(RULES)
    tracker.update([box(0.5)], 0.0)
    assert numbers_in_sight(tracker, [box(0.5, class_id=1)], 0.1) == [2]


def test_an_object_remembers_its_best_score() -> None:
    tracker = Tracker(RULES)
    for now_s, score in ((0.0, 0.6), (0.1, 0.95), (0.2, 0.7)):
        (track,) = tracker.update([box(0.5, score=score)], now_s)
    assert (track.best_score, track.box.score, track.began_s, track.seen_s) == (0.95, 0.7, 0.0, 0.2)


def test_a_box_that_is_not_seen_is_not_expected_to_vanish_or_to_fill_the_picture() -> None:
    motion = Motion.begin((0.4, 0.4, 0.6, 0.6), 0.0)
    for count in range(1, 5):
        half = 0.1 - 0.02 * count
        motion = motion.seen((0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half), count * 0.1)
    x_min, _, x_max, _ = motion.expected_box(60.0)
    assert 0 < x_max - x_min <= 0.1


def test_the_overlap_of_all_boxes_with_all() -> None:
    some = np.array([[0.0, 0.0, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1]])
    others = np.array([[0.1, 0.0, 0.3, 0.2], [0.0, 0.0, 0.2, 0.2], [0.5, 0.5, 0.6, 0.6]])
    assert iou_of_all(some, others) == pytest.approx(np.array([[1 / 3, 1.0, 0.0], [0.0, 0.0, 0.0]]))

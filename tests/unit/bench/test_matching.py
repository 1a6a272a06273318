"""Which detection found which object, by VOC's rules."""

from __future__ import annotations

from collections.abc import Callable

from skerry_edge.bench.ground_truth import GroundTruth, no_objects
from skerry_edge.bench.matching import NO_OBJECT, Matcher, Matches, above, match_picture
from skerry_edge.vision.detections import Detections, no_detections

Make = Callable[..., Detections]
MakeTruth = Callable[..., GroundTruth]
BOX = (0, 0, 10, 10)
NEAR = (0, 0, 10, 9)
FAR = (50, 50, 60, 60)


def one_picture(found: Detections, really: GroundTruth, *, iou: float = 0.5) -> Matches:
    matcher = Matcher(2, iou=iou)
    matcher.add(found, really)
    return matcher.matches()


def test_a_detection_on_an_object_of_its_class_is_a_hit(detections: Make, truth: MakeTruth) -> None:
    matches = one_picture(detections((1, 0.9, *NEAR)), truth((1, *BOX)))
    assert matches.hits.tolist() == [True]
    assert matches.positives.tolist() == [[0, 1]]


def test_an_object_of_another_class_is_not_found(detections: Make, truth: MakeTruth) -> None:
    assert one_picture(detections((0, 0.9, *BOX)), truth((1, *BOX))).hits.tolist() == [False]


def test_an_iou_of_exactly_the_limit_is_enough_and_less_is_not(detections: Make, truth: MakeTruth) -> None:
    half = detections((0, 0.9, 0, 0, 10, 5))
    assert one_picture(half, truth((0, *BOX)), iou=0.5).hits.tolist() == [True]
    assert one_picture(half, truth((0, *BOX)), iou=0.51).hits.tolist() == [False]


def test_an_object_is_found_once_by_the_best_score_whatever_the_order(detections: Make, truth: MakeTruth) -> None:
    matches = one_picture(detections((0, 0.3, *BOX), (0, 0.8, *NEAR)), truth((0, *BOX)))
    assert dict(zip(matches.scores.round(1).tolist(), matches.hits.tolist(), strict=True)) == {0.8: True, 0.3: False}


def test_a_detection_is_held_against_the_object_that_it_overlaps_most(detections: Make, truth: MakeTruth) -> None:
    # Both detections overlap the first object most, so the second object stays unfound though it is within reach.
    objects = truth((0, 0, 0, 10, 10), (0, 2, 0, 12, 10))
    matches = one_picture(detections((0, 0.9, *BOX), (0, 0.8, 0, 0, 10.5, 10)), objects)
    assert matches.hits.tolist() == [True, False]


def test_what_falls_on_a_difficult_object_or_a_crowd_is_left_out(detections: Make, truth: MakeTruth) -> None:
    objects = truth((0, *BOX), (0, *FAR), difficult=[0], crowd=[1])
    matches = one_picture(detections((0, 0.9, *BOX), (0, 0.8, *BOX), (0, 0.7, *FAR), (0, 0.6, 20, 20, 30, 30)), objects)
    assert matches.scores.round(1).tolist() == [0.6]
    assert matches.hits.tolist() == [False]
    assert matches.positives.sum() == 0


def test_pictures_without_objects_or_detections_count(detections: Make, truth: MakeTruth) -> None:
    matcher = Matcher(2)
    matcher.add(detections((0, 0.9, *BOX)), no_objects())
    matcher.add(no_detections(), truth((1, *BOX)))
    matches = matcher.matches()
    assert (matches.images, matches.image_ids.tolist(), matches.hits.tolist()) == (2, [0], [False])
    assert matches.positives.tolist() == [[0, 0], [0, 1]]


def test_no_picture_at_all_gives_empty_matches() -> None:
    matches = Matcher(3).matches()
    assert (matches.images, matches.classes, len(matches.scores)) == (0, 3, 0)


def test_one_picture_s_match_is_in_the_order_of_its_detections(detections: Make, truth: MakeTruth) -> None:
    found = detections((0, 0.3, *BOX), (1, 0.9, *BOX), (0, 0.8, *NEAR))
    match = match_picture(found, truth((0, *BOX), (0, *FAR)))
    assert match.objects.tolist() == [0, NO_OBJECT, 0]
    assert match.hits.tolist() == [False, False, True]
    assert match.counts.tolist() == [True, True, True]
    assert match.found.tolist() == [True, False]


def test_a_difficult_object_is_not_found_even_by_a_detection_on_it(detections: Make, truth: MakeTruth) -> None:
    match = match_picture(detections((0, 0.9, *BOX)), truth((0, *BOX), difficult=[0]))
    assert (match.hits.tolist(), match.counts.tolist(), match.found.tolist()) == ([False], [False], [False])


def test_only_scores_above_the_threshold_are_kept(detections: Make) -> None:
    kept = above(detections((0, 0.5, *BOX), (0, 0.25, *NEAR), (1, 0.1, *FAR)), 0.25)
    assert kept.scores.tolist() == [0.5]
    assert kept.boxes_px.tolist() == [list(BOX)]

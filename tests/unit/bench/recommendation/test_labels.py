"""Names in the picture: none covers another or a point while there is room."""

from __future__ import annotations

from skerry_edge.bench.recommendation.labels import place_labels

ROOM = {"right": 700.0, "top": 20.0, "bottom": 380.0}


def test_a_name_stands_to_the_right_of_its_point() -> None:
    (label,) = place_labels([("onnx-fp32", 100.0, 200.0)], **ROOM)
    assert (label.anchor, label.y) == ("start", 204.0)
    assert label.x > 100.0


def test_a_name_that_would_leave_the_picture_stands_to_the_left() -> None:
    (label,) = place_labels([("onnx-fp32", 680.0, 200.0)], **ROOM)
    assert label.anchor == "end"
    assert label.x < 680.0


def test_points_in_one_place_have_names_on_different_lines() -> None:
    labels = place_labels([(f"variant-{number}", 300.0, 200.0) for number in range(4)], **ROOM)
    assert len({(label.anchor, label.y) for label in labels}) == 4


def test_every_name_has_a_place_even_where_there_is_no_room() -> None:
    spots = [("a-long-name-of-a-variant", 300.0, 25.0)] * 40
    assert len(place_labels(spots, right=700.0, top=20.0, bottom=40.0)) == 40

"""An annotation held against its picture."""

from __future__ import annotations

import math

import pytest

from skerry_edge.bench.annotations.annotation import Annotation, AnnotationError, Label, class_id_of
from skerry_edge.vision.geometry import Size

SIZE = Size(80, 60)


def annotation(*boxes: tuple[float, float, float, float], declared: Size | None = SIZE) -> Annotation:
    labels = tuple(Label(box=box, class_id=place, where=f"a.xml, object {place}") for place, box in enumerate(boxes))
    return Annotation(where="a.xml", labels=labels, declared=declared)


def test_labels_become_truth_in_pixels() -> None:
    truth = annotation((1, 2, 30, 40), (5, 5, 80, 60)).truth(SIZE)
    assert truth.boxes_px.tolist() == [[1, 2, 30, 40], [5, 5, 80, 60]]
    assert truth.class_ids.tolist() == [0, 1]
    assert truth.counted.all()


def test_shares_become_pixels_of_whatever_size_the_picture_has() -> None:
    truth = annotation((0.25, 0.5, 0.5, 1.0), declared=None).truth(Size(200, 100))
    assert truth.boxes_px.tolist() == [[50, 50, 100, 100]]


def test_a_box_that_leaves_the_picture_by_rounding_is_cut_off() -> None:
    assert annotation((-0.6, -1, 80.9, 61)).truth(SIZE).boxes_px.tolist() == [[0, 0, 80, 60]]


@pytest.mark.parametrize(
    "box", [(-1.1, 0, 9, 9), (0, 0, 81.5, 9), (0, 0, 9, 99), (90, 90, 95, 95), (math.nan, 0, 9, 9), (0, 0, math.inf, 9)]
)
def test_a_label_outside_its_picture_is_refused_by_its_place(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(AnnotationError, match=r"outside its picture; in a\.xml, object 1; .* in 80x60 pixels"):
        annotation((0, 0, 5, 5), box).truth(SIZE)


@pytest.mark.parametrize("box", [(9, 0, 9, 9), (9, 0, 5, 9), (0, 7, 5, 7)])
def test_a_label_without_area_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(AnnotationError, match="no area"):
        annotation(box).truth(SIZE)


def test_an_annotation_of_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(AnnotationError, match=r"another size; in a.xml; found 80x60, the picture is 60x80"):
        annotation((0, 0, 5, 5)).truth(Size(60, 80))


def test_an_unknown_class_suggests_the_nearest() -> None:
    assert class_id_of("cat", ("dog", "cat"), where="a.xml") == 1
    with pytest.raises(AnnotationError, match="did you mean 'pottedplant'"):
        class_id_of("potted plant", ("cat", "pottedplant"), where="a.xml")
    with pytest.raises(AnnotationError, match="the model knows: cat, dog"):
        class_id_of("zeppelin", ("cat", "dog"), where="a.xml")


def test_a_long_list_of_classes_is_not_printed_whole() -> None:
    with pytest.raises(AnnotationError, match=r"c29 and 70 more$"):
        class_id_of("zeppelin", [f"c{number}" for number in range(100)], where="a.xml")

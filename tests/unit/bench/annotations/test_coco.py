"""COCO's one JSON file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.coco import read_coco
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.geometry import Size

CLASSES = ("cat", "dog")
Write = Callable[..., Path]


def test_boxes_are_read_by_picture_and_classes_by_name(tmp_path: Path, coco_file: Write) -> None:
    path = coco_file(tmp_path / "a.json", ["x.jpg", "y.jpg"], (1, "dog", [5, 6, 20, 30]), (1, "cat", [0, 0, 80, 60]))
    annotations = read_coco(path, CLASSES)
    truth = annotations["x.jpg"].truth(Size(80, 60))
    assert truth.boxes_px.tolist() == [[5, 6, 25, 36], [0, 0, 80, 60]]
    assert truth.class_ids.tolist() == [1, 0]
    assert len(annotations["y.jpg"].truth(Size(80, 60))) == 0


def test_crowds_are_marked(tmp_path: Path, coco_file: Write) -> None:
    labels = [{"image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "iscrowd": 1}]
    categories = [{"id": 1, "name": "cat"}]
    path = coco_file(tmp_path / "a.json", ["x.jpg"], annotations=labels, categories=categories)
    assert read_coco(path, CLASSES)["x.jpg"].truth(Size(80, 60)).crowd.tolist() == [True]


def test_a_category_that_no_object_has_may_be_unknown(tmp_path: Path, coco_file: Write) -> None:
    path = coco_file(tmp_path / "a.json", ["x.jpg"], categories=[{"id": 7, "name": "zebra"}])
    assert list(read_coco(path, CLASSES)) == ["x.jpg"]


def test_faults_are_named_by_their_annotation(tmp_path: Path, coco_file: Write) -> None:
    path = coco_file(tmp_path / "a.json", ["x.jpg"], (1, "cat", [0, 0, 9, 9]), (1, "zebra", [0, 0, 9, 9]))
    with pytest.raises(AnnotationError, match=r"none of the model's.*annotation 101; found 'zebra'"):
        read_coco(path, CLASSES)
    path = coco_file(tmp_path / "b.json", ["x.jpg"], (2, "cat", [0, 0, 9, 9]))
    with pytest.raises(AnnotationError, match=r"an annotation is of no picture.*found image 2"):
        read_coco(path, CLASSES)
    path = coco_file(tmp_path / "c.json", ["x.jpg"], (1, "cat", [0, 0, 9, 9]), categories=[])
    with pytest.raises(AnnotationError, match="of no category"):
        read_coco(path, CLASSES)
    with pytest.raises(AnnotationError, match=r"outside its picture.*annotation 100"):
        read_coco(coco_file(tmp_path / "d.json", ["x.jpg"], (1, "cat", [70, 0, 90, 9])), CLASSES)["x.jpg"].truth(
            Size(80, 60)
        )


def test_pictures_listed_twice_are_refused(tmp_path: Path, coco_file: Write) -> None:
    with pytest.raises(AnnotationError, match=r"listed twice.*found x\.jpg"):
        read_coco(coco_file(tmp_path / "a.json", ["x.jpg", "x.jpg"]), CLASSES)
    images = [{"id": 1, "file_name": name, "width": 80, "height": 60} for name in ("x.jpg", "y.jpg")]
    with pytest.raises(AnnotationError, match="two pictures have one id"):
        read_coco(coco_file(tmp_path / "b.json", [], images=images), CLASSES)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"images": [], "categories": []}', '{"images": 5}', "[" * 100_000]
)
def test_what_is_no_coco_file_is_refused_by_name(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    with pytest.raises(AnnotationError, match=r"no COCO annotation file; in .*a\.json"):
        read_coco(path, CLASSES)


def test_a_file_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(ReachError):
        read_coco(tmp_path / "none.json", CLASSES)

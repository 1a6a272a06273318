"""Folders of labelled pictures: the layouts that are known, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.dataset import find_pictures, is_labelled, read_dataset
from skerry_edge.foundation.errors import ConfigError, ReachError
from skerry_edge.vision.errors import ImageError
from skerry_edge.vision.geometry import Size

CLASSES = ("cat", "dog")
YOLO_LINE = "0 0.5 0.5 0.5 0.5\n"
CAT = ("cat", 21, 16, 60, 45)
Write = Callable[..., Path]


@pytest.mark.parametrize(
    ("pictures", "labels"), [("JPEGImages", "Annotations"), ("images", "annotations"), (".", "."), (".", "Annotations")]
)
def test_voc_is_found_in_its_own_folders_or_beside_the_pictures(
    tmp_path: Path, picture: Write, voc_file: Write, pictures: str, labels: str
) -> None:
    picture(tmp_path / pictures / "b.jpg")
    picture(tmp_path / pictures / "a.png")
    voc_file(tmp_path / labels / "a.xml", CAT)
    voc_file(tmp_path / labels / "b.xml")
    dataset = read_dataset(tmp_path, CLASSES)
    assert dataset.layout == "voc"
    assert [Path(one.name).name for one in dataset.pictures] == ["a.png", "b.jpg"]
    assert dataset.pictures[0].path == tmp_path / dataset.pictures[0].name
    assert dataset.pictures[0].annotation.truth(Size(80, 60)).boxes_px.tolist() == [[20, 15, 60, 45]]


@pytest.mark.parametrize(("pictures", "labels"), [("images", "labels"), ("images/train", "labels/train"), (".", ".")])
def test_yolo_is_found_in_parallel_folders_or_beside_the_pictures(
    tmp_path: Path, picture: Write, text_file: Write, pictures: str, labels: str
) -> None:
    picture(tmp_path / pictures / "a.jpg")
    text_file(tmp_path / labels / "a.txt", YOLO_LINE)
    dataset = read_dataset(tmp_path, CLASSES)
    assert dataset.layout == "yolo"
    assert dataset.pictures[0].annotation.truth(Size(80, 60)).boxes_px.tolist() == [[20, 15, 60, 45]]


@pytest.mark.parametrize(
    ("pictures", "file"), [("images", "annotations/all.json"), ("images", "all.json"), (".", "x.json")]
)
def test_coco_is_found_by_its_one_file(
    tmp_path: Path, picture: Write, coco_file: Write, pictures: str, file: str
) -> None:
    picture(tmp_path / pictures / "a.jpg")
    coco_file(tmp_path / file, ["a.jpg"], (1, "cat", [20, 15, 40, 30]))
    dataset = read_dataset(tmp_path, CLASSES)
    assert dataset.layout == "coco"
    assert dataset.pictures[0].annotation.truth(Size(80, 60)).boxes_px.tolist() == [[20, 15, 60, 45]]


def test_masks_beside_the_picture_folder_are_no_pictures_of_the_set(tmp_path: Path, picture: Write) -> None:
    picture(tmp_path / "JPEGImages" / "a.jpg")
    picture(tmp_path / "SegmentationClass" / "a.png")
    picture(tmp_path / "JPEGImages" / ".thumbs" / "a.jpg")
    assert [path.name for path in find_pictures(tmp_path)] == ["a.jpg"]


def test_a_picture_without_its_annotation_is_named(tmp_path: Path, picture: Write, voc_file: Write) -> None:
    picture(tmp_path / "images" / "a.jpg")
    lonely = picture(tmp_path / "images" / "b.jpg")
    voc_file(tmp_path / "annotations" / "a.xml", CAT)
    with pytest.raises(AnnotationError, match=f"no annotation; in {lonely}"):
        read_dataset(tmp_path, CLASSES)


def test_an_empty_annotation_is_named(tmp_path: Path, picture: Write, text_file: Write) -> None:
    picture(tmp_path / "images" / "a.jpg")
    text_file(tmp_path / "annotations" / "a.xml", "")
    with pytest.raises(AnnotationError, match=r"empty; in .*a\.xml"):
        read_dataset(tmp_path, CLASSES)


def test_an_annotation_without_picture_is_left_alone_in_voc(tmp_path: Path, picture: Write, voc_file: Write) -> None:
    picture(tmp_path / "images" / "a.jpg")
    voc_file(tmp_path / "annotations" / "a.xml", CAT)
    voc_file(tmp_path / "annotations" / "z.xml", CAT)
    assert len(read_dataset(tmp_path, CLASSES).pictures) == 1


@pytest.mark.parametrize("name", ["gone.jpg", "../outside.jpg"])
def test_a_picture_that_coco_lists_must_be_in_the_folder(
    tmp_path: Path, picture: Write, coco_file: Write, name: str
) -> None:
    picture(tmp_path / "set" / "a.jpg")
    picture(tmp_path / "outside.jpg")
    coco_file(tmp_path / "set" / "all.json", ["a.jpg", name])
    with pytest.raises(AnnotationError, match="a listed picture is not there"):
        read_dataset(tmp_path / "set", CLASSES)


def test_two_pictures_of_one_annotation_are_refused(tmp_path: Path, picture: Write, voc_file: Write) -> None:
    picture(tmp_path / "images" / "a.jpg")
    picture(tmp_path / "images" / "a.png")
    voc_file(tmp_path / "annotations" / "a.xml")
    with pytest.raises(AnnotationError, match=r"share one annotation.*a\.jpg and a\.png"):
        read_dataset(tmp_path, CLASSES)


def test_mixed_formats_are_refused(tmp_path: Path, picture: Write, voc_file: Write, text_file: Write) -> None:
    picture(tmp_path / "images" / "a.jpg")
    voc_file(tmp_path / "annotations" / "a.xml")
    text_file(tmp_path / "labels" / "a.txt", YOLO_LINE)
    with pytest.raises(ConfigError, match=r"several kinds.*voc in .*annotations, yolo in .*labels"):
        read_dataset(tmp_path, CLASSES)


def test_a_folder_without_annotations_says_what_was_expected(tmp_path: Path, picture: Write, text_file: Write) -> None:
    picture(tmp_path / "a.jpg")
    text_file(tmp_path / "README.txt", "not a label")
    assert not is_labelled(tmp_path)
    with pytest.raises(ConfigError, match=r"no annotations.*expected JPEGImages or images"):
        read_dataset(tmp_path, CLASSES)


def test_a_folder_without_pictures_or_none_at_all_is_refused(tmp_path: Path, voc_file: Write, coco_file: Write) -> None:
    (tmp_path / "images").mkdir()
    voc_file(tmp_path / "annotations" / "a.xml")
    with pytest.raises(ImageError, match=r"holds no pictures; in .*images"):
        read_dataset(tmp_path, CLASSES)
    coco_file(tmp_path / "coco" / "all.json", [])
    with pytest.raises(ImageError, match="list no picture"):
        read_dataset(tmp_path / "coco", CLASSES)
    with pytest.raises(ReachError, match="no such folder"):
        read_dataset(tmp_path / "nowhere", CLASSES)

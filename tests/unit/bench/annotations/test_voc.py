"""Pascal VOC's XML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.voc import read_voc
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.geometry import Size

CLASSES = ("cat", "dog")
Write = Callable[..., Path]


def test_corners_are_pixels_counted_from_one_that_belong_to_the_object(tmp_path: Path, voc_file: Write) -> None:
    annotation = read_voc(voc_file(tmp_path / "a.xml", ("dog", 1, 2, 80, 60)), CLASSES)
    assert annotation.declared == Size(80, 60)
    assert annotation.truth(Size(80, 60)).boxes_px.tolist() == [[0, 1, 80, 60]]
    assert annotation.labels[0].class_id == 1


def test_difficult_objects_are_marked(tmp_path: Path, voc_file: Write) -> None:
    annotation = read_voc(voc_file(tmp_path / "a.xml", ("cat", 1, 1, 9, 9), difficult=1), CLASSES)
    assert annotation.truth(Size(80, 60)).difficult.tolist() == [True]


def test_a_file_without_objects_is_a_picture_of_none_of_the_classes(tmp_path: Path, voc_file: Write) -> None:
    assert len(read_voc(voc_file(tmp_path / "a.xml"), CLASSES).truth(Size(80, 60))) == 0


def test_an_object_of_one_pixel_and_corners_that_are_no_whole_numbers_are_read(tmp_path: Path, voc_file: Write) -> None:
    annotation = read_voc(voc_file(tmp_path / "a.xml", ("cat", 7, 7, 7, 7), ("cat", 1.5, 2.5, 9.5, 9.5)), CLASSES)
    assert annotation.truth(Size(80, 60)).boxes_px.tolist() == [[6, 6, 7, 7], [0.5, 1.5, 9.5, 9.5]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the annotation file is empty"),
        ("  \n", "the annotation file is empty"),
        ("<annotation><size>", "not XML"),
        ("no xml", "not XML"),
        ("<robots/>", "no VOC annotation; .* found <robots>"),
        ("<annotation/>", "no <size/width>"),
        ("<annotation><size><width>0</width><height>5</height></size></annotation>", "gives its picture no size"),
        ("<annotation><size><width>wide</width><height>5</height></size></annotation>", "no number; .* found 'wide'"),
        ("<annotation><size><width>nan</width><height>5</height></size></annotation>", "no number"),
        ('<?xml version="1.0" encoding="nonesuch"?><annotation/>', "not XML"),
    ],
)
def test_a_file_that_is_no_annotation_is_refused_by_name(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(content)
    with pytest.raises(AnnotationError, match=message) as caught:
        read_voc(path, CLASSES)
    assert str(path) in str(caught.value.where)


def test_a_wrong_object_is_named_by_its_place(tmp_path: Path, voc_file: Write) -> None:
    path = voc_file(tmp_path / "a.xml", ("cat", 1, 1, 9, 9), ("zebra", 1, 1, 9, 9))
    with pytest.raises(AnnotationError, match=r"none of the model's.*object 2"):
        read_voc(path, CLASSES)
    path = voc_file(tmp_path / "b.xml", ("cat", 1, 1, 9, "far"))
    with pytest.raises(AnnotationError, match="object 1, <bndbox/ymax>; found 'far'"):
        read_voc(path, CLASSES)


def test_entities_that_blow_up_are_refused(tmp_path: Path) -> None:
    nested = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    path = tmp_path / "laughs.xml"
    path.write_text(f'<!DOCTYPE a [<!ENTITY l0 "ha">{nested}]><annotation>&l11;</annotation>')
    with pytest.raises(AnnotationError, match="not XML"):
        read_voc(path, CLASSES)


def test_a_file_that_cannot_be_read_or_is_far_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReachError):
        read_voc(tmp_path / "none.xml", CLASSES)
    (tmp_path / "large.xml").write_bytes(b" " * 4_000_001 + b"<annotation/>")
    with pytest.raises(AnnotationError):
        read_voc(tmp_path / "large.xml", CLASSES)

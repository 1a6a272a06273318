"""Darknet's text files."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.bench.annotations.yolo import read_yolo
from skerry_edge.foundation.errors import ReachError
from skerry_edge.vision.geometry import Size

CLASSES = ("cat", "dog")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.txt"
    path.write_text(text)
    return path


def test_centre_and_size_become_corners(tmp_path: Path) -> None:
    annotation = read_yolo(written(tmp_path, "1 0.5 0.5 0.5 1.0\n\n0 0.25 0.25 0.1 0.2\n"), CLASSES)
    truth = annotation.truth(Size(80, 60))
    assert truth.boxes_px.round(6).tolist() == [[20, 0, 60, 60], [16, 9, 24, 21]]
    assert truth.class_ids.tolist() == [1, 0]


def test_an_empty_file_is_a_picture_of_none_of_the_classes(tmp_path: Path) -> None:
    assert len(read_yolo(written(tmp_path, ""), CLASSES).truth(Size(80, 60))) == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 0.5 0.5 0.1 0.1", "none of the model's.*line 2.*class 2, the model has 0 to 1"),
        ("-1 0.5 0.5 0.1 0.1", "none of the model's"),
        ("cat 0.5 0.5 0.1 0.1", "a class number and 4 shares.*line 2"),
        ("0 0.5 0.5 0.1", "a class number and 4 shares"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", "a class number and 4 shares"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(AnnotationError, match=message):
        read_yolo(written(tmp_path, f"0 0.5 0.5 0.1 0.1\n{line}\n"), CLASSES)


@pytest.mark.parametrize("line", ["0 nan 0.5 0.1 0.1", "0 40 30 10 10", "0 0.9 0.5 0.5 0.1"])
def test_a_box_outside_the_picture_is_refused_by_its_line(tmp_path: Path, line: str) -> None:
    with pytest.raises(AnnotationError, match=r"outside its picture.*line 1"):
        read_yolo(written(tmp_path, line), CLASSES).truth(Size(80, 60))


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"0 0.5 \xff")
    with pytest.raises(AnnotationError, match=r"not UTF-8 text; in .*a.txt, byte 6"):
        read_yolo(path, CLASSES)
    with pytest.raises(ReachError):
        read_yolo(tmp_path / "none.txt", CLASSES)

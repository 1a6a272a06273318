"""Held-out inputs by where they come from."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from skerry_converters.calibration.opening import open_calibration
from skerry_converters.gates.opening import Judged, open_gate_data, set_aside
from skerry_edge.bench.annotations.annotation import AnnotationError
from skerry_edge.contracts.manifest import Classification, ImageInput, Tensor, YoloRegion

IMAGE = ImageInput(width=24, height=16)
TENSOR = Tensor(name="image", shape=(1, 3, 16, 24), layout="NCHW")
DETECTOR = Judged(
    model_input=IMAGE, tensor=TENSOR, decoder=YoloRegion(classes=2, anchors=((1.0, 1.0),)), labels=("cat", "dog")
)


def pictures(folder: Path, places: range, *, class_id: int | None = 1) -> Path:
    """Write pictures of soft patches, each unlike the others, and a YOLO label for each."""
    for place in places:
        for name in ("images", "labels"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(place).integers(0, 256, (8, 12, 3)).astype(np.uint8)
        cv2.imwrite(
            str(folder / "images" / f"{place}.png"), cv2.resize(coarse, (96, 64), interpolation=cv2.INTER_CUBIC)
        )
        if class_id is not None:
            (folder / "labels" / f"{place}.txt").write_text(f"{class_id} 0.5 0.5 0.5 0.5\n")
    return folder


def test_gate_data_comes_with_its_labels_and_what_leaked_into_it(tmp_path: Path) -> None:
    calibration = open_calibration(pictures(tmp_path / "a", range(10)), IMAGE, TENSOR)
    gate = pictures(tmp_path / "b", range(9, 14))
    held_out = open_gate_data(gate, DETECTOR, calibration=calibration)
    assert held_out.facts.origin == "gate data"
    assert held_out.facts.labelled
    assert all(case.truth is not None for case in held_out.cases((TENSOR,)))
    assert any("1 of 5 gate samples were calibrated with: images/9.png is" in text for text in held_out.facts.cautions)


def test_gate_data_without_labels_has_none(tmp_path: Path) -> None:
    held_out = open_gate_data(pictures(tmp_path, range(3), class_id=None), DETECTOR)
    assert not held_out.facts.labelled
    assert held_out.facts.cautions == ()


def test_labels_of_gate_data_that_do_not_fit_the_network_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="none of the model's"):
        open_gate_data(pictures(tmp_path, range(3), class_id=7), DETECTOR)


def test_labels_of_boxes_mean_nothing_to_a_network_that_finds_none(tmp_path: Path) -> None:
    classifier = Judged(model_input=IMAGE, tensor=TENSOR, decoder=Classification(classes=2), labels=("cat", "dog"))
    assert not open_gate_data(pictures(tmp_path, range(3), class_id=7), classifier).facts.labelled


def test_a_part_of_the_calibration_data_is_set_aside_with_its_labels(tmp_path: Path) -> None:
    calibration = open_calibration(pictures(tmp_path, range(20)), IMAGE, TENSOR)
    rest, held_out = set_aside(tmp_path, calibration, DETECTOR)
    assert (len(rest), len(held_out)) == (16, 4)
    assert (held_out.facts.origin, held_out.facts.labelled) == ("set aside", True)
    assert held_out.facts.cautions == ("only 16 pictures to calibrate with; 100 or more are advised",)


def test_labels_beside_calibration_data_that_do_not_fit_are_left_and_that_is_said(tmp_path: Path) -> None:
    calibration = open_calibration(pictures(tmp_path, range(20), class_id=7), IMAGE, TENSOR)
    _, held_out = set_aside(tmp_path, calibration, DETECTOR)
    assert not held_out.facts.labelled
    assert held_out.facts.cautions[-1].startswith(
        "the labels beside the calibration data are not used: the label's class"
    )

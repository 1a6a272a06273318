"""Yolo-Fastest on photographs: good files pass, with labels and without, and every known fault is caught."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from skerry_converters.gates.job import GateResult

Judge = Callable[..., GateResult]
Rewrite = Callable[..., None]
LAST = "layer_124_convolution"


def test_the_float_file_passes_exactly(fastest, judged: Judge) -> None:
    report = judged(fastest.float_path, "fp32").report
    assert (report.verdict.outcome, report.verdict.decided_by) == ("passed", "error")
    assert all(one.exact for one in report.outputs)
    assert report.boxes is not None
    assert report.boxes.matched == report.boxes.source_boxes == report.boxes.variant_boxes > 40
    assert report.accuracy is not None
    assert report.accuracy.drop == 0
    assert report.backend == "onnx"
    assert report.processor


def test_a_good_int8_file_passes_by_its_labels(fastest, judged: Judge) -> None:
    result = judged(fastest.int8_path)
    report = result.report
    assert (report.verdict.outcome, report.verdict.decided_by) == ("passed", "accuracy")
    assert report.accuracy is not None
    assert report.accuracy.source_ap50 == pytest.approx(80, abs=8)
    assert report.accuracy.drop_low <= report.accuracy.drop <= report.accuracy.drop_high
    assert all(one.sqnr_db is not None and one.sqnr_db > 10 for one in report.outputs)
    assert report.colour is not None
    assert report.colour.fed_db > report.colour.exchanged_db + 1
    assert report.held_out.labelled


def test_a_good_int8_file_passes_by_its_boxes_where_there_are_no_labels(fastest, judged: Judge) -> None:
    report = judged(fastest.int8_path, labelled=False).report
    assert report.accuracy is None
    assert (report.verdict.outcome, report.verdict.decided_by) == ("passed", "boxes")
    assert not report.held_out.labelled


def test_the_pictures_that_differ_most_are_drawn(fastest, judged: Judge) -> None:
    pictures = judged(fastest.int8_path).pictures
    assert len(pictures) == 3
    assert [one.differing for one in pictures] == sorted((one.differing for one in pictures), reverse=True)
    for one in pictures:
        source, variant = (
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
            for data in (one.source_jpeg, one.variant_jpeg)
        )
        assert source.shape == variant.shape
        assert max(source.shape[:2]) <= 480
        assert one.differing > 0
        assert np.abs(source.astype(int) - variant).max() > 50


def weights(model: onnx.ModelProto) -> list[str]:
    """Return the names of the kernels, first layer first."""
    return [one.name for one in model.graph.initializer if len(one.dims) == 4]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("place", [0, 3, -1], ids=["first", "fourth", "last"])
def test_a_shuffled_weight_is_caught(
    fastest, judged: Judge, changed: Callable[..., Path], constant: Rewrite, place: int, labelled: bool
) -> None:
    def shuffle(model: onnx.ModelProto) -> None:
        random = np.random.default_rng(1)
        constant(model, weights(model)[place], lambda value: random.permutation(value.ravel()).reshape(value.shape))

    path = changed(fastest.int8_path, f"shuffled{place}", shuffle)
    assert judged(path, labelled=labelled).report.verdict.outcome == "failed"


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(("file", "precision"), [("float_path", "fp32"), ("float_path", "fp16"), ("int8_path", "int8")])
def test_a_file_that_wants_blue_first_is_caught_and_told_so(
    fastest, judged: Judge, changed: Callable[..., Path], constant: Rewrite, file: str, precision: str, labelled: bool
) -> None:
    def exchange(model: onnx.ModelProto) -> None:
        constant(model, weights(model)[0], lambda value: value[:, ::-1])

    path = changed(getattr(fastest, file), f"bgr-{precision}", exchange)
    verdict = judged(path, precision, labelled=labelled).report.verdict
    assert (verdict.outcome, verdict.decided_by) == ("failed", "colour")
    assert "with red and blue exchanged" in verdict.reasons[0]


def shift_zero_point(model: onnx.ModelProto, tensor: str, by: int) -> None:
    """Give the node that turns a tensor's integers back into numbers another zero point."""
    held = {one.name: one for one in model.graph.initializer}
    activations = [one for one in model.graph.node if one.op_type == "DequantizeLinear" and one.input[0] not in held]
    (node,) = [one for one in activations if one.input[0] == f"{tensor}_QuantizeLinear_Output"]
    value = int(numpy_helper.to_array(held[node.input[2]]))
    model.graph.initializer.append(
        numpy_helper.from_array(np.array(np.clip(value + by, 0, 255), np.uint8), f"{tensor}_wrong")
    )
    node.input[2] = f"{tensor}_wrong"


ZERO_POINTS = [("image", 128), ("layer_2_convolution", 64), (LAST, 5), (LAST, 128)]


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize(("tensor", "by"), ZERO_POINTS)
def test_a_wrong_zero_point_is_caught(
    fastest, judged: Judge, changed: Callable[..., Path], tensor: str, by: int, labelled: bool
) -> None:
    path = changed(fastest.int8_path, f"zero-{tensor}{by}", lambda model: shift_zero_point(model, tensor, by))
    assert judged(path, labelled=labelled).report.verdict.outcome == "failed"

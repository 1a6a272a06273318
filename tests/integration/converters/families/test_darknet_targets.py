"""Every target made from one Darknet network: it computes the same, says what it is, and comes out the same again."""

from pathlib import Path

import numpy as np
import pytest

from skerry_converters.families.apart import make_apart
from skerry_converters.families.registry import TARGETS
from skerry_converters.tflite_file.reader import read_tflite

LEAST_DB = {"fp32": 100.0, "fp16": 45.0, "dynamic": 25.0, "int8x16": 30.0, "int8": 18.0}
"""What a sound file of a precision reaches on this network; a wrong layout or scale gives less than nothing."""


@pytest.mark.parametrize("name", TARGETS)
def test_it_computes_what_its_source_computes(name, made, darknet, compare):
    emitted = made(name)
    assert compare(darknet, emitted).sqnr_db() >= LEAST_DB[emitted.precision]


@pytest.mark.parametrize("name", TARGETS)
def test_it_says_what_its_files_are(name, made):
    emitted = made(name)
    assert (emitted.target, emitted.precision) == (name, name.partition("-")[2])
    described = emitted.variant("0" * 64)
    assert described.size == emitted.files[0].stat().st_size
    assert [one.file for one in (described, *described.extra_files)] == [one.name for one in emitted.files]
    assert {"skerry"} < set(described.tools)
    assert len(described.inputs) == 1
    assert len(described.outputs) == 2


@pytest.mark.parametrize("name", TARGETS)
def test_multiply_accumulates_are_counted_and_integers_are_told_apart(name, made):
    emitted = made(name)
    # Each convolution: filters * inputs of one filter * cells of its output.
    cells = (32 * 32, 32 * 32, 32 * 32, 8 * 8, 8 * 8, 16 * 16)
    filters = ((8, 27), (8, 9), (8, 8), (16, 72), (21, 16), (21, 24))
    assert emitted.macs.total == sum(
        area * count * inputs for area, (count, inputs) in zip(cells, filters, strict=True)
    )
    share = emitted.macs.integer_share
    assert share == (1.0 if "int8" in name else 0.0) or name == "tflite-dynamic"
    assert bool(emitted.kept_float) == (name == "tflite-dynamic" and share < 1)


@pytest.mark.parametrize("name", ["tflite-int8", "edgetpu-int8"])
def test_an_int8_file_has_integers_from_its_input_to_its_outputs(name, made):
    emitted = made(name)
    graph = read_tflite(emitted.runnable).main
    computed = {graph.tensors[index].type for operator in graph.operators for index in operator.outputs}
    assert computed == {"INT8"}
    assert {one.dtype for one in (*emitted.inputs, *emitted.outputs)} == {"int8"}


def test_an_edge_tpu_file_has_no_leaky_relu(made):
    names = {operator.name for _, operator in read_tflite(made("edgetpu-int8").runnable).operators}
    assert "PRELU" in names
    assert "LEAKY_RELU" not in names


def test_a_file_that_was_not_compiled_says_so_and_is_a_tflite_file(made, monkeypatch):
    emitted = made("edgetpu-int8")
    if emitted.format == "edgetpu":
        pytest.skip("the Edge TPU compiler is installed")
    assert emitted.format == "tflite"
    assert "not compiled" in emitted.notes[0]


def test_onnx_files_take_and_give_floats_whatever_their_precision(made):
    for name in ("onnx-fp16", "onnx-int8"):
        emitted = made(name)
        assert {one.dtype for one in (*emitted.inputs, *emitted.outputs)} == {"float32"}
        assert emitted.inputs[0].layout == "NCHW"


QUICK = ("onnx-fp16", "onnx-int8", "openvino-int8", "tflite-int8")


@pytest.mark.parametrize(
    "name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in TARGETS]
)
def test_the_same_source_gives_the_same_bytes(name, made, darknet, samples, tmp_path):
    first = made(name)
    again = make_apart(name, darknet, samples(darknet.facts.inputs[0].shape), tmp_path)
    assert [one.name for one in again.files] == [one.name for one in first.files]
    for one, other in zip(again.files, first.files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


@pytest.mark.parametrize("name", ["onnx-int8", "openvino-fp16", "tflite-fp32"])
def test_a_file_holds_no_path_of_the_machine_that_made_it(name, made):
    for path in made(name).files:
        data = path.read_bytes()
        assert str(path.parent).encode() not in data
        assert str(Path.home()).encode() + b"/" not in data


def test_calibration_decides_the_scales(made, darknet, tmp_path):
    class Bright:
        def __len__(self):
            return 2

        def __iter__(self):
            return (np.full(darknet.facts.inputs[0].shape, 8, np.float32) for _ in range(2))

    plain = made("tflite-int8")
    bright = make_apart("tflite-int8", darknet, Bright(), tmp_path)
    assert bright.inputs[0].quantization.scale > 5 * plain.inputs[0].quantization.scale

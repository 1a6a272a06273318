"""The error of each layer of real files: small where a file is sound, and beginning where one layer is broken."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.families.base import Emitted
from skerry_converters.gates.made_inputs import MadeInputs
from skerry_converters.layer_errors.measure import INPUTS, measure_layers
from skerry_converters.layer_errors.report import LayerErrors
from skerry_converters.sources.base import SourceModel
from skerry_converters.sources.darknet import DarknetSource
from skerry_converters.sources.foreign import NOTHING_SAID
from skerry_converters.sources.input_shapes import parse_input_shapes
from skerry_converters.sources.opening import open_source

Made = Callable[[SourceModel, str], Emitted]
HeldOut = Callable[[SourceModel], MadeInputs]
FLOOR_DB = 6.0
LEAST_DB = {
    "onnx-fp16": 50.0,
    "onnx-int8": 20.0,
    "tflite-fp16": 50.0,
    "tflite-int8": 20.0,
    "openvino-fp16": 50.0,
    "openvino-int8": 20.0,
    "edgetpu-int8": 20.0,
    "mcu-int8": 20.0,
}


@pytest.mark.parametrize("target", LEAST_DB)
def test_every_layer_of_a_sound_file_is_found_and_close(
    darknet: DarknetSource, made: Made, held_out: HeldOut, target: str
) -> None:
    emitted = made(darknet, target)
    found = measure_layers(emitted, held_out(darknet))
    assert (found.reason, len(found.layers), found.inputs) == ("", found.multiplying, INPUTS)
    assert found.multiplying == sum(one.kind == "convolution" for one in darknet.model.network.layers)
    assert all(one.sqnr_db is not None and one.sqnr_db > LEAST_DB[target] for one in found.layers)
    assert not any(one.kept_float for one in found.layers)


@pytest.mark.parametrize("target", LEAST_DB)
@pytest.mark.parametrize("place", [0, 2])
def test_the_error_begins_at_the_layer_whose_weights_are_shuffled(
    darknet: DarknetSource,
    made: Made,
    held_out: HeldOut,
    with_shuffled_weights: Callable[[Emitted, int], Emitted],
    target: str,
    place: int,
) -> None:
    emitted = made(darknet, target)
    sound = measure_layers(emitted, held_out(darknet))
    broken = measure_layers(with_shuffled_weights(emitted, place), held_out(darknet))
    assert broken.first_below(FLOOR_DB) == broken.layers[place]
    assert broken.layers[:place] == sound.layers[:place]
    assert [one.name for one in broken.layers] == [one.name for one in sound.layers]


def test_layers_that_stay_float_are_marked(darknet: DarknetSource, made: Made, held_out: HeldOut) -> None:
    emitted = made(darknet, "tflite-dynamic")
    found = measure_layers(emitted, held_out(darknet))
    assert len(found.layers) == found.multiplying
    assert emitted.kept_float
    assert {one.name for one in found.layers if one.kept_float} == set(emitted.kept_float)


@pytest.fixture(scope="module")
def normalised(tmp_path_factory: pytest.TempPathFactory) -> SourceModel:
    """A foreign network with batch norm and ReLU after its convolution, and a matrix product."""
    random = np.random.default_rng(5)
    constants = {
        "kernel": random.normal(0, 0.3, (8, 3, 3, 3)),
        "scale": random.uniform(0.5, 3, 8),
        "shift": random.normal(0, 1, 8),
        "mean": random.normal(0, 1, 8),
        "variance": random.uniform(0.2, 4, 8),
        "matrix": random.normal(0, 1, (8, 5)),
    }
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["image", "kernel"], ["summed"], name="first", pads=[1, 1, 1, 1]),
            helper.make_node("BatchNormalization", ["summed", "scale", "shift", "mean", "variance"], ["n"], name="bn"),
            helper.make_node("Relu", ["n"], ["kept"], name="relu"),
            helper.make_node("GlobalAveragePool", ["kept"], ["pooled"], name="pool"),
            helper.make_node("Flatten", ["pooled"], ["flat"], name="flat"),
            helper.make_node("MatMul", ["flat", "matrix"], ["scores"], name="last"),
        ],
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 16, 16])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 5])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in constants.items()],
    )
    path = tmp_path_factory.mktemp("normalised") / "normalised.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return open_source(path, NOTHING_SAID, parse_input_shapes(()))


@pytest.mark.parametrize("target", ["onnx-int8", "openvino-int8", "openvino-fp16"])
def test_batch_norm_and_activations_that_a_tool_folds_are_no_error(
    normalised: SourceModel, made: Made, held_out: HeldOut, target: str
) -> None:
    found = measure_layers(made(normalised, target), held_out(normalised))
    assert (len(found.layers), found.multiplying) == (2, 2)
    assert all(one.sqnr_db is None or one.sqnr_db > 20 for one in found.layers)


def test_the_float_file_itself_has_nothing_to_be_held_against(
    darknet: DarknetSource, made: Made, held_out: HeldOut
) -> None:
    found = measure_layers(made(darknet, "onnx-fp32"), held_out(darknet))
    assert found == LayerErrors(reason="there is no other float file of this format to hold its layers against")


def test_a_file_whose_layers_have_other_names_says_so(
    darknet: DarknetSource, made: Made, held_out: HeldOut, tmp_path: Path
) -> None:
    emitted = made(darknet, "onnx-fp16")
    model = onnx.load(emitted.runnable)
    for number, node in enumerate(model.graph.node):
        node.name = f"renamed_{number}"
    onnx.save(model, tmp_path / "renamed.onnx")
    renamed = dataclasses.replace(emitted, runnable=tmp_path / "renamed.onnx")
    found = measure_layers(renamed, held_out(darknet))
    assert found.reason == "no layer has the name that the float file gives it"
    assert (found.layers, found.multiplying > 0) == ((), True)


def test_a_runtime_that_will_not_show_the_layers_is_told_and_no_error(
    darknet: DarknetSource, made: Made, held_out: HeldOut
) -> None:
    emitted = made(darknet, "onnx-fp16")
    (image,) = emitted.inputs
    wrong = dataclasses.replace(emitted, inputs=(msgspec.structs.replace(image, dtype="int8"),))
    found = measure_layers(wrong, held_out(darknet))
    assert found.reason.startswith("its layers cannot be looked into")
    assert found.layers == ()

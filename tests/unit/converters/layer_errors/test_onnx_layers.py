"""ONNX files: the same layer has the same node name, and its value may lie after what was fused or quantized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.layer_errors.onnx_layers import pair_onnx
from skerry_converters.layer_errors.pairing import Pair


def save(path: Path, *nodes: onnx.NodeProto, outputs: tuple[str, ...] = ("out",)) -> Path:
    """Save a graph of ``nodes`` with a kernel, a scale and a zero point."""
    constants = {"kernel": np.zeros((2, 3, 1, 1), np.float32), "scale": np.float32(0.1), "zero": np.uint8(0)}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 4, 4])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    return path


def conv(output: str, name: str = "first", kind: str = "Conv") -> onnx.NodeProto:
    return helper.make_node(kind, ["image", "kernel"], [output], name=name)


def quantized(value: str, output: str) -> tuple[onnx.NodeProto, onnx.NodeProto]:
    return (
        helper.make_node("QuantizeLinear", [value, "scale", "zero"], [f"{value}_q"]),
        helper.make_node("DequantizeLinear", [f"{value}_q", "scale", "zero"], [output]),
    )


def relu(value: str, output: str, kind: str = "Relu") -> onnx.NodeProto:
    return helper.make_node(kind, [value], [output])


def pair(emitted: str, reference: str) -> tuple[Pair, ...]:
    return (Pair(name="first", kind="Conv", emitted=emitted, reference=reference),)


def test_a_quantized_layers_value_is_what_comes_out_of_the_dequantization(tmp_path: Path) -> None:
    reference = save(tmp_path / "r.onnx", conv("sum"), relu("sum", "out", "LeakyRelu"))
    emitted = save(tmp_path / "e.onnx", conv("t1"), *quantized("t1", "t2"), relu("t2", "out", "LeakyRelu"))
    found = pair_onnx(emitted, reference)
    assert (found.pairs, found.multiplying) == (pair("t2", "sum"), 1)


def test_an_activation_that_the_quantizer_left_to_the_range_is_within_the_layer(tmp_path: Path) -> None:
    reference = save(tmp_path / "r.onnx", conv("sum"), relu("sum", "kept"), relu("kept", "out", "Abs"))
    emitted = save(tmp_path / "e.onnx", conv("t1"), *quantized("t1", "t2"), relu("t2", "out", "Abs"))
    assert pair_onnx(emitted, reference).pairs == pair("t2", "kept")


def test_an_activation_that_is_still_there_is_none_of_the_layer(tmp_path: Path) -> None:
    reference = save(tmp_path / "r.onnx", conv("sum"), relu("sum", "out"))
    emitted = save(tmp_path / "e.onnx", conv("t1"), *quantized("t1", "t2"), relu("t2", "out"))
    assert pair_onnx(emitted, reference).pairs == pair("t2", "sum")


def test_an_activation_is_none_of_a_layer_that_something_else_reads_too(tmp_path: Path) -> None:
    reference = save(tmp_path / "r.onnx", conv("sum"), relu("sum", "kept"), outputs=("sum", "kept"))
    emitted = save(tmp_path / "e.onnx", conv("t1"), outputs=("t1",))
    assert pair_onnx(emitted, reference).pairs == pair("t1", "sum")


@pytest.mark.parametrize(
    "nodes",
    [
        (conv("out", name="other"),),
        (conv("out", kind="ConvTranspose"),),
        (conv("out", name=""),),
        (conv("between"), relu("between", "out", "Abs"), conv("more")),
    ],
    ids=["of another name", "of another kind", "without a name", "of a name that is there twice"],
)
def test_a_layer_is_left_out_that_is_not_certain(tmp_path: Path, nodes: tuple[onnx.NodeProto, ...]) -> None:
    reference = save(tmp_path / "r.onnx", conv("out"))
    emitted = save(tmp_path / "e.onnx", *nodes)
    found = pair_onnx(emitted, reference)
    assert found.pairs == ()
    assert found.multiplying == sum(node.op_type.startswith("Conv") for node in nodes)

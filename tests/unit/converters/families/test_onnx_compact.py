"""A quantized ONNX network made shorter without a value changing."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.families.onnx_compact import compact


@pytest.fixture
def quantized():
    """y = conv(t0) in QDQ form; its input is called as a short name might be."""
    random = np.random.default_rng(0)
    constants = {
        "scale": np.float32(0.02),
        "zero": np.uint8(128),
        "kernel": random.integers(-127, 128, (4, 3, 3, 3)).astype(np.int8),
        "kernel_scale": random.uniform(0.001, 0.01, 4).astype(np.float32),
        "kernel_zero": np.zeros(4, np.int8),
        "bias": random.integers(-5000, 5000, 4).astype(np.int32),
        "bias_scale": random.uniform(1e-5, 1e-4, 4).astype(np.float32),
        "bias_zero": np.zeros(4, np.int32),
        "a_name_that_is_far_longer_than_its_single_value": np.float32(0.05),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["t0", "scale", "zero"], ["stored"], name="long_name_of_a_quantizer"),
        helper.make_node("DequantizeLinear", ["stored", "scale", "zero"], ["real"], name="long_name_of_another"),
        helper.make_node("DequantizeLinear", ["kernel", "kernel_scale", "kernel_zero"], ["weights"], axis=0),
        helper.make_node("DequantizeLinear", ["bias", "bias_scale", "bias_zero"], ["shift"], axis=0),
        helper.make_node("Conv", ["real", "weights", "shift"], ["t1"], name="stem"),
        helper.make_node("Mul", ["t1", "a_name_that_is_far_longer_than_its_single_value"], ["y"], name="last"),
    ]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("t0", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 6, 6])],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).normal(0, 1, (1, 3, 8, 8)).astype(np.float32)
    return session.run(None, {"t0": image})[0]


def test_it_is_smaller_sound_and_computes_the_very_same(quantized):
    before, size = run(quantized), quantized.ByteSize()
    compact(quantized)
    onnx.checker.check_model(quantized, full_check=True)
    assert np.array_equal(run(quantized), before)
    assert quantized.ByteSize() < 0.75 * size


def test_inputs_outputs_and_operators_keep_their_names(quantized):
    compact(quantized)
    graph = quantized.graph
    assert [one.name for one in (*graph.input, *graph.output)] == ["t0", "y"]
    assert [node.name for node in graph.node if node.op_type in ("Conv", "Mul")] == ["stem", "last"]


def test_a_zero_point_that_is_not_zero_stays(quantized):
    bias_zero = next(one for one in quantized.graph.initializer if one.name == "bias_zero")
    bias_zero.CopyFrom(numpy_helper.from_array(np.full(4, 3, np.int32), "bias_zero"))
    compact(quantized)
    (bias,) = [node for node in quantized.graph.node if len(node.input) == 3 and node.output[0] in _third(quantized)]
    assert bias.op_type == "DequantizeLinear"


def _third(model):
    return {node.input[2] for node in model.graph.node if node.op_type == "Conv"}


def test_a_network_with_branches_keeps_its_names(quantized):
    inner = helper.make_graph(
        [helper.make_node("Identity", ["real"], ["z"])], "branch", [], [helper.make_tensor_value_info("z", 1, None)]
    )
    quantized.graph.node.append(helper.make_node("If", ["flag"], ["other"], then_branch=inner, else_branch=inner))
    compact(quantized)
    assert "real" in {name for node in quantized.graph.node for name in node.output}

"""An ONNX file's multipliers: their numbers in one order, written back without any change, and what they cost."""

import numpy as np
import onnx
import pytest

from skerry_converters.accuracy.float_graph import Weights
from skerry_converters.accuracy.onnx_graph import OnnxGraph
from skerry_converters.families.macs import onnx_macs


def pointwise(drawing):
    drawing.conv("x", "y", filters=6)
    return (1, 4, 8, 8)


def square(drawing):
    drawing.conv("x", "y", filters=6, side=3)
    return (1, 4, 8, 8)


def grouped(drawing):
    drawing.conv("x", "y", filters=6, side=3, groups=2)
    return (1, 4, 8, 8)


def depthwise(drawing):
    drawing.conv("x", "y", filters=8, side=3, groups=4)
    return (1, 4, 8, 8)


def one_dimensional(drawing):
    drawing.node("Conv", ["x", drawing.seeded("w", 6, 4, 3), drawing.seeded("b", 6)], "y")
    return (1, 4, 16)


def three_dimensional(drawing):
    drawing.node("Conv", ["x", drawing.seeded("w", 6, 4, 2, 3, 2), drawing.seeded("b", 6)], "y")
    return (1, 4, 4, 4, 4)


def transposed(drawing):
    weights = [drawing.seeded("w", 4, 6, 2, 3), drawing.seeded("b", 6)]
    drawing.node("ConvTranspose", ["x", *weights], "y", strides=[2, 2])
    return (1, 4, 8, 8)


def transposed_in_groups(drawing):
    weights = [drawing.seeded("w", 4, 3, 2, 2), drawing.seeded("b", 6)]
    drawing.node("ConvTranspose", ["x", *weights], "y", strides=[2, 2], group=2)
    return (1, 4, 8, 8)


def gemm(drawing):
    drawing.node("Gemm", ["x", drawing.seeded("w", 4, 6), drawing.seeded("b", 1, 6)], "y")
    return (1, 4)


def gemm_turned(drawing):
    drawing.node("Gemm", ["x", drawing.seeded("w", 6, 4), drawing.seeded("b", 6)], "y", transB=1)
    return (1, 4)


def gemm_with_factors(drawing):
    drawing.node("Gemm", ["x", drawing.seeded("w", 4, 6), drawing.seeded("b", 6)], "y", alpha=0.5, beta=3.0)
    return (1, 4)


def matmul(drawing):
    drawing.node("MatMul", ["x", drawing.seeded("w", 4, 6)], "y")
    return (1, 5, 4)


KINDS = [
    pointwise,
    square,
    grouped,
    depthwise,
    one_dimensional,
    three_dimensional,
    transposed,
    transposed_in_groups,
    gemm,
    gemm_turned,
    gemm_with_factors,
    matmul,
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def layer(request, drawing, tmp_path):
    """A network of one multiplier, of each kind in turn."""
    shape = request.param(drawing)
    return OnnxGraph(drawing.save(tmp_path / "one.onnx", "y", shape=shape))


def test_a_filter_of_the_kernel_makes_one_channel_of_the_output(layer, run, tmp_path):
    (one,) = layer.multipliers
    kernel, bias = one.weights.kernel.copy(), one.weights.bias.copy()
    kernel[1] *= 3
    bias[1] *= 3
    before = run(layer.path)[0]
    changed = layer.rewritten({one.name: Weights(kernel=kernel, bias=bias)}, tmp_path / "changed.onnx")
    wanted = np.moveaxis(before, one.channel_axis, 0).copy()
    wanted[1] *= 3
    got = np.moveaxis(run(changed.path)[0], one.channel_axis, 0)
    assert np.allclose(got, wanted, atol=1e-5)


def test_a_channel_of_the_kernel_reads_one_channel_of_the_input_in_each_group(layer, run, tmp_path):
    (one,) = layer.multipliers
    kernel = one.weights.kernel.copy()
    kernel[:, 0] *= 3
    changed = layer.rewritten({one.name: Weights(kernel=kernel, bias=one.weights.bias)}, tmp_path / "changed.onnx")
    shape = [size.dim_value for size in onnx.load(layer.path).graph.input[0].type.tensor_type.shape.dim]
    sample = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    louder = np.moveaxis(sample.copy(), one.channel_axis, 0)
    louder[:: kernel.shape[1]] *= 3
    wanted = run(layer.path, np.ascontiguousarray(np.moveaxis(louder, 0, one.channel_axis)))[0]
    assert np.allclose(run(changed.path, sample)[0], wanted, atol=1e-5)


def test_the_same_weights_give_the_same_outputs_bit_for_bit(layer, run, tmp_path):
    (one,) = layer.multipliers
    again = layer.rewritten({one.name: one.weights}, tmp_path / "again.onnx")
    if "alpha" not in {attribute.name for attribute in onnx.load(layer.path).graph.node[0].attribute}:
        assert np.array_equal(run(again.path)[0], run(layer.path)[0])
    assert np.array_equal(again.multipliers[0].weights.kernel, one.weights.kernel)
    assert np.array_equal(again.multipliers[0].weights.bias, one.weights.bias)


def test_the_same_weights_give_the_same_bytes(layer, tmp_path):
    (one,) = layer.multipliers
    files = [layer.rewritten({one.name: one.weights}, tmp_path / f"{place}.onnx").path for place in range(2)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_multiplications_are_counted_as_in_the_emitted_file(layer):
    (one,) = layer.multipliers
    assert one.macs == onnx_macs(layer.path)[0].total > 0


def test_a_multiplier_says_what_it_reads_makes_and_is_called(drawing, tmp_path):
    drawing.conv(drawing.node("Relu", ["x"], "r"), "y", groups=2)
    (one,) = OnnxGraph(drawing.save(tmp_path / "net.onnx", "y")).multipliers
    assert (one.name, one.input, one.output, one.groups, one.has_bias) == ("Y", "r", "y", 2, True)


def test_a_bias_is_added_where_there_was_none(drawing, run, tmp_path):
    drawing.node("Conv", ["x", drawing.seeded("w", 4, 4, 1, 1)], "y")
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"))
    (one,) = graph.multipliers
    assert not one.weights.bias.any()
    bias = np.arange(4, dtype=np.float32)
    changed = graph.rewritten({"Y": Weights(kernel=one.weights.kernel, bias=bias)}, tmp_path / "changed.onnx")
    assert np.allclose(run(changed.path)[0], run(graph.path)[0] + bias[:, None, None], atol=1e-6)


def test_a_matrix_product_takes_no_bias(drawing, tmp_path):
    matmul(drawing)
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "y", shape=(1, 5, 4)))
    (one,) = graph.multipliers
    assert not one.has_bias
    with pytest.raises(ValueError, match="'Y' takes no bias"):
        graph.rewritten({"Y": Weights(kernel=one.weights.kernel, bias=np.ones(6, np.float32))}, tmp_path / "no.onnx")


def test_weights_that_two_layers_share_are_changed_for_one_alone(drawing, run, tmp_path):
    weights = [drawing.seeded("w", 4, 4, 1, 1), drawing.seeded("b", 4)]
    drawing.node("Conv", ["x", *weights], "first")
    drawing.node("Conv", ["x", *weights], "second")
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "first", "second"))
    weights = graph.multipliers[0].weights
    louder = Weights(kernel=2 * weights.kernel, bias=2 * weights.bias)
    changed = run(graph.rewritten({"FIRST": louder}, tmp_path / "changed.onnx").path)
    first, second = run(graph.path)
    assert np.allclose(changed[0], 2 * first, atol=1e-6)
    assert np.array_equal(changed[1], second)


def test_layers_that_are_not_named_stay_as_they_are(drawing, tmp_path):
    drawing.conv(drawing.conv("x", "first"), "second")
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "second"))
    first, second = graph.multipliers
    louder = Weights(kernel=2 * first.weights.kernel, bias=first.weights.bias)
    changed = graph.rewritten({"FIRST": louder}, tmp_path / "changed.onnx")
    assert np.array_equal(changed.multipliers[0].weights.kernel, louder.kernel)
    assert np.array_equal(changed.multipliers[1].weights.kernel, second.weights.kernel)


def test_what_multiplies_by_no_constant_is_no_multiplier(drawing, tmp_path):
    drawing.node("MatMul", ["x", drawing.node("Transpose", ["x"], "t", perm=[0, 1, 3, 2])], "y")
    assert OnnxGraph(drawing.save(tmp_path / "net.onnx", "y")).multipliers == ()


def test_a_bias_of_another_shape_is_not_taken_for_one(drawing, tmp_path):
    drawing.node("Gemm", ["x", drawing.seeded("w", 4, 4), drawing.seeded("b", 4, 1)], "y")
    assert OnnxGraph(drawing.save(tmp_path / "net.onnx", "y", shape=(4, 4))).multipliers == ()

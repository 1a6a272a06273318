"""Between which layers of an ONNX network a channel's scale may move, and what reads a tensor."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from skerry_converters.accuracy.float_graph import Weights
from skerry_converters.accuracy.onnx_graph import OnnxGraph


def between(kind, *more, **attributes):
    """Return a function that puts one node between two convolutions."""

    def draw(drawing):
        names = [drawing.constant(f"c{place}", *one) for place, one in enumerate(more)]
        return drawing.node(kind, ["a", *names], "m", **attributes)

    return draw


def pads(*sizes):
    return (sizes, np.int64)


NOWHERE = (0, 0, 1, 1, 0, 0, 1, 1)
PASSING = {
    "nothing": lambda _drawing: "a",
    "relu": between("Relu"),
    "leaky": between("LeakyRelu", alpha=0.1),
    "prelu": between("PRelu", ([[[0.1]], [[0.2]], [[0.3]], [[0.4]]],)),
    "identity": between("Identity"),
    "dropout": between("Dropout"),
    "max-pool": between("MaxPool", kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0]),
    "average-pool": between("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 0, 0]),
    "global-average-pool": between("GlobalAveragePool"),
    "global-max-pool": between("GlobalMaxPool"),
    "pad with 0": between("Pad", pads(*NOWHERE)),
    "pad with a 0 that is said": between("Pad", pads(*NOWHERE), (0.0,)),
    "pad by reflection": between("Pad", pads(*NOWHERE), mode="reflect"),
    "two in a row": lambda drawing: drawing.node("Relu", [between("GlobalAveragePool")(drawing)], "n"),
}
STOPPING = {
    "clip": between("Clip", (0.0,), (6.0,)),
    "sigmoid": between("Sigmoid"),
    "hard swish": between("HardSwish"),
    "hard sigmoid": between("HardSigmoid"),
    "tanh": between("Tanh"),
    "softmax": between("Softmax", axis=1),
    "add": between("Add", (1.0,)),
    "multiply": between("Mul", (2.0,)),
    "pad with 1": between("Pad", pads(*NOWHERE), (1.0,)),
    "transpose": between("Transpose", perm=[0, 1, 3, 2]),
    "depth to space": lambda drawing: drawing.node("DepthToSpace", ["a"], "m", blocksize=1),
    "silu": lambda drawing: drawing.node("Mul", ["a", drawing.node("Sigmoid", ["a"], "s")], "m"),
    "negation": between("Neg"),
}


def resize(drawing, mode, **attributes):
    scales = drawing.constant("scales", [1, 1, 2, 2])
    return drawing.node("Resize", ["a", "", scales], "m", mode=mode, **attributes)


PASSING["resize to the nearest"] = lambda drawing: resize(
    drawing, "nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
)
STOPPING["resize by curves"] = lambda drawing: resize(drawing, "cubic")


@pytest.fixture
def joined(drawing, tmp_path):
    """Return a function that draws two convolutions with something between them."""

    def draw(middle):
        drawing.conv("x", "a", side=3)
        drawing.conv(middle(drawing), "b")
        return OnnxGraph(drawing.save(tmp_path / "net.onnx", "b"))

    return draw


def named(graph):
    return [(link.first, link.second) for link in graph.links]


@pytest.mark.parametrize("middle", PASSING.values(), ids=PASSING)
def test_layers_are_linked_across_what_treats_each_channel_alone(joined, middle):
    assert named(joined(middle)) == [("A", "B")]


@pytest.mark.parametrize("middle", PASSING.values(), ids=PASSING)
def test_moving_a_scale_across_a_link_leaves_the_outputs(joined, middle, run, tmp_path):
    graph = joined(middle)
    first, second = (one.weights for one in graph.multipliers)
    factors = np.array([4.0, 0.25, 16.0, 1.0], np.float32)
    weights = {
        "A": Weights(kernel=first.kernel * factors[:, None, None, None], bias=first.bias * factors),
        "B": Weights(kernel=second.kernel / factors[None, :, None, None], bias=second.bias),
    }
    moved = graph.rewritten(weights, tmp_path / "moved.onnx")
    assert np.allclose(run(moved.path)[0], run(graph.path)[0], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("middle", STOPPING.values(), ids=STOPPING)
def test_layers_are_not_linked_across_anything_else(joined, middle):
    assert named(joined(middle)) == []


def test_a_tensor_that_is_read_twice_links_nothing(drawing, tmp_path):
    drawing.conv("x", "a")
    drawing.conv("a", "b")
    drawing.node("Add", ["a", "b"], "y")
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"))) == []


@pytest.mark.parametrize("output", ["a", "r"])
def test_an_output_between_two_layers_links_nothing(drawing, tmp_path, output):
    drawing.conv("x", "a")
    drawing.conv(drawing.node("Relu", ["a"], "r"), "b")
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "b", output))) == []


def test_what_a_branch_reads_links_nothing(drawing, tmp_path):
    drawing.conv("x", "a")
    drawing.conv("a", "b")
    inner = helper.make_graph(
        [helper.make_node("Relu", ["a"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    drawing.constant("condition", True, np.bool_)
    drawing.node("If", ["condition"], "chosen", then_branch=inner, else_branch=inner)
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "b", "chosen"))) == []


def test_a_chain_is_linked_layer_by_layer_and_groups_do_not_matter(drawing, tmp_path):
    drawing.conv("x", "a", filters=6)
    drawing.conv("a", "b", 6, filters=6, side=3, groups=6)
    drawing.conv("b", "c", 6, filters=8)
    drawing.conv("c", "d", 8, filters=2, groups=2)
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "d"))) == [("A", "B"), ("B", "C"), ("C", "D")]


def head(drawing, reads, inputs):
    drawing.node("Gemm", [reads, drawing.seeded("w", inputs, 3), drawing.seeded("v", 3)], "y")


def test_a_pooled_convolution_is_linked_to_a_matrix_product(drawing, run, tmp_path):
    drawing.conv("x", "a")
    pooled = drawing.node("GlobalAveragePool", [drawing.node("Relu", ["a"], "r")], "p")
    head(drawing, drawing.node("Flatten", [pooled], "f"), 4)
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"))
    assert named(graph) == [("A", "Y")]
    first, second = (one.weights for one in graph.multipliers)
    weights = {
        "A": Weights(kernel=first.kernel * 2, bias=first.bias * 2),
        "Y": Weights(kernel=second.kernel / 2, bias=second.bias),
    }
    moved = graph.rewritten(weights, tmp_path / "moved.onnx")
    assert np.allclose(run(moved.path)[0], run(graph.path)[0], atol=1e-5)


def test_a_convolution_that_is_flattened_with_its_pixels_is_not_linked(drawing, tmp_path):
    drawing.conv("x", "a")
    head(drawing, drawing.node("Flatten", ["a"], "f"), 4 * 8 * 8)
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"))) == []


def test_matrix_products_are_linked_to_each_other(drawing, tmp_path):
    drawing.node("Gemm", ["x", drawing.seeded("u", 4, 6), drawing.seeded("t", 6)], "a")
    head(drawing, drawing.node("Relu", ["a"], "r"), 6)
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "y", shape=(1, 4)))) == [("A", "Y")]


def test_a_matrix_product_over_pixels_is_not_linked_to_the_convolution_before_it(drawing, tmp_path):
    drawing.conv("x", "a", filters=8)
    drawing.node("MatMul", ["a", drawing.seeded("w", 8, 3)], "y")
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"))) == []


def test_a_pool_over_the_channels_of_a_matrix_product_links_nothing(drawing, tmp_path):
    drawing.node("MatMul", ["x", drawing.seeded("u", 4, 6)], "a")
    pooled = drawing.node("MaxPool", ["a"], "p", kernel_shape=[3], pads=[1, 1])
    drawing.node("MatMul", [pooled, drawing.seeded("w", 6, 3)], "y")
    assert named(OnnxGraph(drawing.save(tmp_path / "net.onnx", "y", shape=(1, 5, 4)))) == []


SLOPES = {
    "relu": (PASSING["relu"], 0.0),
    "relu6": (STOPPING["clip"], 0.0),
    "clip below 0": (between("Clip", (-1.0,), (6.0,)), 1.0),
    "leaky": (PASSING["leaky"], 0.1),
    "prelu": (PASSING["prelu"], np.sqrt((0.01 + 0.04 + 0.09 + 0.16) / 4)),
    "sigmoid": (STOPPING["sigmoid"], 1.0),
    "silu": (STOPPING["silu"], 1.0),
}


@pytest.mark.parametrize(("middle", "slope"), SLOPES.values(), ids=SLOPES)
def test_the_slope_below_zero_is_the_activations_own(joined, middle, slope):
    graph = joined(middle)
    assert graph.slopes["a"] == pytest.approx(slope)
    assert graph.slopes["b"] == 1.0


def test_an_activation_beside_another_reader_does_not_count(drawing, tmp_path):
    drawing.conv("x", "a")
    drawing.node("Add", ["a", drawing.node("Relu", ["a"], "r")], "y")
    assert OnnxGraph(drawing.save(tmp_path / "net.onnx", "y")).slopes == {"a": 1.0}


def test_other_tensors_are_looked_at_where_the_quantizer_takes_their_ranges(drawing, tmp_path):
    drawing.node("Relu", [drawing.conv(drawing.node("Relu", ["x"], "r"), "a")], "y")
    graph = OnnxGraph(drawing.save(tmp_path / "net.onnx", "y"), {"x", "y", "unknown"})
    assert graph.slopes == {"x": 0.0, "a": 0.0, "y": 1.0}
    again = graph.rewritten({"A": graph.multipliers[0].weights}, tmp_path / "again.onnx")
    assert again.slopes == graph.slopes

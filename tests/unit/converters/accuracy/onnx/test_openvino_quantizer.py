"""Int8 by NNCF: other ranges and float layers set in what it made once, under names that do not change."""

import logging
from dataclasses import replace

import numpy as np
import onnx
import pytest

from skerry_converters.accuracy.onnx_graph import OnnxGraph
from skerry_converters.accuracy.onnx_watch import watch_onnx
from skerry_converters.accuracy.openvino_quantizer import OpenVinoQuantizer, tensors_with_ranges
from skerry_converters.accuracy.openvino_ranges import representable
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.families.macs import openvino_macs
from skerry_converters.sources.base import ModelFile
from skerry_edge.backends.openvino import shared_core
from skerry_edge.backends.registry import open_backend
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import DataError

pytest.importorskip("openvino", reason="the extra 'openvino' is not installed")
pytest.importorskip("nncf", reason="the extra 'convert' is not installed")
SHAPE = (1, 4, 8, 8)
FAST, ACCURATE = "fast-bias-correction", "bias-correction"


@pytest.fixture
def quantizer(drawing, samples, tmp_path):
    """Return a function that opens the drawing, with the outputs of the given names."""

    def opened(*outputs):
        path = drawing.save(tmp_path / "net.onnx", *outputs)
        model = ModelFile(
            path=path,
            inputs=(Tensor(name="x", shape=SHAPE, layout="NCHW"),),
            outputs=tuple(Tensor(name=name, shape=SHAPE, layout="NCHW") for name in outputs),
        )
        graph = OnnxGraph(path, tensors_with_ranges(path, samples, where="net"))
        return OpenVinoQuantizer(model, graph, watch_onnx, samples, where="net")

    return opened


@pytest.fixture
def chain(drawing, quantizer):
    """A layer before a max-pool, a depthwise one, one without activation before an addition, and the last one."""
    leaky = drawing.node("LeakyRelu", [drawing.conv("x", "a", side=3)], "l", alpha=0.1)
    pooled = drawing.node("MaxPool", [leaky], "p", kernel_shape=[2, 2], strides=[2, 2])
    relu = drawing.node("Relu", [drawing.conv(pooled, "b", side=3, groups=4)], "r")
    drawing.conv(relu, "c")
    drawing.conv(drawing.node("Add", ["c", "p"], "s"), "d")
    return quantizer("d")


def fake_quantized(path):
    """Return the four limits of each fake quantization by the name of the tensor that it reads."""
    model = shared_core().read_model(path)
    found = {}
    for node in model.get_ordered_ops():
        if node.get_type_name() == "FakeQuantize":
            reads = node.input_value(0).get_node().get_friendly_name().lower()
            found[reads] = [node.input_value(place).get_node().get_data() for place in (1, 2, 3, 4)]
    return found


def sqnr_db(wanted, got):
    return 10 * np.log10(np.square(wanted).sum() / np.square(wanted - got).sum())


def run(path, sample):
    return open_backend("openvino", path).infer((sample,))[0]


@pytest.fixture
def sample():
    return np.random.default_rng(8).normal(size=SHAPE).astype(np.float32)


def plan(chain, preset=FAST, **more):
    return Plan(float_file=chain.model.path, preset=preset, **more)


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ((-1.0, 1.55), (-1.0, 1.55)),
        ((0.0, 2.55), (0.0, 2.55)),
        ((0.3, 2.55), (0.0, 2.55)),
        ((-2.55, -0.3), (-2.55, 0.0)),
        ((-1.004, 1.546), (-1.0, 1.55)),
    ],
)
def test_a_range_holds_0_as_one_of_its_levels(wanted, got):
    assert representable(*wanted) == pytest.approx(got)


def test_a_range_that_is_asked_for_is_in_the_file_and_all_others_left(chain, tmp_path):
    before = fake_quantized(chain.quantize(plan(chain), tmp_path / "before.onnx"))
    after = fake_quantized(
        chain.quantize(plan(chain, ranges={"r": (0.0, 5.1), "x": (-1.0, 1.55)}), tmp_path / "after.onnx")
    )
    assert np.allclose(np.ravel(after["r"]), [0.0, 5.1, 0.0, 5.1])
    assert np.allclose(np.ravel(after["x"]), [-1.0, 1.55, -1.0, 1.55])
    changed = [name for name in before if not np.array_equal(np.ravel(before[name]), np.ravel(after[name]))]
    assert sorted(changed) == ["r", "x"]


def test_scales_for_each_channel_stay(drawing, quantizer, tmp_path):
    drawing.conv(drawing.conv("x", "a"), "b", side=3, groups=4)
    opened = quantizer("b")
    assert "a" not in tensors_with_ranges(opened.model.path, [np.ones(SHAPE, np.float32)], where="net")
    before = fake_quantized(opened.quantize(plan(opened), tmp_path / "before.onnx"))
    after = fake_quantized(opened.quantize(plan(opened, ranges={"a": (-1.0, 1.0)}), tmp_path / "after.onnx"))
    assert before["a"][0].size == 4
    assert np.array_equal(before["a"][0], after["a"][0])


def test_the_parts_of_a_concatenation_keep_one_scale(drawing, quantizer, tmp_path):
    parts = [drawing.node("Relu", [drawing.conv("x", name)], f"{name}r") for name in ("a", "b")]
    drawing.conv(drawing.node("Concat", parts, "j", axis=1), "y", 8)
    opened = quantizer("y")
    ranges = {"ar": (0.0, 1.0), "br": (0.0, 3.0)}
    limits = fake_quantized(opened.quantize(plan(opened, ranges=ranges), tmp_path / "int8.onnx"))
    joined = [limits[name] for name in ("ar", "br") if name in limits] or [limits["j"]]
    assert {float(one[1]) for one in joined} == {3.0}


def test_a_layer_that_is_kept_float_is_float_in_openvinos_own_graph(chain, tmp_path):
    assert openvino_macs(chain.quantize(plan(chain), tmp_path / "plain"))[1] == ()
    for layer in ("A", "B", "C", "D"):
        macs, kept = openvino_macs(chain.quantize(plan(chain, kept_float=frozenset({layer})), tmp_path / layer))
        assert [name.split("/")[0] for name in kept] == [layer]
        assert 0 < macs.integer < macs.total


def test_what_others_read_as_well_stays_on_integers(chain, tmp_path):
    before = fake_quantized(chain.quantize(plan(chain), tmp_path / "plain"))
    after = fake_quantized(chain.quantize(plan(chain, kept_float=frozenset({"B"})), tmp_path / "float"))
    # The pooled tensor goes into the addition too.
    assert after.keys() == before.keys()
    alone = fake_quantized(chain.quantize(plan(chain, kept_float=frozenset({"A", "C"})), tmp_path / "alone"))
    assert before.keys() - alone.keys() == {"x", "r"}


def test_nncfs_slower_way_to_correct_biases_makes_another_file(chain, tmp_path, sample):
    fast, accurate = (chain.quantize(plan(chain, preset), tmp_path / preset) for preset in chain.presets)
    assert openvino_macs(accurate)[1] == ()
    assert not np.array_equal(run(fast, sample), run(accurate, sample))


def test_a_network_all_kept_float_computes_what_it_did(drawing, quantizer, tmp_path, sample):
    leaky = drawing.node("LeakyRelu", [drawing.conv("x", "a", side=3)], "l", alpha=0.1)
    pooled = drawing.node("MaxPool", [leaky], "p", kernel_shape=[2, 2], strides=[2, 2])
    drawing.conv(drawing.node("Relu", [drawing.conv(pooled, "b", side=3, groups=4)], "r"), "d")
    opened = quantizer("d")
    wanted = open_backend("onnx", opened.model.path).infer((sample,))[0]
    kept = frozenset(one.name for one in opened.graph.multipliers)
    float_path = opened.quantize(plan(opened, kept_float=kept), tmp_path / "float.onnx")
    int8_path = opened.quantize(plan(opened), tmp_path / "int8.onnx")
    # Weights are stored as float16.
    assert sqnr_db(wanted, run(float_path, sample)) > 55 > sqnr_db(wanted, run(int8_path, sample))


def test_handlers_of_others_log_as_before(chain, tmp_path):
    mine = logging.NullHandler(logging.INFO)
    logging.getLogger("nncf").addHandler(mine)
    try:
        chain.quantize(plan(chain), tmp_path / "file.onnx")
    finally:
        logging.getLogger("nncf").removeHandler(mine)
    assert mine.level == logging.INFO


def test_matrix_products_are_kept_float_and_transposed_convolutions_are_known(drawing, quantizer, tmp_path):
    weights = [drawing.seeded("w", 4, 6, 2, 2), drawing.seeded("b", 6)]
    drawing.node("ConvTranspose", [drawing.conv("x", "a"), *weights], "t", strides=[2, 2])
    pooled = drawing.node("GlobalAveragePool", [drawing.node("Relu", ["t"], "r")], "p")
    drawing.node(
        "Gemm", [drawing.node("Flatten", [pooled], "f"), drawing.seeded("u", 6, 5), drawing.seeded("v", 5)], "g"
    )
    drawing.node("MatMul", [drawing.node("Relu", ["g"], "h"), drawing.seeded("z", 5, 3)], "y")
    opened = quantizer("y")
    # On the CPU, OpenVINO runs a transposed convolution in float whatever is asked for.
    always = len(openvino_macs(opened.quantize(plan(opened), tmp_path / "plain"))[1])
    for layer, more in (("T", 0), ("G", 1), ("Y", 1)):
        path = opened.quantize(plan(opened, kept_float=frozenset({layer})), tmp_path / layer)
        assert len(openvino_macs(path)[1]) == always + more


def test_a_float_file_is_quantized_once_for_each_preset(chain, samples, tmp_path):
    chain.quantize(plan(chain), tmp_path / "0.onnx")
    passes = samples.passes
    chain.quantize(plan(chain, ranges={"r": (0.0, 1.0)}), tmp_path / "1.onnx")
    chain.quantize(plan(chain, kept_float=frozenset({"A"})), tmp_path / "2.onnx")
    assert samples.passes == passes
    weights = chain.graph.multipliers[0].weights
    other = chain.graph.rewritten({"A": replace(weights, kernel=2 * weights.kernel)}, tmp_path / "other.onnx")
    chain.quantize(Plan(float_file=other.path, preset=FAST), tmp_path / "3.onnx")
    assert samples.passes > passes


def test_a_plan_gives_the_same_bytes_whatever_was_made_before(chain, tmp_path):
    wanted = plan(chain, ranges={"r": (0.0, 1.0)}, kept_float=frozenset({"A", "C"}))
    first = chain.quantize(wanted, tmp_path / "first.onnx")
    chain.quantize(plan(chain, ACCURATE), tmp_path / "between.onnx")
    again = OpenVinoQuantizer(chain.model, chain.graph, watch_onnx, chain._samples, where="net")
    second = again.quantize(wanted, tmp_path / "second.onnx")
    for suffix in (".xml", ".bin"):
        assert first.with_suffix(suffix).read_bytes() == second.with_suffix(suffix).read_bytes()


def test_names_that_look_like_openvinos_own_stay_where_the_file_has_them(drawing, quantizer, tmp_path):
    drawing.conv(drawing.node("Relu", [drawing.conv("x", "a")], "r"), "y")
    for node, name in zip(drawing.nodes, ("Conv_7", "Relu_8", "MatMul_9"), strict=True):
        node.name = name
    opened = quantizer("y")
    names = {
        one.get_friendly_name()
        for one in shared_core().read_model(opened.quantize(plan(opened), tmp_path / "o")).get_ops()
    }
    assert {"Relu_8", "MatMul_9"} <= {name.split("/")[0] for name in names}


def test_a_layer_that_openvino_does_not_show_is_an_error(chain, tmp_path):
    with pytest.raises(DataError, match="which layer is to stay float") as caught:
        chain.quantize(plan(chain, kept_float=frozenset({"A", "elsewhere"})), tmp_path / "int8.onnx")
    assert (caught.value.where, caught.value.found) == ("net", "'elsewhere'")


def test_a_preset_that_there_is_not_is_an_error(chain, tmp_path):
    with pytest.raises(DataError, match="not used in this way") as caught:
        chain.quantize(plan(chain, "performance"), tmp_path / "int8.onnx")
    assert caught.value.found == "preset 'performance'"


def test_a_network_that_openvino_cannot_read_is_an_error(chain, tmp_path):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(onnx.ModelProto(ir_version=8).SerializeToString())
    root = logging.getLogger()
    before = root.level, list(root.filters), list(root.handlers)
    with pytest.raises(DataError, match="cannot convert"):
        chain.quantize(Plan(float_file=damaged, preset=FAST), tmp_path / "int8.onnx")
    assert (root.level, root.filters, root.handlers) == before

"""Int8 by ONNX Runtime: the same file as its own command makes, with other ranges, and with layers left float."""

import tempfile
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_static

from skerry_converters.accuracy.onnx_quantizer import OnnxQuantizer
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.families.macs import onnx_macs
from skerry_converters.families.onnx_compact import compact
from skerry_converters.families.onnx_quantizer import SampleReader, calibrate, prepare_for_quantization, quantize
from skerry_converters.sources.base import ModelFile
from skerry_edge.contracts.manifest import Tensor
from skerry_edge.foundation.errors import ConfigError, DataError

SHAPE = (1, 4, 8, 8)


@pytest.fixture
def quantizer(drawing, samples, tmp_path):
    """Return a function that opens the drawing, with the outputs of the given names."""

    def opened(*outputs):
        prepared = prepare_for_quantization(drawing.save(tmp_path / "net.onnx", *outputs), tmp_path, where="net")
        model = ModelFile(
            path=prepared,
            inputs=(Tensor(name="x", shape=SHAPE, layout="NCHW"),),
            outputs=tuple(Tensor(name=name, shape=SHAPE, layout="NCHW") for name in outputs),
        )
        return OnnxQuantizer(model, samples, where="net")

    return opened


@pytest.fixture
def chain(drawing, quantizer):
    """Four layers: with a leaky ReLU, with a ReLU, with none before an addition, and the last one."""
    leaky = drawing.node("LeakyRelu", [drawing.conv("x", "a", side=3)], "l", alpha=0.1)
    relu = drawing.node("Relu", [drawing.conv(leaky, "b", side=3, groups=4)], "r")
    drawing.conv(relu, "c")
    drawing.conv(drawing.node("Add", ["c", "l"], "s"), "d")
    return quantizer("d")


def sqnr_db(wanted, got):
    return 10 * np.log10(np.square(wanted).sum() / max(np.square(wanted - got).sum(), 1e-30))


def scales(model):
    """Return scale and zero point by the name of the tensor that is quantized."""
    held = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    return {
        node.input[0]: (float(held[node.input[1]]), int(held[node.input[2]]))
        for node in model.graph.node
        if node.op_type == "QuantizeLinear"
    }


def test_without_a_plan_the_file_is_that_of_onnx_runtimes_own_command(chain, samples, tmp_path):
    ours = chain.quantize(Plan(float_file=chain.model.path), tmp_path / "ours.onnx")
    theirs = tmp_path / "theirs.onnx"
    reader = SampleReader(samples, "x")
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    quantize_static(chain.model.path, theirs, reader, per_channel=True, **types)
    model = onnx.load(theirs)
    compact(model)
    assert ours.read_bytes() == model.SerializeToString(deterministic=True)


def test_a_range_that_is_asked_for_is_in_the_file(chain, tmp_path):
    path = chain.quantize(Plan(float_file=chain.model.path, ranges={"x": (-1.0, 1.55)}), tmp_path / "int8.onnx")
    assert scales(onnx.load(path))["x"] == (pytest.approx(2.55 / 255), 100)


def test_ranges_inside_the_network_are_set_and_all_others_left(chain, samples):
    float_file = chain.model.path
    calibration = calibrate(float_file, samples, where="net")
    before = scales(quantize(float_file, calibration, where="net"))
    ranges = {"l": (-0.5, 2.05), "r": (0.0, 5.1)}
    after = scales(quantize(float_file, calibration, ranges, where="net"))
    assert after["l"] == (pytest.approx(0.01), 50)
    assert after["r"] == (pytest.approx(0.02), 0)
    assert {name for name in after if after[name] != before[name]} == {"l", "r"}


def test_calibrating_leaves_nothing_outside_the_networks_own_folder_when_it_is_killed(
    chain, samples, tmp_path, monkeypatch
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    seen = []

    class Watched:
        def __len__(self):
            return len(samples)

        def __iter__(self):
            seen.append(list(elsewhere.iterdir()))
            return iter(samples)

    calibrate(chain.model.path, Watched(), where="net")
    assert seen == [[]]


def test_the_tensors_with_ranges_are_those_that_are_quantized(chain):
    assert set(chain.graph.slopes) == {"x", "a", "l", "b", "r", "c", "s", "d"}
    assert chain.graph.slopes["a"] == pytest.approx(0.1)


def test_what_only_moves_values_has_no_range_of_its_own(drawing, quantizer):
    pooled = drawing.node("MaxPool", [drawing.conv("x", "a")], "p", kernel_shape=[2, 2])
    drawing.conv(pooled, "y")
    assert set(quantizer("y").graph.slopes) == {"x", "a", "y"}


def test_an_output_that_no_layer_makes_has_a_range_too(drawing, quantizer):
    drawing.node("LeakyRelu", [drawing.conv("x", "a")], "y")
    assert set(quantizer("y").graph.slopes) == {"x", "a", "y"}


def test_between_a_float_layer_and_its_activation_nothing_is_rounded(chain, samples):
    calibration = calibrate(chain.model.path, samples, where="net")
    rounded = scales(quantize(chain.model.path, calibration, kept_float={"A"}, where="net"))
    assert "a" not in rounded
    assert "l" in rounded


@pytest.mark.parametrize("layer", ["A", "B", "C", "D"])
def test_a_layer_that_is_kept_float_is_float_in_onnx_runtimes_own_graph(chain, tmp_path, layer):
    plan = Plan(float_file=chain.model.path, kept_float=frozenset({layer}))
    macs, kept = onnx_macs(chain.quantize(plan, tmp_path / "int8.onnx"))
    assert kept == (layer,)
    assert 0 < macs.integer < macs.total


@pytest.mark.parametrize("middle", ["Relu", "Clip", "LeakyRelu"])
def test_a_layer_with_an_activation_is_kept_float(drawing, quantizer, tmp_path, middle):
    drawing.conv(drawing.node(middle, [drawing.conv("x", "a")], "m"), "y")
    opened = quantizer("y")
    plan = Plan(float_file=opened.model.path, kept_float=frozenset({"A"}))
    assert onnx_macs(opened.quantize(plan, tmp_path / "int8.onnx"))[1] == ("A",)


def test_a_matrix_product_is_kept_float(drawing, quantizer, tmp_path):
    pooled = drawing.node("GlobalAveragePool", [drawing.conv("x", "a")], "p")
    drawing.node(
        "Gemm", [drawing.node("Flatten", [pooled], "f"), drawing.seeded("w", 4, 3), drawing.seeded("v", 3)], "g"
    )
    drawing.node("Relu", ["g"], "y")
    opened = quantizer("y")
    plan = Plan(float_file=opened.model.path, kept_float=frozenset({"G"}))
    assert onnx_macs(opened.quantize(plan, tmp_path / "int8.onnx"))[1] == ("G",)


def test_a_network_all_kept_float_computes_what_it_did(chain, run, tmp_path):
    kept = frozenset(one.name for one in chain.graph.multipliers)
    wanted = run(chain.model.path)[0]
    plain = chain.quantize(Plan(float_file=chain.model.path), tmp_path / "int8.onnx")
    float_path = chain.quantize(Plan(float_file=chain.model.path, kept_float=kept), tmp_path / "float.onnx")
    assert onnx_macs(float_path)[0].integer == 0
    # The addition between them is still on integers.
    assert sqnr_db(wanted, run(float_path)[0]) > sqnr_db(wanted, run(plain)[0]) + 3


def test_a_float_file_is_calibrated_once(chain, samples, tmp_path):
    passes = samples.passes
    for place, kept in enumerate([frozenset(), frozenset({"A"})]):
        plan = Plan(float_file=chain.model.path, ranges={"l": (-1.0, 1.0)}, kept_float=kept)
        chain.quantize(plan, tmp_path / f"{place}.onnx")
    assert samples.passes == passes


def test_another_float_file_is_calibrated_anew(chain, samples, tmp_path):
    weights = chain.graph.multipliers[0].weights
    louder = replace(weights, kernel=2 * weights.kernel, bias=2 * weights.bias)
    other = chain.graph.rewritten({"A": louder}, tmp_path / "other.onnx")
    passes = samples.passes
    chain.quantize(Plan(float_file=other.path), tmp_path / "int8.onnx")
    assert samples.passes == passes + 1


def test_a_range_of_nothing_is_survived(chain, tmp_path, run):
    plan = Plan(float_file=chain.model.path, ranges={"l": (0.0, 0.0)})
    assert np.isfinite(run(chain.quantize(plan, tmp_path / "int8.onnx"))[0]).all()


def test_a_layer_that_is_not_there_is_an_error(chain, tmp_path):
    plan = Plan(float_file=chain.model.path, kept_float=frozenset({"A", "elsewhere"}))
    with pytest.raises(DataError, match="no layer that is to stay float") as caught:
        chain.quantize(plan, tmp_path / "int8.onnx")
    assert (caught.value.where, caught.value.found) == ("net", "'elsewhere'")


def test_samples_of_another_shape_are_an_error_that_names_the_network(drawing, quantizer, samples):
    drawing.conv("x", "y")
    samples.shape = (1, 4, 9, 8)
    with pytest.raises(DataError, match="cannot run the network") as caught:
        quantizer("y")
    assert caught.value.where == "net"


def test_an_error_of_the_samples_passes_as_it_is(drawing, quantizer, samples, monkeypatch):
    def broken(_self):
        raise ConfigError("the calibration data is damaged")

    drawing.conv("x", "y")
    monkeypatch.setattr(type(samples), "__iter__", broken)
    with pytest.raises(ConfigError, match="data is damaged"):
        quantizer("y")


class TestPreparing:
    """What the quantizer is given: names for layers, plain constants, an opset with scales for each channel."""

    def test_layers_without_names_get_names_of_their_own(self, drawing, tmp_path):
        drawing.conv(drawing.node("LeakyRelu", [drawing.conv("x", "a")], "l"), "b")
        for node in drawing.nodes:
            node.name = ""
        nodes = onnx.load(
            prepare_for_quantization(drawing.save(tmp_path / "net.onnx", "b"), tmp_path, where="net")
        ).graph.node
        names = [node.name for node in nodes]
        assert all(names)
        assert len(set(names)) == 3

    def test_a_name_that_two_layers_share_is_left_to_the_first(self, drawing, tmp_path):
        drawing.conv(drawing.node("LeakyRelu", [drawing.conv("x", "a")], "l"), "b")
        for node in drawing.nodes:
            node.name = "same"
        nodes = onnx.load(
            prepare_for_quantization(drawing.save(tmp_path / "net.onnx", "b"), tmp_path, where="net")
        ).graph.node
        assert nodes[0].name == "same"
        assert len({node.name for node in nodes}) == 3

    def test_constants_that_are_listed_as_inputs_are_folded_as_others(self, drawing, tmp_path, run):
        drawing.conv("x", "a")
        ones = drawing.constant("ones", np.ones(4))
        drawing.node("BatchNormalization", ["a", ones, ones, drawing.seeded("mean", 4), ones], "y")
        path = drawing.save(tmp_path / "net.onnx", "y")
        model = onnx.load(path)
        for one in model.graph.initializer:
            model.graph.input.append(onnx.helper.make_tensor_value_info(one.name, one.data_type, one.dims))
        model.ir_version = 3
        onnx.save(model, path)
        prepared = prepare_for_quantization(path, tmp_path, where="net")
        graph = onnx.load(prepared).graph
        assert [node.op_type for node in graph.node] == ["Conv"]
        assert [one.name for one in graph.input] == ["x"]
        sample = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
        before = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": sample})[0]
        assert np.allclose(run(prepared, sample)[0], before, atol=1e-5)

    def test_an_old_opset_is_raised(self, drawing, tmp_path):
        drawing.conv("x", "y")
        path = drawing.save(tmp_path / "net.onnx", "y")
        model = onnx.load(path)
        model.opset_import[0].version = 11
        onnx.save(model, path)
        prepared = onnx.load(prepare_for_quantization(path, tmp_path, where="net"))
        assert min(one.version for one in prepared.opset_import if one.domain == "") >= 13

    def test_a_network_that_cannot_be_prepared_is_an_error_that_names_it(self, drawing, tmp_path):
        drawing.conv("x", "y")
        path = drawing.save(tmp_path / "net.onnx", "y")
        model = onnx.load(path)
        model.opset_import[0].version = 12
        model.graph.node[0].op_type = "Convolute"
        onnx.save(model, path)
        with pytest.raises(DataError, match="cannot be prepared") as caught:
            prepare_for_quantization(path, tmp_path, where="net")
        assert caught.value.where == "net"
        assert "Convolute" in caught.value.found

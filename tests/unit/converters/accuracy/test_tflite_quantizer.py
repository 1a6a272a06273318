"""Int8 TFLite files by plan: asked ranges are in the file, what is to stay float does, all else is on integers."""

import math
import shutil

import numpy as np
import pytest

from skerry_converters.accuracy.float_graph import Weights
from skerry_converters.accuracy.recipe import Plan
from skerry_converters.families.macs import tflite_macs
from skerry_converters.sources.base import ModelFile
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.foundation.errors import DataError


class Counted:
    """Samples that count how often they are read from the first on."""

    def __init__(self, samples):
        self.samples = samples
        self.passes = 0

    def __len__(self):
        return len(self.samples)

    def __iter__(self):
        self.passes += 1
        return iter(self.samples)


@pytest.fixture
def quantizer(pictures):
    """Return a function that makes the quantizer of a file, of the pictures or of other samples."""
    pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    from skerry_converters.accuracy.tflite_quantizer import TfliteQuantizer  # imports TensorFlow

    def of(path, samples=pictures):
        model = ModelFile(path=path, inputs=(), outputs=())
        return TfliteQuantizer(model, samples, where="a test", may_keep_float=True)

    return of


@pytest.mark.parametrize("network", ["chained", "branched"])
def test_a_plan_that_asks_for_nothing_gives_the_plain_file(request, quantizer, pictures, tmp_path, network):
    path = request.getfixturevalue(network)
    made = quantizer(path).quantize(Plan(float_file=path), tmp_path / "int8.tflite")
    from skerry_converters.families.tf_quantizer import quantize_file  # imports TensorFlow

    assert made.read_bytes() == quantize_file(path, "int8", pictures, where="a test")
    macs, kept_float = tflite_macs(made)
    assert macs.integer == macs.total > 0
    assert kept_float == ()


@pytest.mark.parametrize("network", ["chained", "branched"])
def test_every_tensor_with_a_range_of_its_own_gets_the_one_that_is_asked_for(request, quantizer, tmp_path, network):
    path = request.getfixturevalue(network)
    one = quantizer(path)
    ranges = {name: (-1.0 - place / 8, 3.0 + place / 4) for place, name in enumerate(one.graph.slopes)}
    made = read_tflite(one.quantize(Plan(float_file=path, ranges=ranges), tmp_path / "int8.tflite")).main
    spans = {tensor.name: 255 * tensor.quantization.scales[0] for tensor in made.tensors if tensor.quantization}
    assert {name: spans[name] for name in ranges} == pytest.approx(
        {name: high - low for name, (low, high) in ranges.items()}, rel=1e-4
    )
    assert len(ranges) > 6


@pytest.mark.parametrize("network", ["chained", "branched"])
def test_a_layer_stays_float_and_no_other_does(request, quantizer, tmp_path, network):
    path = request.getfixturevalue(network)
    one = quantizer(path)
    keepable = [layer for layer in one.graph.multipliers if layer.may_stay_float]
    assert len(keepable) >= len(one.graph.multipliers) - 1
    for layer in keepable:
        made = one.quantize(Plan(float_file=path, kept_float=frozenset({layer.name})), tmp_path / "int8.tflite")
        macs, kept_float = tflite_macs(made)
        assert macs.total - macs.integer == layer.macs
        assert len(kept_float) == 1
        graph = read_tflite(made).main
        edges = [graph.tensors[number].type for number in (*graph.inputs, *graph.outputs)]
        assert set(edges) == {"INT8"}


def test_between_a_float_layer_and_its_activation_nothing_is_rounded(chained, quantizer, tmp_path):
    one = quantizer(chained)
    first = one.graph.multipliers[0]
    made = one.quantize(Plan(float_file=chained, kept_float=frozenset({first.name})), tmp_path / "int8.tflite")
    operators = [operator.name for operator in read_tflite(made).main.operators]
    assert operators[:5] == ["DEQUANTIZE", "CONV_2D", "LEAKY_RELU", "QUANTIZE", "MAX_POOL_2D"]


def test_a_transposed_convolution_that_is_to_stay_float_is_refused(chained, quantizer, tmp_path):
    one = quantizer(chained)
    (transposed,) = (layer for layer in one.graph.multipliers if not layer.may_stay_float)
    with pytest.raises(DataError, match="did not keep a layer float"):
        one.quantize(Plan(float_file=chained, kept_float=frozenset({transposed.name})), tmp_path / "int8.tflite")


def test_the_weights_of_the_plan_are_those_that_are_rounded(chained, quantizer, tmp_path):
    one = quantizer(chained)
    first = one.graph.multipliers[0]
    halved = Weights(kernel=first.weights.kernel / 2, bias=first.weights.bias / 2)
    rewritten = one.graph.rewritten({first.name: halved}, tmp_path / "halved.tflite")
    scales = []
    for path in (chained, rewritten.path):
        graph = read_tflite(one.quantize(Plan(float_file=path), tmp_path / "int8.tflite")).main
        kernel = graph.operand(next(each for each in graph.operators if each.name == "CONV_2D"), 1)
        scales.append(np.array(kernel.quantization.scales))
    np.testing.assert_allclose(scales[1], scales[0] / 2, rtol=1e-6)


def test_a_float_file_is_calibrated_once(chained, quantizer, pictures, tmp_path):
    samples = Counted(pictures)
    one = quantizer(chained, samples)
    other = shutil.copyfile(chained, tmp_path / "other.tflite")
    for path in (chained, other, chained, other):
        one.quantize(Plan(float_file=path), tmp_path / "int8.tflite")
    assert samples.passes == 2


@pytest.mark.parametrize("ends", [(math.nan, 1.0), (0.0, math.inf), (1.0, -1.0)])
def test_what_is_no_range_is_refused(chained, quantizer, tmp_path, ends):
    one = quantizer(chained)
    plan = Plan(float_file=chained, ranges={one.graph.multipliers[0].output: ends})
    with pytest.raises(DataError, match="no range"):
        one.quantize(plan, tmp_path / "int8.tflite")
    assert not (tmp_path / "int8.tflite").exists()


def test_a_range_for_a_constant_or_for_nobody_is_refused(chained, quantizer, tmp_path):
    constant = next(tensor.name for tensor in read_tflite(chained).main.tensors if tensor.is_constant)
    for name in (constant, "nobody"):
        with pytest.raises(DataError, match="takes no range"):
            quantizer(chained).quantize(Plan(float_file=chained, ranges={name: (0.0, 1.0)}), tmp_path / "int8.tflite")


def test_what_tensorflow_cannot_run_is_told_in_its_words(chained, quantizer, tmp_path):
    one = quantizer(chained, [np.zeros((1, 4, 4, 5), np.float32)])
    with pytest.raises(DataError, match="cannot quantize") as caught:
        one.quantize(Plan(float_file=chained), tmp_path / "int8.tflite")
    assert caught.value.where == "a test"
    assert caught.value.found

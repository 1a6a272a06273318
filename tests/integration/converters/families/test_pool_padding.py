"""Max-pools that were padded with minus infinity, on integers."""

import numpy as np
import pytest

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.families.apart import make_apart
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.reader import parse_tflite, read_tflite


@pytest.fixture
def tf():
    return pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")


@pytest.fixture
def to_file(tf, tmp_path):
    """Return a function that writes a TensorFlow function of one picture of 17x17 as a TFLite file."""

    def write(network):
        signature = tf.TensorSpec((1, 17, 17, 3), tf.float32, name="picture")
        function = tf.function(network, input_signature=[signature]).get_concrete_function()
        path = tmp_path / "net.tflite"
        path.write_bytes(tf.lite.TFLiteConverter.from_concrete_functions([function]).convert())
        assert "PADV2" in {operator.name for _, operator in read_tflite(path).operators}
        return path

    return write


def convolved(tf, picture):
    kernel = np.random.default_rng(0).normal(0, 0.3, (3, 3, 3, 8)).astype(np.float32)
    return tf.nn.conv2d(picture, kernel, 1, "SAME")


def pooled(tf, value):
    """Rows and columns of minus infinity on two sides, and a max-pool."""
    value = tf.pad(value, [[0, 0], [1, 0], [1, 0], [0, 0]], constant_values=np.float32(-3.4e38))
    return tf.nn.max_pool2d(value, 3, 2, "VALID")


@pytest.fixture
def padded(tf, to_file):
    return to_file(lambda picture: pooled(tf, convolved(tf, picture)))


@pytest.mark.parametrize("goal", [None, Aim(max_drop=2.0, budget_s=20.0)], ids=["plain", "accurate"])
def test_an_int8_file_keeps_its_resolution(padded, samples, compare, tmp_path, goal):
    source = open_source(padded)
    emitted = make_apart("tflite-int8", source, samples((1, 17, 17, 3)), tmp_path, goal=goal)
    assert compare(source, emitted).sqnr_db() > 30
    # A scale that had to reach minus infinity would be above 1e36.
    assert emitted.outputs[0].quantization.scale < 0.1


def test_pools_that_share_their_padding_get_each_its_own(tf, to_file, samples):
    def network(picture):
        value = convolved(tf, picture)
        return pooled(tf, value), pooled(tf, 5 * value)

    path = to_file(network)
    paddings = [operator.inputs[2] for _, operator in read_tflite(path).operators if operator.name == "PADV2"]
    assert len(paddings) == 2
    assert len(set(paddings)) == 1, "the converter no longer shares the constant"
    from skerry_converters.families.pool_padding import with_finite_padding  # imports LiteRT

    graph = parse_tflite(
        with_finite_padding(path.read_bytes(), samples((1, 17, 17, 3)), where="a test"), where="a test"
    ).main
    values = [float(graph.operand(one, 2).values()) for one in graph.operators if one.name == "PADV2"]
    assert max(values) == pytest.approx(min(values) / 5, rel=1e-5)
    assert max(values) < 0

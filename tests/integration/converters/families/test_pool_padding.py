"""Max-pools that were padded with minus infinity, on integers."""

import numpy as np
import pytest

from skerry_converters.families.apart import make_apart
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.reader import read_tflite


@pytest.fixture
def padded(tmp_path):
    """A convolution, rows and columns of minus infinity on two sides, and a max-pool."""
    tensorflow = pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    kernel = np.random.default_rng(0).normal(0, 0.3, (3, 3, 3, 8)).astype(np.float32)

    def network(picture):
        value = tensorflow.nn.conv2d(picture, kernel, 1, "SAME")
        value = tensorflow.pad(value, [[0, 0], [1, 0], [1, 0], [0, 0]], constant_values=np.float32(-3.4e38))
        return tensorflow.nn.max_pool2d(value, 3, 2, "VALID")

    signature = tensorflow.TensorSpec((1, 17, 17, 3), tensorflow.float32, name="picture")
    function = tensorflow.function(network, input_signature=[signature]).get_concrete_function()
    path = tmp_path / "net.tflite"
    path.write_bytes(tensorflow.lite.TFLiteConverter.from_concrete_functions([function]).convert())
    assert "PADV2" in {operator.name for _, operator in read_tflite(path).operators}
    return path


def test_an_int8_file_keeps_its_resolution(padded, samples, compare, tmp_path):
    source = open_source(padded)
    emitted = make_apart("tflite-int8", source, samples((1, 17, 17, 3)), tmp_path)
    assert compare(source, emitted).sqnr_db() > 30
    # A scale that had to reach minus infinity would be above 1e36.
    assert emitted.outputs[0].quantization.scale < 0.1

"""A float TFLite file as Keras' own export gives it, with an open batch and a shape computed for Flatten."""

import pytest

from skerry_converters.edgetpu.predict import explain
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.known_shapes import with_known_shapes
from skerry_converters.tflite_file.reader import read_tflite


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    tf = pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")
    keras.utils.set_random_seed(2)
    layers = [keras.Input((8, 8, 4)), keras.layers.Conv2D(8, 3), keras.layers.Flatten(), keras.layers.Dense(5)]
    path = tmp_path_factory.mktemp("net") / "net.tflite"
    path.write_bytes(tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(layers)).convert())
    return path


@pytest.fixture(scope="module")
def source(network):
    return open_source(network)


def names(path):
    return [one.name for one in read_tflite(path).main.operators]


def test_sizes_that_are_known_are_constants_and_the_network_computes_the_same(source, network, compare, tmp_path):
    assert "SHAPE" in names(network)
    emitted = TARGETS["tflite-fp32"].make(source, None, tmp_path)
    assert names(emitted.runnable) == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    assert compare(source, emitted).sqnr_db() > 120


def test_the_edge_tpu_takes_the_whole_network(source, samples, compare, tmp_path):
    emitted = TARGETS["edgetpu-int8"].make(source, samples((1, 8, 8, 4)), tmp_path)
    assert all(one.mapped for one in explain(emitted.runnable).operators)
    assert compare(source, emitted).sqnr_db() > 25


def test_what_hangs_on_values_is_still_computed(tmp_path):
    tf = pytest.importorskip("tensorflow", reason="the extra 'convert' is not installed")

    @tf.function(input_signature=[tf.TensorSpec((1, 6), tf.float32), tf.TensorSpec((2,), tf.int32)])
    def reshaped(values, sizes):
        return tf.reshape(values, sizes)

    data = tf.lite.TFLiteConverter.from_concrete_functions([reshaped.get_concrete_function()]).convert()
    assert with_known_shapes(data, where="a test") is data

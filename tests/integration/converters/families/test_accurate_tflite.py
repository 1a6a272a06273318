"""Searches for accurate int8 TFLite files: for processors, for Edge TPUs and for microcontrollers."""

import numpy as np
import pytest

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.opening import open_source
from skerry_converters.tflite_file.reader import read_tflite

AIM = Aim(max_drop=2.0, budget_s=30.0)
CHANNELS, SIDE = 8, 16


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory):
    """Pointwise and depthwise in turn, leaky between them; channels differ in size up to a thousandfold."""
    keras = pytest.importorskip("keras", reason="the extra 'convert' is not installed")
    random = np.random.default_rng(11)
    layers, weights = keras.layers, []
    picture = value = keras.Input((SIDE, SIDE, 3), name="picture")
    sizes = np.ones(3)
    for depthwise in (False, True, False, True, False):
        if depthwise:
            value = layers.DepthwiseConv2D(3, padding="same")(value)
            kernel = random.normal(0, 1 / 3, (3, 3, CHANNELS, 1)) / sizes[:, np.newaxis]
        else:
            value = layers.Conv2D(CHANNELS, 1)(value)
            kernel = random.normal(0, len(sizes) ** -0.5, (1, 1, len(sizes), CHANNELS)) / sizes[:, np.newaxis]
        last = len(weights) == 8
        sizes = np.ones(CHANNELS) if last else np.exp2(random.uniform(-5, 5, CHANNELS))
        weights += [kernel * (sizes[:, np.newaxis] if depthwise else sizes), random.normal(0, 0.3, CHANNELS) * sizes]
        value = value if last else layers.LeakyReLU(negative_slope=0.1)(value)
    model = keras.Model(picture, value)
    model.set_weights(weights)
    path = tmp_path_factory.mktemp("lopsided") / "net.keras"
    model.save(path)
    return open_source(path)


@pytest.fixture(scope="module")
def make(lopsided, samples, tmp_path_factory):
    """Return a function that makes a target of the network in this process, which may have imported TensorFlow."""

    def made(name, goal=None):
        reason = TARGETS[name].unavailable_reason(lopsided.facts)
        if reason:
            pytest.skip(reason)
        return TARGETS[name].make(lopsided, samples((1, SIDE, SIDE, 3)), tmp_path_factory.mktemp(name), goal)

    return made


@pytest.fixture(scope="module")
def searched(make):
    return make("tflite-int8", AIM)


def test_what_plain_int8_ruins_is_rescued(make, searched, lopsided, compare):
    plain = compare(lopsided, make("tflite-int8")).sqnr_db()
    assert plain < 20
    assert compare(lopsided, searched).sqnr_db() > plain + 10
    assert searched.search.chosen.equalised
    assert searched.macs.integer_share >= 0.95
    assert len(searched.kept_float) == len(searched.search.chosen.kept_float)


def test_its_layers_can_be_held_against_the_float_file_that_it_was_made_from(searched):
    def kernels(path):
        graph = read_tflite(path).main
        return [graph.operand(one, 1) for one in graph.operators if "CONV" in one.name]

    found, wanted = kernels(searched.files[0]), kernels(searched.reference)
    assert len(found) == len(wanted) == 5
    for got, want in zip(found, wanted, strict=True):
        scales = np.array(got.quantization.scales) if got.quantization else np.ones(1)
        axis = 3 if got.shape[0] == 1 else 0
        scales = scales.reshape([-1 if place == axis else 1 for place in range(4)])
        np.testing.assert_allclose(got.values() * scales, want.values(), atol=0.51 * scales.max())


def test_the_recipe_that_was_found_gives_the_same_bytes_again(make, searched):
    again = make("tflite-int8", searched.search.chosen)
    assert again.files[0].read_bytes() == searched.files[0].read_bytes()


@pytest.mark.parametrize("name", ["edgetpu-int8", "mcu-int8"])
def test_where_nothing_can_run_in_float_nothing_stays_float(make, lopsided, compare, name):
    emitted = make(name, AIM)
    assert emitted.search.chosen.equalised
    assert emitted.search.layers == ()
    assert emitted.kept_float == ()
    assert emitted.macs.integer_share == 1
    types = {tensor.type for tensor in read_tflite(emitted.runnable).main.tensors}
    assert "FLOAT32" not in types
    assert compare(lopsided, emitted).sqnr_db() > 25


def test_the_edge_tpu_gets_prelu_for_leaky_relu_after_a_search_too(make):
    emitted = make("edgetpu-int8", Aim(max_drop=2.0, budget_s=0.0))
    names = {operator.name for _, operator in read_tflite(emitted.runnable).operators}
    assert "PRELU" in names
    assert "LEAKY_RELU" not in names

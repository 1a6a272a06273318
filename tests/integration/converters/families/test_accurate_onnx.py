"""Searches for accurate int8 files with ONNX Runtime's quantizer and with NNCF, each in a process of its own."""

import dataclasses

import numpy as np
import onnx
import pytest
from msgspec import structs
from onnx import TensorProto, helper, numpy_helper

from skerry_converters.accuracy.recipe import Aim
from skerry_converters.conversion.opening import SourceOptions, open_any
from skerry_converters.families.apart import make_apart
from skerry_converters.families.registry import TARGETS
from skerry_converters.sources.opening import open_source
from skerry_edge.backends.registry import open_backend
from skerry_edge.foundation.errors import DataError

NAMES = ("onnx-int8", "openvino-int8")
CHANNELS, SIDE = 8, 16
SHAPE = (1, 3, SIDE, SIDE)
AIM = Aim(max_drop=2.0, budget_s=200.0)


@pytest.fixture(scope="module")
def lopsided(tmp_path_factory):
    """Pointwise and depthwise in turn, leaky between them; channels differ in size up to a thousandfold."""
    random = np.random.default_rng(11)
    nodes, constants, reads, sizes = [], [], "x", np.ones(3)
    for place in range(5):
        depthwise, last = place % 2 == 1, place == 4
        kernel = random.normal(size=(CHANNELS, 1, 3, 3) if depthwise else (CHANNELS, len(sizes), 1, 1))
        kernel /= kernel[0].size ** 0.5 * (sizes.reshape(-1, 1, 1, 1) if depthwise else sizes.reshape(1, -1, 1, 1))
        sizes = np.ones(CHANNELS) if last else np.exp2(random.uniform(-5, 5, CHANNELS))
        held = {"w": kernel * sizes.reshape(-1, 1, 1, 1), "b": random.normal(0, 0.3, CHANNELS) * sizes}
        names = [f"{place}{name}" for name in held]
        constants += [numpy_helper.from_array(one.astype("f"), f"{place}{name}") for name, one in held.items()]
        made = f"layer {place}"
        more = {"group": CHANNELS, "pads": [1, 1, 1, 1]} if depthwise else {}
        nodes.append(helper.make_node("Conv", [reads, *names], [made], name=made, **more))
        reads = made if last else f"{made} leaky"
        nodes += [] if last else [helper.make_node("LeakyRelu", [made], [reads], name=reads, alpha=0.1)]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, channels, SIDE, SIDE))
        for name, channels in (("x", 3), (reads, CHANNELS))
    ]
    graph = helper.make_graph(nodes, "lopsided", ends[:1], ends[1:], constants)
    path = tmp_path_factory.mktemp("lopsided") / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return open_any(path, SourceOptions())


@pytest.fixture(scope="module")
def searched(lopsided, samples, tmp_path_factory):
    """Return a function that searches for a target once."""
    found = {}

    def search(name):
        reason = TARGETS[name].unavailable_reason(lopsided.facts)
        if reason:
            pytest.skip(reason)
        if name not in found:
            found[name] = make_apart(name, lopsided, samples(SHAPE), tmp_path_factory.mktemp(name), goal=AIM)
        return found[name]

    return search


@pytest.mark.parametrize("name", NAMES)
def test_what_plain_int8_loses_is_brought_back(name, searched, lopsided, samples, compare, tmp_path):
    found = searched(name)
    plain = make_apart(name, lopsided, samples(SHAPE), tmp_path)
    assert compare(lopsided, found).sqnr_db() > compare(lopsided, plain).sqnr_db() + 3
    assert [one.name for one in found.files] == [one.name for one in plain.files]
    assert found.search.chosen.equalised
    assert plain.search is None


@pytest.mark.parametrize("name", NAMES)
def test_what_stays_float_is_what_the_search_chose(name, searched):
    found = searched(name)
    assert len(found.kept_float) == len(found.search.chosen.kept_float)
    assert found.macs.integer_share >= 0.95


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_that_was_found_gives_the_same_bytes_again(name, searched, lopsided, samples, tmp_path):
    found = searched(name)
    again = make_apart(name, lopsided, samples(SHAPE), tmp_path, goal=found.search.chosen)
    assert [one.read_bytes() for one in again.files] == [one.read_bytes() for one in found.files]
    assert again.search.chosen == found.search.chosen


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_computes_what_the_source_does(name, searched, lopsided):
    reference = searched(name).reference
    sample = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    (got,) = open_backend(TARGETS[name].backend, reference).infer((sample,))
    (wanted,) = lopsided.evaluate((sample,))
    assert np.allclose(got, wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_with_a_layer_that_is_not_there_is_refused(name, searched, lopsided, samples, tmp_path):
    recipe = structs.replace(searched(name).search.chosen, kept_float=("elsewhere",))
    with pytest.raises(DataError, match="to stay float") as caught:
        make_apart(name, lopsided, samples(SHAPE), tmp_path, goal=recipe)
    assert caught.value.found == "'elsewhere'"


class OnlyTflite:
    """A source that cannot be had as ONNX."""

    def __init__(self, source):
        self._source = source
        self.facts = dataclasses.replace(source.facts, forms={"tflite": None})

    def to_file(self, form, folder):
        return self._source.to_file(form, folder)


@pytest.mark.slow
def test_openvino_searches_from_a_tflite_file(made, samples, compare, tmp_path):
    pytest.importorskip("nncf", reason="the extra 'convert' is not installed")
    source = open_source(made("tflite-fp32").files[0])
    shape = source.facts.inputs[0].shape
    found = TARGETS["openvino-int8"].make(OnlyTflite(source), samples(shape), tmp_path, AIM)
    assert len(found.search.trials) > 1
    assert compare(source, found).sqnr_db() > 15

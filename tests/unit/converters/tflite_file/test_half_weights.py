"""Float16 weights made float32: the same numbers, without the operators that widened them."""

import numpy as np
import pytest

from skerry_converters.tflite_file.half_weights import with_float32_weights
from skerry_converters.tflite_file.reader import parse_tflite

WEIGHTS = np.linspace(-2, 2, 6, dtype=np.float16).reshape(2, 3)


@pytest.fixture
def half(writer):
    """A matrix product by widened float16 weights; its float16 twin of the input is widened as it runs."""
    one = writer()
    given = one.tensor("given", [1, 3], "FLOAT16")
    stored = one.tensor("stored", [2, 3], "FLOAT16", WEIGHTS.tobytes())
    weights = one.tensor("weights", [2, 3], "FLOAT32")
    wide = one.tensor("wide", [1, 3], "FLOAT32")
    made = one.tensor("made", [1, 2], "FLOAT32")
    one.operator("DEQUANTIZE", [stored], [weights])
    one.operator("DEQUANTIZE", [given], [wide], version=3)
    one.operator("FULLY_CONNECTED", [wide, weights, -1], [made])
    one.graph.inputs, one.graph.outputs = [given], [made]
    return one.pack()


def test_weights_are_there_at_once_with_the_same_numbers(half):
    graph = parse_tflite(with_float32_weights(half, where="a test"), where="a test").main
    assert [operator.name for operator in graph.operators] == ["DEQUANTIZE", "FULLY_CONNECTED"]
    weights = graph.operand(graph.operators[1], 1)
    assert (weights.name, weights.type) == ("weights", "FLOAT32")
    np.testing.assert_array_equal(weights.values(), WEIGHTS.astype(np.float32))


def test_what_is_widened_as_it_runs_stays_so(half):
    graph = parse_tflite(with_float32_weights(half, where="a test"), where="a test").main
    assert (graph.operators[0].version, graph.operand(graph.operators[0], 0).name) == (3, "given")


def test_a_file_without_float16_constants_is_returned_as_it_is(convolution):
    data = convolution.pack()
    assert with_float32_weights(data, where="a test") is data

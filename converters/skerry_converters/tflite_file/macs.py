"""Multiply-accumulates of an operator, from the shapes of its tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor


def multiply_accumulates(graph: Subgraph, operator: Operator) -> int:
    """Return the multiply-accumulates of one run; 0 for operators that have none, such as additions and pooling.

    Layouts of weights are TFLite's: (out, h, w, in) for convolutions, (d, h, w, in, out) in three dimensions,
    (1, h, w, out) for depthwise ones, (out, in) for fully connected ones. Raises TfliteFileError where the tensors are
    not those of such an operator.
    """
    count = _COUNTS.get(operator.name)
    return 0 if count is None else count(graph, operator)


def _convolution(graph: Subgraph, operator: Operator) -> int:
    weights = _weights(graph, operator, 1, 4)
    return graph.result(operator).elements * (weights.elements // max(1, weights.shape[0]))


def _volumetric(graph: Subgraph, operator: Operator) -> int:
    weights = _weights(graph, operator, 1, 5)
    return graph.result(operator).elements * (weights.elements // max(1, weights.shape[4]))


def _depthwise(graph: Subgraph, operator: Operator) -> int:
    _, height, width, _ = _weights(graph, operator, 1, 4).shape
    return graph.result(operator).elements * height * width


def _transposed(graph: Subgraph, operator: Operator) -> int:
    weights = _weights(graph, operator, 1, 4)
    return graph.operand(operator, 2).elements * (weights.elements // max(1, weights.shape[3]))


def _fully_connected(graph: Subgraph, operator: Operator) -> int:
    return graph.result(operator).elements * _weights(graph, operator, 1, 2).shape[1]


def _matrix_product(graph: Subgraph, operator: Operator) -> int:
    left = graph.operand(operator, 0)
    inner = left.shape[-2 if operator.flag("adj_x") else -1] if len(left.shape) > 1 else 1
    return graph.result(operator).elements * inner


def _sequence_lstm(graph: Subgraph, operator: Operator) -> int:
    """Count the eight matrices of the gates once for each step of an input of (batch, time, features)."""
    batch, steps, _ = _weights(graph, operator, 0, 3).shape
    return batch * steps * _elements(graph, operator, range(1, 9))


def _svdf(graph: Subgraph, operator: Operator) -> int:
    return _elements(graph, operator, range(1, 3))


_COUNTS: Mapping[str, Callable[[Subgraph, Operator], int]] = {
    "CONV_2D": _convolution,
    "CONV_3D": _volumetric,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _fully_connected,
    "BATCH_MATMUL": _matrix_product,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _sequence_lstm,
    "SVDF": _svdf,
}


def _elements(graph: Subgraph, operator: Operator, places: range) -> int:
    inputs = graph.given(operator)[places.start : places.stop]
    return sum(one.elements for one in inputs if one is not None)


def _weights(graph: Subgraph, operator: Operator, place: int, rank: int) -> Tensor:
    tensor = graph.operand(operator, place)
    if len(tensor.shape) != rank:
        raise graph.unfit(operator, f"input {place} of shape {list(tensor.shape)}")
    return tensor

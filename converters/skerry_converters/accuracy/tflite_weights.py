"""Other numbers in the multiplying operators of a float TFLite file, whose structure stays as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, Weights
from skerry_converters.accuracy.tflite_multipliers import INPUTS, KERNEL, bias_of, ordered
from skerry_converters.tflite_file.constants import Place, with_own_constants
from skerry_converters.tflite_file.model import Operator, Subgraph, TfliteModel
from skerry_converters.tflite_file.reader import parse_tflite

Values = NDArray[np.float32]


def with_weights(data: bytes, weights: Mapping[str, Weights], *, where: str) -> bytes:
    """Return the file ``data`` with other numbers for the operators that make the tensors named in ``weights``.

    The same numbers give the same bytes. An operator that shared a changed constant with another gets its own. Raises
    ValueError for numbers of another shape, or a bias where there is none, TfliteFileError where a constant is shared
    in a file that cannot be given new ones.
    """
    model = parse_tflite(data, where=where)
    changes = dict(_changes(model.main, weights))
    taken = _shared(model)
    shared = {place: values for place, values in changes.items() if place in taken}
    # What is read from a bytearray are views into it: writing to a constant writes to the file.
    written = bytearray(with_own_constants(data, shared, where=where) if shared else data)
    graph = parse_tflite(written, where=where).main
    for (number, place), values in changes.items():
        graph.operand(graph.operators[number], place).values()[...] = values
    return bytes(written)


def _changes(graph: Subgraph, weights: Mapping[str, Weights]) -> Iterator[tuple[Place, Values]]:
    """Yield the constants that are to be others than they are, each in the shape that the file has."""
    for operator in graph.operators:
        if operator.name not in INPUTS or graph.result(operator).name not in weights:
            continue
        for place, values in _stored(graph, operator, weights[graph.result(operator).name]):
            if not np.array_equal(values, graph.operand(operator, place).values()):
                yield (operator.index, place), values


def _stored(graph: Subgraph, operator: Operator, weights: Weights) -> Iterator[tuple[int, Values]]:
    """Yield an operator's numbers in the file's own order, each with the place of the input that holds them."""
    kernel = np.empty(graph.operand(operator, KERNEL).shape, np.float32)
    _fill(ordered(operator, kernel), weights.kernel, graph.result(operator).name)
    yield KERNEL, kernel
    tensor = bias_of(graph, operator)
    if tensor is not None:
        bias = np.empty(tensor.shape, np.float32)
        _fill(bias.reshape(-1), weights.bias, tensor.name)
        yield INPUTS[operator.name].bias, bias
    elif np.any(weights.bias):
        raise ValueError(f"'{graph.result(operator).name}' takes no bias")


def _fill(target: Values, values: FloatArray, name: str) -> None:
    if target.shape != values.shape:
        raise ValueError(f"'{name}' takes numbers of shape {target.shape}, not {values.shape}")
    target[...] = values


def _shared(model: TfliteModel) -> frozenset[Place]:
    """Return the places whose constant something else reads too, as the same tensor or as the same bytes."""
    readers = Counter(number for operator in model.main.operators for number in operator.inputs)
    holders = Counter(tensor.buffer for graph in model.subgraphs for tensor in graph.tensors)
    return frozenset(
        (operator.index, place)
        for operator in model.main.operators
        for place, number in enumerate(operator.inputs)
        if readers[number] > 1 or (number >= 0 and holders[model.main.tensors[number].buffer] > 1)
    )

"""Where the scale of a channel may move in a TFLite network."""

from __future__ import annotations

from collections.abc import Mapping

from skerry_converters.accuracy.float_graph import Link, Multiplier
from skerry_converters.accuracy.tflite_multipliers import INPUTS
from skerry_converters.accuracy.tflite_readers import Readers
from skerry_converters.tflite_file.model import Operator, Subgraph

_HOMOGENEOUS = ("NONE", "RELU")
"""Fused activations that leave a positive factor a factor; the others have limits."""
_ELEMENTWISE = ("RELU", "LEAKY_RELU", "PRELU")
_SPATIAL = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR", "TILE")
_PADDING = ("PAD", "MIRROR_PAD")
"""With zeros, or with what is there. `PADV2` is not among them: its constant would have to move as well."""
_REDUCING = ("MEAN", "SUM", "REDUCE_MAX")


def find_links(graph: Subgraph, multipliers: Mapping[int, Multiplier]) -> tuple[Link, ...]:
    """Return the links between multipliers, which are given by their operator's number."""
    readers = Readers(graph)
    found = []
    for number, first in multipliers.items():
        second = multipliers.get(_next(graph, readers, graph.operators[number]))
        if second is not None and len(first.weights.kernel) == second.groups * second.weights.kernel.shape[1]:
            found.append(Link(first=first.name, second=second.name))
    return tuple(found)


def _next(graph: Subgraph, readers: Readers, operator: Operator) -> int:
    """Return the number of the multiplying operator that alone gets an operator's channels, or -1."""
    while operator.options.get("activation", "NONE") in _HOMOGENEOUS:
        tensor = graph.result(operator).index
        reader = readers.only_reader(tensor)
        if reader is None:
            return -1
        inputs = INPUTS.get(reader.name)
        if inputs is not None:
            return reader.index if reader.inputs[inputs.data] == tensor else -1
        if reader.inputs[0] != tensor or not _passes(graph, reader):
            return -1
        operator = reader
    return -1


def _passes(graph: Subgraph, operator: Operator) -> bool:
    """Tell whether an operator treats each channel, which is the last axis, alone and positive factors as factors."""
    before, after = graph.operand(operator, 0).shape, graph.result(operator).shape
    if not before or not after or before[-1] != after[-1]:
        return False
    if operator.name in _REDUCING:
        return _reduces_space(graph, operator, len(before))
    # In row-major order a last axis of the same size is the same axis.
    return operator.name in (*_ELEMENTWISE, *_SPATIAL, *_PADDING, "RESHAPE", "SQUEEZE")


def _reduces_space(graph: Subgraph, operator: Operator, rank: int) -> bool:
    axes = graph.operand(operator, 1)
    return axes.is_constant and all(int(axis) % rank != rank - 1 for axis in axes.values().ravel())

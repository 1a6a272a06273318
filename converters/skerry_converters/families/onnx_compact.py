"""A QDQ network without what only its file's size has of it: long names, stored shapes, zero points that are zero.

ONNX Runtime's quantizer names every scale and zero point after its tensor; in a small network the names outweigh the
weights. Names of operators and of inputs and outputs stay, and so does every value.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any

import numpy as np

Model = Any
"""An `onnx.ModelProto`; onnx ships no types."""


def compact(model: Model) -> None:
    """Shorten a quantized model in place; one with branches or loops keeps its names, which those refer to."""
    graph = model.graph
    del graph.value_info[:]
    del model.metadata_props[:]
    _drop_zero_points_of_biases(graph)
    if not any(attribute.HasField("g") for node in graph.node for attribute in node.attribute):
        _rename(graph)


def _rename(graph: Any) -> None:  # noqa: ANN401  # onnx ships no types
    kept = {one.name for one in (*graph.input, *graph.output)} | {""}
    fresh = (name for name in map("t{}".format, itertools.count()) if name not in kept)
    names: defaultdict[str, str] = defaultdict(lambda: next(fresh), {name: name for name in kept})
    for node in graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            node.name = ""
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
    for constant in graph.initializer:
        constant.name = names[constant.name]


def _drop_zero_points_of_biases(graph: Any) -> None:  # noqa: ANN401  # onnx ships no types
    """Leave out the zero points of int32 tensors, which are zero by definition and by default."""
    from onnx import TensorProto, numpy_helper  # noqa: PLC0415  # heavy

    constants = {one.name: one for one in graph.initializer}
    dropped = set()
    for node in graph.node:
        if node.op_type != "DequantizeLinear" or len(node.input) < 3:
            continue
        zero_point = constants.get(node.input[2])
        if zero_point is None or zero_point.data_type != TensorProto.INT32:
            continue
        if not np.any(numpy_helper.to_array(zero_point)):
            dropped.add(node.input[2])
            del node.input[2]
    for name in dropped:
        graph.initializer.remove(constants[name])

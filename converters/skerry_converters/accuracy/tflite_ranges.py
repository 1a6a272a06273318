"""The tensors whose ranges TensorFlow's quantizer takes: for the rest it has a scale from elsewhere."""

from __future__ import annotations

import math

import numpy as np

from skerry_converters.accuracy.tflite_readers import Readers
from skerry_converters.tflite_file.model import Operator, Subgraph, Tensor

_KEEPING = """
AVERAGE_POOL_2D BATCH_TO_SPACE_ND BROADCAST_TO DEPTH_TO_SPACE EXPAND_DIMS GATHER GATHER_ND MAX_POOL_2D MIRROR_PAD PAD
REDUCE_MAX REDUCE_MIN RESHAPE RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SLICE SPACE_TO_BATCH_ND SPACE_TO_DEPTH
SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE TOPK_V2 TRANSPOSE UNPACK
"""
KEEPING = frozenset(_KEEPING.split())
"""Operators of one data input whose outputs have its scale.

Source: the trait `SameOperandsAndResultsScale` in TensorFlow's `tfl_ops.td`, as its quantizer was seen to use it.
"""
JOINING = frozenset(
    ("CONCATENATION", "DYNAMIC_UPDATE_SLICE", "MAXIMUM", "MINIMUM", "PACK", "PADV2", "SELECT", "SELECT_V2")
)
"""As `KEEPING`, with several data inputs: the output's range decides, and the inputs have its scale."""
FIXED = frozenset(("L2_NORMALIZATION", "LOG_SOFTMAX", "LOGISTIC", "SOFTMAX", "TANH"))
"""Operators whose output has the scale that TFLite's 8-bit quantization specification says."""


def slopes_below_zero(graph: Subgraph) -> dict[str, float]:
    """Return the tensors whose ranges count, by name, each with the slope of the one activation that reads it.

    An input of the network is not among them: 256 levels over its own range are an 8-bit picture exactly.
    """
    readers = Readers(graph)
    joined = _joined(graph)
    slopes = {}
    for operator in graph.operators:
        for tensor in graph.made(operator):
            own = operator.name not in KEEPING | FIXED and tensor.index not in joined
            if own and tensor.type == "FLOAT32" and not tensor.is_constant:
                slopes[tensor.name] = _slope(graph, readers.activation(tensor.index))
    return slopes


def _joined(graph: Subgraph) -> set[int]:
    """Return the tensors that a joining operator's output gives its scale to, at once or through keeping ones."""
    joined: set[int] = set()
    for operator in reversed(graph.operators):
        passed_on = operator.name in KEEPING and not joined.isdisjoint(operator.outputs)
        if operator.name in JOINING or passed_on:
            joined.update(operator.inputs)
    return joined


def _slope(graph: Subgraph, activation: Operator | None) -> float:
    """Return the slope below 0; of slopes for each channel the root of the mean square, as squared errors weigh it."""
    if activation is None:
        return 1.0
    match activation.name:
        case "LEAKY_RELU":
            return float(activation.options["alpha"])
        case "PRELU":
            return _root_mean_square(graph.operand(activation, 1))
        case _:
            return 0.0


def _root_mean_square(tensor: Tensor) -> float:
    if not tensor.is_constant:
        return 1.0
    return math.sqrt(float(np.square(tensor.values(), dtype=np.float64).mean()))

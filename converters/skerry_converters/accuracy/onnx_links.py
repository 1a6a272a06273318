"""Where the scale of a channel may move in an ONNX network, and what reads a tensor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skerry_converters.accuracy.float_graph import Link, Multiplier
from skerry_converters.families.onnx_nodes import Node, OnnxNodes, attributes

_ELEMENTWISE = ("Relu", "LeakyRelu", "Dropout", "Identity")
_POOLING = ("MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool")
_FLATTENING = ("Flatten", "Reshape", "Squeeze")


def find_links(nodes: OnnxNodes, multipliers: Mapping[str, Multiplier]) -> tuple[Link, ...]:
    """Return the links between multipliers, which are given by the name of the tensor that they make."""
    readers = {one.input: one for one in multipliers.values()}
    found = []
    for first in multipliers.values():
        second = _next(nodes, first, readers)
        if second is not None:
            found.append(Link(first=first.name, second=second.name))
    return tuple(found)


def slope_below_zero(nodes: OnnxNodes, tensor: str) -> float:
    """Return the slope below 0 of the activation that alone reads a tensor, 1.0 where there is none.

    Of slopes for each channel it is the root of the mean square, as squared errors are weighed with it.
    """
    node = nodes.only_reader(tensor)
    if node is None:
        return 1.0
    match node.op_type:
        case "Relu":
            return 0.0
        case "Clip":
            low = nodes.constant(node.input[1]) if len(node.input) > 1 else None
            return 0.0 if low is not None and low.size and float(low.min()) == 0 else 1.0
        case "LeakyRelu":
            return float(attributes(node).get("alpha", 0.01))
        case "PRelu":
            slopes = nodes.constant(node.input[1])
            return 1.0 if slopes is None else float(np.sqrt(np.square(slopes, dtype=np.float64).mean()))
        case _:
            return 1.0


def _next(nodes: OnnxNodes, first: Multiplier, readers: Mapping[str, Multiplier]) -> Multiplier | None:
    tensor, axis = first.output, first.channel_axis
    while (node := nodes.only_reader(tensor)) is not None:
        if tensor in readers:
            second = readers[tensor]
            fitting = axis == second.channel_axis or len(nodes.shape(tensor)) == 2
            same = len(first.weights.kernel) == second.groups * second.weights.kernel.shape[1]
            return second if fitting and same else None
        if axis == 1 and _flattens(nodes, node):
            axis = -1
        elif not _passes(nodes, node, tensor, axis):
            return None
        tensor = node.output[0]
    return None


def _passes(nodes: OnnxNodes, node: Node, tensor: str, axis: int) -> bool:
    """Tell whether a node treats each channel alone, and positive factors as factors."""
    if len([name for name in node.output if name]) != 1 or node.input[0] != tensor:
        return False
    if node.op_type == "PRelu":
        return nodes.constant(node.input[1]) is not None
    return node.op_type in _ELEMENTWISE or (axis == 1 and _works_in_space(nodes, node))


def _works_in_space(nodes: OnnxNodes, node: Node) -> bool:
    """Tell whether a node mixes values of one channel of axis 1 alone."""
    match node.op_type:
        case "Resize":
            return _resizes_in_space(nodes, node)
        case "Pad":
            return _pads_with_zeros(nodes, node)
        case kind:
            return kind in _POOLING


def _resizes_in_space(nodes: OnnxNodes, node: Node) -> bool:
    before, after = nodes.shape(node.input[0]), nodes.shape(node.output[0])
    nearest = attributes(node).get("mode", b"nearest") == b"nearest"
    cropped = attributes(node).get("coordinate_transformation_mode") == b"tf_crop_and_resize"
    return nearest and not cropped and len(before) > 2 and before[:2] == after[:2] and before[1] > 0


def _pads_with_zeros(nodes: OnnxNodes, node: Node) -> bool:
    """Tell whether the padding is 0, or repeats what is there, and no channel is added."""
    if attributes(node).get("mode", b"constant") == b"constant" and len(node.input) > 2 and node.input[2]:
        value = nodes.constant(node.input[2])
        if value is None or np.any(value):
            return False
    pads = nodes.constant(node.input[1]) if len(node.input) > 1 else None
    rank = len(nodes.shape(node.input[0]))
    # A fourth input names axes; without it there are two numbers for each.
    return pads is not None and pads.size == 2 * rank and pads[1] == pads[rank + 1] == 0


def _flattens(nodes: OnnxNodes, node: Node) -> bool:
    """Tell whether (batch, channels, 1, 1) becomes (batch, channels)."""
    if node.op_type not in _FLATTENING:
        return False
    before, after = nodes.shape(node.input[0]), nodes.shape(node.output[0])
    return len(before) > 2 and before[1] > 0 and set(before[2:]) == {1} and after == before[:2]

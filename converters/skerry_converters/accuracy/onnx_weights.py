"""The numbers of an ONNX node that multiplies, in the order that the methods here use, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.accuracy.float_graph import FloatArray, Weights
from skerry_converters.families.onnx_nodes import CONVOLUTIONS, MULTIPLYING, Node, OnnxNodes, attributes


def read_weights(nodes: OnnxNodes, node: Node) -> Weights | None:
    """Return a node's weights, or None where it does not multiply by a float32 constant and add one for each filter."""
    if node.op_type not in MULTIPLYING:
        return None
    stored = nodes.constant(node.input[1])
    if stored is None or stored.dtype != np.float32 or (node.op_type not in CONVOLUTIONS and stored.ndim != 2):
        return None
    options = attributes(node)
    if options.get("transA"):
        return None
    kernel = _ordered(node.op_type, stored, options)
    if node.op_type == "Gemm":
        kernel = kernel * np.float32(options.get("alpha", 1.0))
    bias = _bias(nodes, node, len(kernel))
    return None if bias is None else Weights(kernel=kernel, bias=bias)


def takes_bias(node: Node) -> bool:
    """Tell whether a node can be given a bias."""
    return bool(node.op_type != "MatMul")


def stored_kernel(node: Node, kernel: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Return a kernel as the node's file holds it, float32 of the ``shape`` that it had there."""
    options = attributes(node)
    match node.op_type:
        case "Conv":
            stored = kernel
        case "ConvTranspose":
            groups = options.get("group", 1)
            stored = kernel.reshape(groups, len(kernel) // groups, kernel.shape[1], -1).swapaxes(1, 2)
        case "Gemm" if options.get("transB"):
            stored = kernel
        case _:
            stored = kernel[:, :, 0, 0].T
    return np.ascontiguousarray(stored, np.float32).reshape(shape)


def _ordered(kind: str, stored: NDArray[np.float32], options: dict[str, Any]) -> FloatArray:
    """Return (filters, channels of one group, height, width)."""
    match kind:
        case "Conv":
            kernel = stored.reshape(*stored.shape[:2], -1, stored.shape[-1])
        case "ConvTranspose":
            groups, (inputs, filters, *_) = options.get("group", 1), stored.shape
            turned = stored.reshape(groups, inputs // groups, filters, -1, stored.shape[-1]).swapaxes(1, 2)
            kernel = turned.reshape(groups * filters, inputs // groups, -1, stored.shape[-1])
        case "Gemm" if options.get("transB"):
            kernel = stored[:, :, np.newaxis, np.newaxis]
        case _:
            kernel = stored.T[:, :, np.newaxis, np.newaxis]
    return kernel


def _bias(nodes: OnnxNodes, node: Node, filters: int) -> FloatArray | None:
    """Return a node's bias (filters,), zeros where it has none, or None where it is no constant or of another shape."""
    name = node.input[2] if len(node.input) > 2 else ""
    if not name:
        return np.zeros(filters, np.float32)
    stored = nodes.constant(name)
    if stored is None or stored.dtype != np.float32:
        return None
    if stored.size != 1 and not stored.shape[-1] == stored.size == filters:
        return None
    beta = attributes(node).get("beta", 1.0) if node.op_type == "Gemm" else 1.0
    return np.broadcast_to(stored.reshape(-1) * np.float32(beta), (filters,))

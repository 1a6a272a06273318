"""What an ONNX network may consist of: operators of ONNX itself, opset 11 or later, nothing quantized yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from skerry_edge.foundation.errors import ConfigError

LEAST_OPSET = 11
OWN_DOMAINS = ("", "ai.onnx")
HINTS = {
    "com.microsoft": "export it without ONNX Runtime's own optimizations",
    "org.pytorch.aten": "export it with operators that ONNX has; PyTorch fell back to its own",
    "TRT": "cut the network off before TensorRT's plug-in, and let the decoder do its work",
}
QUANTIZED = frozenset(
    {
        "QuantizeLinear",
        "DequantizeLinear",
        "QLinearConv",
        "QLinearMatMul",
        "ConvInteger",
        "MatMulInteger",
        "DynamicQuantizeLinear",
    }
)

Model = Any
"""An `onnx.ModelProto`; onnx ships no types."""


def check_opset(model: Model, where: str) -> None:
    """Refuse a network of an opset below 11, or above what the onnx package knows. Raises ConfigError."""
    import onnx  # noqa: PLC0415  # heavy

    opset = max((one.version for one in model.opset_import if one.domain in OWN_DOMAINS), default=0)
    if opset < LEAST_OPSET:
        raise ConfigError(
            f"the network's opset is too old: {LEAST_OPSET} is the least",
            where=where,
            found=f"opset {opset}",
            todo="export it again with a newer opset, such as 17",
        )
    newest = onnx.defs.onnx_opset_version()
    if opset > newest:
        raise ConfigError(
            f"the network's opset is newer than what is known here: {newest} is the greatest",
            where=where,
            found=f"opset {opset}",
            todo="export it again with an older opset, such as 17",
        )


def check_operators(model: Model, where: str) -> None:
    """Refuse operators that are not ONNX's own, and networks that are quantized already.

    Raises ConfigError naming the first such node, with a hint.
    """
    opset = max(one.version for one in model.opset_import if one.domain in OWN_DOMAINS)
    functions = {(one.domain, one.name) for one in model.functions}
    for place, node in enumerate(_nodes(model.graph)):
        label = f"{where}, node {place} '{node.name or ', '.join(node.output)}'"
        if (node.domain, node.op_type) in functions:
            continue
        if node.domain not in OWN_DOMAINS:
            hint = HINTS.get(node.domain, "replace it by operators that ONNX has before exporting")
            raise ConfigError(
                "a custom operator cannot be converted", where=label, found=f"{node.domain}.{node.op_type}", todo=hint
            )
        if not _known(node.op_type, opset):
            raise ConfigError(
                f"ONNX has no such operator in opset {opset}",
                where=label,
                found=node.op_type,
                todo="is it a custom operator without its domain?",
            )
        if node.op_type in QUANTIZED:
            raise ConfigError(
                "the network is quantized already",
                where=label,
                found=node.op_type,
                todo="give the float network that it was made from",
            )


def _known(operator: str, opset: int) -> bool:
    import onnx  # noqa: PLC0415  # heavy

    try:
        onnx.defs.get_schema(operator, opset, "")
    except onnx.defs.SchemaError:
        return False
    return True


def _nodes(graph: Any) -> Iterator[Any]:  # noqa: ANN401  # onnx ships no types
    """Yield a graph's nodes and those of the graphs within them."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            for inner in ([attribute.g] if attribute.HasField("g") else []) + list(attribute.graphs):
                yield from _nodes(inner)

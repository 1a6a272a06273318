"""Multiply-accumulates of an emitted file, and those that its own runtime does on integers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from skerry_converters.families.base import Macs
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.backends.onnx import import_onnxruntime
from skerry_edge.backends.openvino import shared_core

_INTEGER_WEIGHTS = ("INT4", "INT8", "UINT8", "INT16")
_ONNX_FLOAT = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_ONNX_INTEGER = ("QLinearConv", "QLinearMatMul", "QGemm", "ConvInteger", "MatMulInteger", "MatMulIntegerToFloat")
_OPENVINO = ("Convolution", "GroupConvolution", "Deconvolution", "FullyConnected", "MatMul")

Counted = tuple[Macs, tuple[str, ...]]
"""The count, and the names of the multiplying operators that work in float."""


def tflite_macs(path: Path) -> Counted:
    """Count a TFLite file's; an operator is on integers where its weights are. Raises TfliteFileError."""
    model = read_tflite(path)
    counted = []
    for graph, operator in model.operators:
        macs = multiply_accumulates(graph, operator)
        weights = graph.given(operator)[1] if macs and len(operator.inputs) > 1 else None
        integer = weights is not None and weights.type in _INTEGER_WEIGHTS
        name = graph.made(operator)[0].name if operator.outputs else operator.label
        counted.append((name, macs, integer))
    return _summed(counted)


def onnx_macs(path: Path) -> Counted:
    """Count an ONNX file's; an operator is on integers where ONNX Runtime fuses it into one of its integer kernels."""
    import onnx  # noqa: PLC0415  # heavy

    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    shapes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    shapes.update({one.name: list(one.dims) for one in graph.initializer})
    quantized = any(node.op_type == "DequantizeLinear" for node in graph.node)
    fused = _fused_by_onnx_runtime(path) if quantized else frozenset()
    made_by = {output: node for node in graph.node for output in node.output}
    return _summed(
        (node.name, _onnx_node(node, shapes, made_by), node.name in fused)
        for node in graph.node
        if node.op_type in _ONNX_FLOAT
    )


def _onnx_node(node: Any, shapes: Mapping[str, list[int]], made_by: Mapping[str, Any]) -> int:  # noqa: ANN401  # onnx ships no types
    """Return a node's count; 0 where a shape is not known."""
    second, output = shapes.get(node.input[1]), shapes.get(node.output[0])
    if second is None and node.input[1] in made_by:
        second = shapes.get(made_by[node.input[1]].input[0])
    first = shapes.get(node.input[0])
    if not second or not output or not first:
        return 0
    match node.op_type:
        case "Conv":
            return math.prod(output) * math.prod(second[1:])
        case "ConvTranspose":
            return math.prod(first) * math.prod(second[1:])
        case "Gemm":
            transposed = any(one.name == "transB" and one.i for one in node.attribute)
            return math.prod(output) * second[1 if transposed else 0]
        case _:
            return math.prod(output) * first[-1]


def _fused_by_onnx_runtime(path: Path) -> frozenset[str]:
    """Return the names of the nodes that ONNX Runtime's optimizer turns into integer kernels."""
    import onnx  # noqa: PLC0415  # heavy

    ort = import_onnxruntime()
    optimized = path.with_name(f"{path.stem}-optimized.onnx")
    options = ort.SessionOptions()
    options.log_severity_level = 4
    # The highest level changes layouts and names for this very processor.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(optimized)
    try:
        ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        graph = onnx.load(optimized).graph
    finally:
        optimized.unlink(missing_ok=True)
    return frozenset(node.name for node in graph.node if node.op_type in _ONNX_INTEGER)


def openvino_macs(path: Path) -> Counted:
    """Count an OpenVINO file's, as the CPU executes it; an operator is on integers where its kernel takes them."""
    properties = {"INFERENCE_PRECISION_HINT": "f32"}
    core = shared_core()
    compiled = core.compile_model(core.read_model(path), "CPU", properties)
    counted = []
    for node in compiled.get_runtime_model().get_ordered_ops():
        facts = {key: value.value for key, value in node.get_rt_info().items()}
        if facts["layerType"] in _OPENVINO:
            integer = facts["runtimePrecision"] in ("u8", "i8")
            counted.append((node.get_friendly_name(), _openvino_node(node, facts["layerType"]), integer))
    return _summed(counted)


def _openvino_node(node: Any, kind: str) -> int:  # noqa: ANN401  # openvino ships no types
    first: list[int] = list(node.input(0).get_shape())
    second: list[int] = list(node.input(1).get_shape())
    output: list[int] = list(node.output(0).get_shape())
    if kind == "Deconvolution":
        return math.prod(first) * math.prod(second) // first[1]
    if kind in ("FullyConnected", "MatMul"):
        return math.prod(output) * first[-1]
    return math.prod(output) * math.prod(second) // output[1]


def _summed(counted: Iterable[tuple[str, int, bool]]) -> Counted:
    rows = [row for row in counted if row[1]]
    total, integer = sum(macs for _, macs, _ in rows), sum(macs for _, macs, is_integer in rows if is_integer)
    return Macs(total=total, integer=integer), tuple(name for name, _, is_integer in rows if not is_integer)

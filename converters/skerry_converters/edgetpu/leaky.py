"""Leaky ReLU of a float TFLite file in operators that the Edge TPU has; in float both give the very same bits.

The Edge TPU compiler knows no LEAKY_RELU ("Operation not supported", google-coral/edgetpu issues 272 and 597). A PRELU
whose alpha is the slope in every channel computes the same, and so does max(x, ax) for a slope from 0 to 1, which needs
no PRELU and so suits compilers and runtimes older than 13 (issue 165). It is done on files, so that it serves networks
from Darknet, Keras, ONNX and TFLite alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from skerry_converters.tflite_file.packing import (
    Packable,
    add_operator_code,
    add_tensor,
    drop_unused_codes,
    packed,
    unpacked,
)
from skerry_converters.tflite_file.reader import parse_tflite

Generated = Any
"""An `OperatorT`; the generated code has no types."""
_Replace = Callable[[Packable, Generated, float], list[Generated]]
"""Makes the operators that stand for one leaky ReLU of a slope, of which the last one makes its result."""


def leaky_as_prelu(data: bytes, *, where: str) -> bytes:
    """Return a float file with a PRELU of constant alpha in place of each LEAKY_RELU of its main graph.

    The alpha has one element a channel, as the Edge TPU wants it. A file without any is returned as it is. Raises
    TfliteFileError for one that is not sound, and for one whose constants are outside its flat buffer.
    """
    return _rewritten(data, lambda _slope: True, _prelu, where)


def leaky_as_maximum(data: bytes, *, where: str) -> bytes:
    """Do as `leaky_as_prelu` with MUL and MAXIMUM.

    A slope outside 0 to 1 is left as it is: max(x, ax) would be something else.
    """
    return _rewritten(data, lambda slope: 0 <= slope <= 1, _maximum, where)


def _rewritten(data: bytes, fits: Callable[[float], bool], replace: _Replace, where: str) -> bytes:
    graph = parse_tflite(data, where=where).main
    slopes = {one.index: float(one.options["alpha"]) for one in graph.operators if one.name == "LEAKY_RELU"}
    fitting = {number for number, slope in slopes.items() if fits(slope)}
    if not fitting:
        return data
    model = unpacked(data, where=where)
    changed = model.subgraphs[0]
    operators: list[Generated] = []
    for number, operator in enumerate(changed.operators):
        operators += replace(model, operator, slopes[number]) if number in fitting else [operator]
    changed.operators = operators
    drop_unused_codes(model)
    return packed(model)


def _prelu(model: Packable, leaky: Generated, slope: float) -> list[Generated]:
    given = model.subgraphs[0].tensors[leaky.inputs[0]]
    shape = [1] * (len(given.shape) - 2) + [given.shape[-1]]
    alpha = add_tensor(model, given.name + b"_alpha", np.full(shape, slope, np.float32))
    return [_operator(model, schema.BuiltinOperator.PRELU, [leaky.inputs[0], alpha], list(leaky.outputs))]


def _maximum(model: Packable, leaky: Generated, slope: float) -> list[Generated]:
    graph = model.subgraphs[0]
    given = graph.tensors[leaky.inputs[0]]
    factor = add_tensor(model, given.name + b"_slope", np.array(slope, np.float32))
    below = schema.TensorT()
    below.name, below.type = given.name + b"_times_slope", given.type
    below.shape, below.shapeSignature = given.shape, given.shapeSignature
    graph.tensors.append(below)
    scaled = _operator(model, schema.BuiltinOperator.MUL, [leaky.inputs[0], factor], [len(graph.tensors) - 1])
    scaled.builtinOptionsType, scaled.builtinOptions = schema.BuiltinOptions.MulOptions, schema.MulOptionsT()
    larger = _operator(
        model, schema.BuiltinOperator.MAXIMUM, [leaky.inputs[0], len(graph.tensors) - 1], list(leaky.outputs)
    )
    larger.builtinOptionsType = schema.BuiltinOptions.MaximumMinimumOptions
    larger.builtinOptions = schema.MaximumMinimumOptionsT()
    return [scaled, larger]


def _operator(model: Packable, kind: int, inputs: list[int], outputs: list[int]) -> Generated:
    operator = schema.OperatorT()
    operator.opcodeIndex = add_operator_code(model, kind)
    operator.inputs, operator.outputs = inputs, outputs
    return operator

"""Padding before a max-pool, made fit for integers.

TFLite's max-pool pads by its own rule only, so converters from ONNX put a PADV2 with minus infinity before it, whose
range leaves an int8 tensor without any resolution. Every window holds at least one real cell, so the smallest value of
all does the same; on integers it is the smallest that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from skerry_converters.families.base import FloatArray
from skerry_converters.tflite_file.model import Operator, Subgraph
from skerry_converters.tflite_file.reader import parse_tflite

BELOW_ALL = -1e30
"""A padding below it stands for minus infinity."""


def with_finite_padding(path: Path, samples: Iterable[FloatArray]) -> bytes:
    """Return the float TFLite file ``path``, its paddings of minus infinity replaced; ``samples`` fit its one input."""
    data = path.read_bytes()
    graph = parse_tflite(data, where=path.name).main
    endless = [operator for operator in graph.operators if _pads_with_minus_infinity(graph, operator)]
    if not endless:
        return data
    smallest = _smallest(data, [operator.inputs[0] for operator in endless], samples)
    return _patched(data, dict(zip((operator.inputs[2] for operator in endless), smallest, strict=True)))


def _pads_with_minus_infinity(graph: Subgraph, operator: Operator) -> bool:
    if operator.name != "PADV2":
        return False
    padding = graph.tensors[operator.inputs[2]]
    return padding.is_constant and padding.type == "FLOAT32" and float(padding.values().min()) < BELOW_ALL


def _smallest(data: bytes, tensors: Sequence[int], samples: Iterable[FloatArray]) -> list[float]:
    """Return the smallest value of each tensor over all samples."""
    interpreter = Interpreter(
        model_content=data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    entering = interpreter.get_input_details()[0]["index"]
    smallest = np.full(len(tensors), np.inf, np.float32)
    for sample in samples:
        interpreter.set_tensor(entering, sample)
        interpreter.invoke()
        smallest = np.minimum(smallest, [interpreter.get_tensor(one).min() for one in tensors])
    return [float(one) for one in smallest]


def _patched(data: bytes, paddings: dict[int, float]) -> bytes:
    """Return the file with a constant of its own, a single value of no dimension, for each tensor of ``paddings``."""
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    tensors = model.subgraphs[0].tensors
    for index, padding in paddings.items():
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(np.float32(padding).tobytes(), np.uint8)
        model.buffers.append(buffer)
        tensors[index].buffer = len(model.buffers) - 1
        tensors[index].shape = np.array([], np.int32)
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())

"""Constants of a `.tflite` file replaced for single operators: what others read, be it the same constant, stays."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from skerry_converters.tflite_file.errors import TfliteFileError

Place = tuple[int, int]
"""An operator's number in the main graph, and which of its inputs."""


def with_own_constants(data: bytes, constants: Mapping[Place, NDArray[np.float32]], *, where: str) -> bytes:
    """Return a sound file in which each place is given a new float32 constant that nothing else reads.

    Numbers of operators and tensors stay as they are; new tensors come last. Raises TfliteFileError for a file that
    keeps numbers behind the flat buffer, as those over 2 GB do: they would be lost.
    """
    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    if any(buffer.offset > 1 for buffer in model.buffers):
        raise TfliteFileError(
            "the TFLite model cannot be given new constants", where=where, found="constants outside its flat buffer"
        )
    graph = model.subgraphs[0]
    for (number, place), values in constants.items():
        operator = graph.operators[number]
        entering = np.array(operator.inputs)
        graph.tensors.append(_tensor(graph.tensors[entering[place]], number, values.shape, len(model.buffers)))
        model.buffers.append(_buffer(values))
        entering[place] = len(graph.tensors) - 1
        operator.inputs = entering
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _tensor(old: Any, operator: int, shape: tuple[int, ...], buffer: int) -> Any:  # noqa: ANN401  # generated code has no types
    tensor = copy.copy(old)
    tensor.name = old.name + f"_of_{operator}".encode()
    tensor.shape, tensor.shapeSignature = np.array(shape, np.int32), None
    tensor.buffer = buffer
    return tensor


def _buffer(values: NDArray[np.float32]) -> Any:  # noqa: ANN401  # generated code has no types
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
    return buffer

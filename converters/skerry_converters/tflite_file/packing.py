"""A `.tflite` file as the schema's own objects, for changes that move what stands in it, and back to bytes."""

from __future__ import annotations

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from skerry_converters.tflite_file.errors import TfliteFileError

Packable = Any
"""A `ModelT`; the generated code has no types."""
_PLACEHOLDER = 127
"""`PLACEHOLDER_FOR_GREATER_OP_CODES` of the schema."""


def unpacked(data: bytes, *, where: str) -> Packable:
    """Return a sound file's objects, which may be changed.

    Raises TfliteFileError for a file that keeps numbers behind the flat buffer, as those over 2 GB do: they would be
    lost.
    """
    model: Packable = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    if any(buffer.offset > 1 for buffer in model.buffers):
        raise TfliteFileError(
            "the TFLite model cannot be given new constants", where=where, found="constants outside its flat buffer"
        )
    return model


def packed(model: Packable) -> bytes:
    """Return the file of ``model``."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def add_constant(model: Packable, values: NDArray[Any]) -> int:
    """Append the bytes of ``values``, in their own type, and return the number of their buffer."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.astype(values.dtype.newbyteorder("<")).tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1


def add_tensor(model: Packable, name: bytes, values: NDArray[np.float32]) -> int:
    """Append a float32 constant to the main graph and return the number of its tensor."""
    tensor = schema.TensorT()
    tensor.name, tensor.type = name, schema.TensorType.FLOAT32
    tensor.shape, tensor.buffer = np.array(values.shape, np.int32), add_constant(model, values)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def add_operator_code(model: Packable, kind: int) -> int:
    """Return the number of the code for version 1 of a built-in operator, which is appended where there is none."""
    for number, one in enumerate(model.operatorCodes):
        if (max(one.builtinCode, one.deprecatedBuiltinCode), one.version) == (kind, 1):
            return number
    code = schema.OperatorCodeT()
    # Older readers have room for a byte only, in a field of its own.
    code.builtinCode, code.deprecatedBuiltinCode, code.version = kind, min(kind, _PLACEHOLDER), 1
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def drop_unused_codes(model: Packable) -> None:
    """Take out the kinds of operators that none is of any more: TensorFlow's calibrator has only those in use."""
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    used = sorted({operator.opcodeIndex for operator in operators})
    model.operatorCodes = [model.operatorCodes[number] for number in used]
    for operator in operators:
        operator.opcodeIndex = used.index(operator.opcodeIndex)

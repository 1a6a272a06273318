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


def add_constant(model: Packable, values: NDArray[np.float32]) -> int:
    """Append the bytes of float32 ``values`` and return the number of their buffer."""
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(values.astype("<f4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    return len(model.buffers) - 1

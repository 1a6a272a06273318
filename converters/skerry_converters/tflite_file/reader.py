"""Bytes of a `.tflite` file into the typed view; whatever does not fit is refused, never guessed."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.flatbuffer import FlatBuffer, Table
from skerry_converters.tflite_file.model import (
    ABSENT,
    Operator,
    Quantization,
    Subgraph,
    Tensor,
    TfliteModel,
)
from skerry_converters.tflite_file.options import read_options
from skerry_converters.tflite_file.vocabulary import BUILTIN_OPERATORS, TENSOR_TYPES, TYPE_BITS
from skerry_edge.foundation.errors import ReachError

IDENTIFIER = b"TFL3"
SCHEMA_VERSION = 3
MAX_BYTES = 1 << 31
"""TFLite's own limit for what its offsets can address."""

_INT8 = struct.Struct("<b")
_UINT8 = struct.Struct("<B")
_BOOL = struct.Struct("<?")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_INT64 = struct.Struct("<q")
_UINT64 = struct.Struct("<Q")
_FLOAT32 = struct.Struct("<f")


def read_tflite(path: Path) -> TfliteModel:
    """Read a file. Raises ReachError where it cannot be read, TfliteFileError where it is no sound TFLite model."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ReachError(
            "cannot read the model", where=str(path), found=error.strerror, todo="check the path"
        ) from error
    return parse_tflite(data, where=str(path))


def parse_tflite(data: bytes | bytearray, *, where: str) -> TfliteModel:
    """Read the bytes of a file, which stay referenced; ``where`` names it in errors. Raises TfliteFileError.

    The constants of a file in a bytearray can be written to.
    """
    if len(data) > MAX_BYTES:
        raise TfliteFileError("the TFLite model is too large", where=where, found=f"over {MAX_BYTES} bytes")
    return _Reader(FlatBuffer(data, where), where).model()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Code:
    name: str
    version: int
    custom_code: str


class _Reader:
    """Reads the tables of one file in an order in which each finds what it refers to."""

    def __init__(self, buffer: FlatBuffer, where: str) -> None:
        self._buffer = buffer
        self._where = where
        self._root = buffer.root(IDENTIFIER)

    def model(self) -> TfliteModel:
        version = self._root.integer(0, _UINT32)
        if version != SCHEMA_VERSION:
            self._refuse("the TFLite model has another schema", f"version {version}, not {SCHEMA_VERSION}")
        self._codes = [self._code(one) for one in self._root.tables(1)]
        self._buffers = [self._data(one) for one in self._root.tables(4)]
        graphs = self._root.tables(2)
        if not graphs:
            self._refuse("the TFLite model has no graph", "0 subgraphs")
        return TfliteModel(
            description=self._root.text(3),
            subgraphs=tuple(self._subgraph(index, one) for index, one in enumerate(graphs)),
            buffer_sizes=tuple(len(one) for one in self._buffers),
            metadata=tuple(one.text(0) for one in self._root.tables(6)),
            size=len(self._buffer.view),
        )

    def _code(self, table: Table) -> _Code:
        # A file for readers of before 2020 has the code in field 0; codes from 127 on only fit field 3.
        code = max(table.integer(0, _INT8), table.integer(3, _INT32))
        if not 0 <= code < len(BUILTIN_OPERATORS):
            self._refuse("the TFLite model has an operator that this version does not know", f"code {code}")
        name = BUILTIN_OPERATORS[code]
        custom_code = table.text(1) if name == "CUSTOM" else ""
        return _Code(name=name, version=table.integer(2, _INT32, 1), custom_code=custom_code)

    def _data(self, table: Table) -> memoryview:
        """Return a buffer's bytes: in the flat buffer itself or, in large files, after it."""
        start, length = table.span(0)
        offset, size = table.integer(1, _UINT64), table.integer(2, _UINT64)
        if offset > 1:  # 0 and 1 both mean that there is nothing outside (schema.fbs, `Buffer`)
            start, length = offset, size
            self._buffer.check(start, length)
        return self._buffer.view[start : start + length]

    def _subgraph(self, index: int, table: Table) -> Subgraph:
        tensors = tuple(self._tensor(place, one, index) for place, one in enumerate(table.tables(0)))
        inputs = self._tensor_numbers(table.integers(1), tensors, f"subgraph {index}")
        outputs = self._tensor_numbers(table.integers(2), tensors, f"subgraph {index}")
        return Subgraph(
            index=index,
            name=table.text(4),
            tensors=tensors,
            inputs=inputs,
            outputs=outputs,
            operators=tuple(self._operator(place, one, tensors, index) for place, one in enumerate(table.tables(3))),
        )

    def _tensor(self, index: int, table: Table, graph: int) -> Tensor:
        place = f"subgraph {graph}, tensor {index}"
        code, buffer = table.integer(1, _INT8), table.integer(2, _UINT32)
        if not 0 <= code < len(TENSOR_TYPES):
            self._refuse("the TFLite model has a tensor of a type that this version does not know", str(code), place)
        if buffer >= max(1, len(self._buffers)):
            self._refuse("a tensor of the TFLite model has no buffer", f"buffer {buffer}", place)
        shape = table.integers(0)
        if any(size < 0 for size in shape):
            self._refuse("a tensor of the TFLite model has an impossible shape", str(list(shape)), place)
        signature = table.integers(7) or shape
        if len(signature) != len(shape):
            found = f"{list(signature)} for {list(shape)}"
            self._refuse("a tensor of the TFLite model has a signature of another rank", found, place)
        tensor = Tensor(
            index=index,
            name=table.text(3),
            type=TENSOR_TYPES[code],
            shape=shape,
            signature=signature,
            quantization=self._quantization(table.table(4)),
            is_variable=bool(table.integer(5, _BOOL)),
            buffer=buffer,
            data=self._buffers[buffer] if self._buffers else memoryview(b""),
        )
        if table.table(6) is None:
            self._check_size(tensor, place)
        return tensor

    def _check_size(self, tensor: Tensor, place: str) -> None:
        """Refuse a constant whose bytes are not those of its shape; a sparse one has fewer and is not checked."""
        bits = TYPE_BITS.get(tensor.type)
        if not tensor.is_constant or bits is None:
            return
        wanted = (tensor.elements * bits + 7) // 8
        if len(tensor.data) != wanted:
            found = f"{len(tensor.data)} bytes for {tensor.type} {list(tensor.shape)}"
            self._refuse("a constant of the TFLite model has the wrong size", found, place)

    def _quantization(self, table: Table | None) -> Quantization | None:
        scales = table.numbers(2, _FLOAT32) if table else None
        if table is None or not scales:
            return None
        return Quantization(
            scales=tuple(float(one) for one in scales),
            zero_points=tuple(int(one) for one in table.numbers(3, _INT64) or ()),
            axis=table.integer(6, _INT32),
        )

    def _operator(self, index: int, table: Table, tensors: Sequence[Tensor], graph: int) -> Operator:
        place = f"subgraph {graph}, operator {index}"
        number = table.integer(0, _UINT32)
        if number >= len(self._codes):
            self._refuse("an operator of the TFLite model has no code", f"code number {number}", place)
        code = self._codes[number]
        inputs = self._tensor_numbers(table.integers(1), tensors, place, absent=ABSENT)
        return Operator(
            index=index,
            name=code.name,
            version=code.version,
            custom_code=code.custom_code,
            inputs=inputs,
            outputs=self._tensor_numbers(table.integers(2), tensors, place),
            options=read_options(code.name, table.integer(3, _UINT8), table.table(4), f"{self._where}, {place}"),
        )

    def _tensor_numbers(
        self, numbers: tuple[int, ...], tensors: Sequence[Tensor], place: str, *, absent: int = 0
    ) -> tuple[int, ...]:
        """Return ``numbers``, each the number of a tensor or, where ``absent`` is negative, that."""
        for number in numbers:
            if not absent <= number < len(tensors):
                self._refuse("the TFLite model refers to a tensor that it does not have", f"tensor {number}", place)
        return numbers

    def _refuse(self, what: str, found: str, place: str | None = None) -> NoReturn:
        raise TfliteFileError(what, where=f"{self._where}, {place}" if place else self._where, found=found)

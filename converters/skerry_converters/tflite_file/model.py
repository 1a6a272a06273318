"""A TFLite model as the file describes it: subgraphs of operators on tensors, read-only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.options import Options

ABSENT = -1
"""The tensor number that stands for an optional input that is not given."""

_NUMPY = {
    "FLOAT32": "<f4",
    "FLOAT16": "<f2",
    "FLOAT64": "<f8",
    "INT8": "i1",
    "UINT8": "u1",
    "INT16": "<i2",
    "UINT16": "<u2",
    "INT32": "<i4",
    "UINT32": "<u4",
    "INT64": "<i8",
    "UINT64": "<u8",
    "BOOL": "?",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantization:
    """Affine quantization: real = scale * (stored - zero_point), per channel of ``axis`` where there are several."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tensor:
    """One tensor; ``signature`` is its shape with -1 for each dimension that is not known until it runs.

    ``data`` are a constant's bytes, empty where the tensor is computed; they are a view into the file.
    """

    index: int
    name: str
    type: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    quantization: Quantization | None
    is_variable: bool
    buffer: int
    data: memoryview = field(repr=False, compare=False)

    @property
    def is_constant(self) -> bool:
        """Whether the file holds the values."""
        return len(self.data) > 0

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def values(self) -> NDArray[Any]:
        """Return a constant's values in its shape: a view into the file, read-only where that is.

        Raises TfliteFileError for a type that NumPy does not have, and for a sparse or computed tensor.
        """
        dtype = np.dtype(_NUMPY[self.type]) if self.type in _NUMPY else None
        if dtype is None or len(self.data) != self.elements * dtype.itemsize:
            found = f"{len(self.data)} bytes for {self.type} {list(self.shape)}"
            raise TfliteFileError("a constant's values cannot be read", where=f"tensor '{self.name}'", found=found)
        return np.frombuffer(self.data, dtype=dtype).reshape(self.shape)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operator:
    """One operator with TFLite's built-in ``name``; ``custom_code`` is set for `CUSTOM` alone.

    ``inputs`` and ``outputs`` are tensor numbers, inputs with ABSENT for an optional one that is not given.
    """

    index: int
    name: str
    version: int
    custom_code: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options

    @property
    def label(self) -> str:
        """The operator's name for people: a custom operator's own name where it has one."""
        return f"{self.name} '{self.custom_code}'" if self.custom_code else self.name

    def integer(self, key: str) -> int:
        """Return a whole-number option. Raises KeyError for one that this kind of operator does not have."""
        return int(self.options[key])

    def flag(self, key: str) -> bool:
        """Return a yes-or-no option. Raises KeyError for one that this kind of operator does not have."""
        return bool(self.options[key])

    def word(self, key: str) -> str:
        """Return an option that is a word. Raises KeyError for one that this kind of operator does not have."""
        return str(self.options[key])


@dataclass(frozen=True, kw_only=True, slots=True)
class Subgraph:
    """One graph; its operators are in the order in which they run."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]

    def given(self, operator: Operator) -> tuple[Tensor | None, ...]:
        """Return an operator's inputs in order, None for one that is not given."""
        return tuple(None if index == ABSENT else self.tensors[index] for index in operator.inputs)

    def made(self, operator: Operator) -> tuple[Tensor, ...]:
        """Return an operator's outputs in order."""
        return tuple(self.tensors[index] for index in operator.outputs)

    def operand(self, operator: Operator, place: int) -> Tensor:
        """Return the input at ``place``. Raises TfliteFileError where the operator is not given one."""
        inputs = self.given(operator)
        tensor = inputs[place] if place < len(inputs) else None
        if tensor is None:
            raise self.unfit(operator, f"no input {place}")
        return tensor

    def result(self, operator: Operator) -> Tensor:
        """Return the first output. Raises TfliteFileError where the operator has none."""
        if not operator.outputs:
            raise self.unfit(operator, "no output")
        return self.tensors[operator.outputs[0]]

    def unfit(self, operator: Operator, found: str) -> TfliteFileError:
        """Return the error for an operator whose tensors cannot be its own."""
        return TfliteFileError(
            f"the tensors of {operator.label} are not those of such an operator",
            where=f"subgraph {self.index}, operator {operator.index}",
            found=found,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class TfliteModel:
    """A whole file; ``subgraphs[0]`` is what runs, the others are called from it.

    ``buffer_sizes`` are the bytes of each buffer, ``metadata`` the files that ride along by name.
    """

    description: str
    subgraphs: tuple[Subgraph, ...]
    buffer_sizes: tuple[int, ...]
    metadata: tuple[str, ...]
    size: int

    @property
    def main(self) -> Subgraph:
        """The subgraph that runs."""
        return self.subgraphs[0]

    @property
    def operators(self) -> tuple[tuple[Subgraph, Operator], ...]:
        """All operators of all subgraphs, each with its subgraph."""
        return tuple((graph, operator) for graph in self.subgraphs for operator in graph.operators)

"""Networks drawn in memory, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from skerry_converters.tflite_file.model import Operator, Quantization, Subgraph, Tensor, TfliteModel
from skerry_converters.tflite_file.options import read_options


class Sketch:
    """One graph; tensors are 8-bit and computed unless it is said otherwise."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.operators: list[Operator] = []
        self.sizes = [0]

    def tensor(
        self,
        shape: Sequence[int],
        kind: str = "INT8",
        *,
        values: object = None,
        signature: Sequence[int] | None = None,
        zero_point: int = 0,
        variable: bool = False,
    ) -> int:
        """Add a tensor and return its number; ``values`` make it a constant."""
        data = b""
        if values is not None:
            data = np.broadcast_to(np.asarray(values, kind.lower()), tuple(shape)).tobytes()
            self.sizes.append(len(data))
        self.tensors.append(
            Tensor(
                index=len(self.tensors),
                name=f"tensor {len(self.tensors)}",
                type=kind,
                shape=tuple(shape),
                signature=tuple(signature or shape),
                quantization=Quantization(scales=(1.0,), zero_points=(zero_point,)),
                is_variable=variable,
                buffer=len(self.sizes) - 1 if data else 0,
                data=memoryview(data),
            )
        )
        return len(self.tensors) - 1

    def add(
        self,
        name: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        kind: str = "INT8",
        version: int = 1,
        **options: Any,
    ) -> int:
        """Add an operator with one output of ``shape`` and return that output's number."""
        output = self.tensor(shape, kind)
        custom = options.pop("custom", "")
        self.operators.append(
            Operator(
                index=len(self.operators),
                name=name,
                version=version,
                custom_code=custom,
                inputs=tuple(inputs),
                outputs=(output,),
                options={**read_options(name, 0, None, "sketch"), **options},
            )
        )
        return output

    def convolution(self, source: int, channels: int = 4) -> int:
        """Add a 1x1 convolution."""
        *sizes, before = self.tensors[source].shape
        weights = self.tensor([channels, 1, 1, before], values=1)
        bias = self.tensor([channels], "INT32", values=0)
        return self.add("CONV_2D", [source, weights, bias], [*sizes, channels], version=3)

    def graph(self, index: int = 0, inputs: Sequence[int] = (0,)) -> Subgraph:
        """Return the graph; its first tensor is its input, its last one its output."""
        return Subgraph(
            index=index,
            name=f"graph {index}",
            tensors=tuple(self.tensors),
            inputs=tuple(inputs),
            outputs=(len(self.tensors) - 1,),
            operators=tuple(self.operators),
        )

    def model(self, *others: Subgraph) -> TfliteModel:
        """Return a model of this graph and others."""
        return TfliteModel(
            description="", subgraphs=(self.graph(), *others), buffer_sizes=tuple(self.sizes), metadata=(), size=1
        )


@pytest.fixture
def sketch() -> Callable[[], Sketch]:
    """Return a function that begins a new network."""
    return Sketch

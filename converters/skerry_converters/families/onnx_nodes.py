"""An ONNX graph as one walks through it: who reads a tensor, which constants there are, what shapes are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Node = Any
"""An `onnx.NodeProto`; onnx ships no types."""
Model = Any
"""An `onnx.ModelProto`."""
CONVOLUTIONS = ("Conv", "ConvTranspose")
MULTIPLYING = (*CONVOLUTIONS, "Gemm", "MatMul")


class OnnxNodes:
    """The nodes of a model's main graph; nodes inside branches and loops count as readers of what they take from it."""

    def __init__(self, model: Model) -> None:
        graph = model.graph
        self.nodes: tuple[Node, ...] = tuple(graph.node)
        self.inputs = tuple(one.name for one in graph.input)
        self.outputs = frozenset(one.name for one in graph.output)
        self._constants = {one.name: one for one in graph.initializer if one.name not in self.inputs}
        self._shapes = {
            value.name: tuple(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
            for value in (*graph.input, *graph.value_info, *graph.output)
        }
        self._readers: defaultdict[str, list[Node]] = defaultdict(list)
        for node in graph.node:
            for name in _read(node):
                self._readers[name].append(node)

    def constant(self, name: str) -> NDArray[Any] | None:
        """Return the values of a constant, or None where ``name`` is none."""
        from onnx import numpy_helper  # noqa: PLC0415  # heavy

        held = self._constants.get(name)
        return None if held is None else np.asarray(numpy_helper.to_array(held))

    def shape(self, name: str) -> tuple[int, ...]:
        """Return a tensor's shape, 0 for a size that is not known; empty where nothing is known."""
        return self._shapes.get(name, ())

    def readers(self, name: str) -> int:
        """Return how many nodes read a tensor."""
        return len(self._readers.get(name, ()))

    def only_reader(self, name: str) -> Node | None:
        """Return the one node that sees a tensor, or None where several do or it is an output of the network."""
        readers = self._readers.get(name, ())
        return readers[0] if len(readers) == 1 and name not in self.outputs else None


def attributes(node: Node) -> dict[str, Any]:
    """Return a node's attributes by name."""
    import onnx  # noqa: PLC0415  # heavy

    return {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}


def _read(node: Node) -> Iterator[str]:
    """Yield the names that a node reads, once for each time, with those that its branches and loops take from outside.

    A name that a branch makes itself may be among them: a reader too many only forbids.
    """
    yield from (name for name in node.input if name)
    for attribute in node.attribute:
        for graph in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            yield from (one.name for one in graph.output)
            for inner in graph.node:
                yield from _read(inner)

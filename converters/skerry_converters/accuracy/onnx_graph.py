"""A float ONNX file as accuracy-aware int8 sees it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skerry_converters.accuracy.float_graph import FloatArray, Link, Multiplier, Weights
from skerry_converters.accuracy.onnx_links import find_links, slope_below_zero
from skerry_converters.accuracy.onnx_weights import read_weights, stored_kernel, takes_bias
from skerry_converters.families.onnx_nodes import CONVOLUTIONS, Model, Node, OnnxNodes, attributes


class OnnxGraph:
    """A `FloatGraph` of a file with shapes, and with names of their own for its multiplying nodes.

    ``ranged`` are the tensors whose ranges the quantizer takes; the multipliers' outputs are always looked at.
    """

    def __init__(self, path: Path, ranged: Collection[str] = ()) -> None:
        import onnx  # noqa: PLC0415  # heavy

        self._path = path
        self._ranged = frozenset(ranged)
        nodes = OnnxNodes(onnx.load(path))
        found = (_multiplier(nodes, node) for node in nodes.nodes)
        by_output = {one.output: one for one in found if one is not None}
        self._multipliers = tuple(by_output.values())
        self._links = find_links(nodes, by_output)
        made = itertools.chain(nodes.inputs, (name for node in nodes.nodes for name in node.output))
        looked_at = self._ranged | by_output.keys()
        self._slopes = {name: slope_below_zero(nodes, name) for name in made if name in looked_at}

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def multipliers(self) -> tuple[Multiplier, ...]:
        """The multiplying nodes with constant float32 weights, by node name, in the file's order."""
        return self._multipliers

    @property
    def links(self) -> tuple[Link, ...]:
        """Where scales may move."""
        return self._links

    @property
    def slopes(self) -> Mapping[str, float]:
        """The tensors whose ranges matter, each with the slope below 0 of the one activation that reads it."""
        return self._slopes

    def rewritten(self, weights: Mapping[str, Weights], path: Path) -> OnnxGraph:
        """Write the network with other weights to ``path``. Raises ValueError for a bias where none can be written.

        A matrix product's factors alpha and beta are taken into its numbers.
        """
        import onnx  # noqa: PLC0415  # heavy

        model = onnx.load(self._path)
        nodes = OnnxNodes(model)
        writer = _Writer(model, nodes)
        for node in nodes.nodes:
            if node.name in weights and read_weights(nodes, node) is not None:
                writer.write(node, weights[node.name])
        path.write_bytes(model.SerializeToString(deterministic=True))
        return OnnxGraph(path, self._ranged)


def _multiplier(nodes: OnnxNodes, node: Node) -> Multiplier | None:
    weights = read_weights(nodes, node)
    if weights is None:
        return None
    convolves = node.op_type in CONVOLUTIONS
    places = node.input[0] if node.op_type == "ConvTranspose" else node.output[0]
    shape = nodes.shape(places)
    axis = 1 if convolves else -1
    return Multiplier(
        name=node.name,
        input=node.input[0],
        output=node.output[0],
        weights=weights,
        groups=attributes(node).get("group", 1) if convolves else 1,
        channel_axis=axis,
        macs=math.prod(shape) // shape[axis] * weights.kernel.size if all(shape) and shape else 0,
        has_bias=takes_bias(node),
    )


class _Writer:
    """Puts numbers into a model; a constant that several nodes share is left to the others."""

    def __init__(self, model: Model, nodes: OnnxNodes) -> None:
        self._graph = model.graph
        self._nodes = nodes
        self._constants = {one.name: one for one in model.graph.initializer}

    def write(self, node: Node, weights: Weights) -> None:
        shape = tuple(self._constants[node.input[1]].dims)
        self._set(node, 1, stored_kernel(node, weights.kernel, shape))
        factors = [one for one in node.attribute if one.name in ("alpha", "beta")]
        for factor in factors:
            node.attribute.remove(factor)
        if len(node.input) > 2 or np.any(weights.bias):
            if not takes_bias(node):
                raise ValueError(f"{node.op_type} '{node.name}' takes no bias")
            self._set(node, 2, weights.bias.astype(np.float32))

    def _set(self, node: Node, place: int, values: FloatArray) -> None:
        from onnx import numpy_helper  # noqa: PLC0415  # heavy

        name = node.input[place] if place < len(node.input) else ""
        if name and self._nodes.readers(name) == 1:
            self._constants[name].CopyFrom(numpy_helper.from_array(values, name))
            return
        fresh: Any = numpy_helper.from_array(values, self._unused(f"{node.output[0]}_{('kernel', 'bias')[place - 1]}"))
        self._graph.initializer.append(fresh)
        self._constants[fresh.name] = fresh
        if place < len(node.input):
            node.input[place] = fresh.name
        else:
            node.input.append(fresh.name)

    def _unused(self, name: str) -> str:
        taken = {*self._constants, *self._nodes.inputs, *(made for node in self._nodes.nodes for made in node.output)}
        candidates = itertools.chain([name], (f"{name}_{count}" for count in itertools.count(2)))
        return next(one for one in candidates if one not in taken)

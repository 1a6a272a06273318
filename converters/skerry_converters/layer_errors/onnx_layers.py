"""The layers of ONNX files, paired by their nodes' names."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from skerry_converters.layer_errors.pairing import Pair, Pairing, once

MULTIPLYING = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_RANGED = ("Relu", "Clip")
"""Activations that ONNX Runtime's quantizer leaves to the range of the tensor that it quantizes before them."""

Node = Any
"""An `onnx.NodeProto`; onnx ships no types."""


def pair_onnx(emitted: Path, reference: Path) -> Pairing:
    """Pair two ONNX files. The value of a quantized layer is what comes out of its output's dequantization."""
    ours, theirs = _Graph(emitted), _Graph(reference)
    pairs = []
    for node in ours.layers:
        twin = theirs.named.get(node.name)
        if twin is None or node.name not in ours.named or twin.op_type != node.op_type:
            continue
        value = ours.dequantized(node.output[0])
        # An activation that is gone is within the emitted layer's value.
        wanted = twin.output[0]
        while (activation := theirs.activation_of(wanted)) and activation.op_type not in ours.readers_of(value):
            wanted = activation.output[0]
        pairs.append(Pair(name=node.name, kind=node.op_type, emitted=value, reference=wanted))
    return Pairing(pairs=tuple(pairs), multiplying=len(ours.layers))


class _Graph:
    """A file's graph with the readers of each value."""

    def __init__(self, path: Path) -> None:
        import onnx  # noqa: PLC0415  # heavy

        graph = onnx.load(path, load_external_data=False).graph
        self._readers: defaultdict[str, list[Node]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._readers[name].append(node)
        self._given = {one.name for one in graph.output}
        self.layers = [node for node in graph.node if node.op_type in MULTIPLYING]
        names = once(node.name for node in graph.node)
        self.named = {node.name: node for node in self.layers if node.name in names}

    def readers_of(self, value: str) -> list[str]:
        """Return the operators that read a value."""
        return [node.op_type for node in self._readers[value]]

    def activation_of(self, value: str) -> Node | None:
        """Return the activation that alone reads a value, where it is one that a range can stand for."""
        readers = self._readers[value]
        alone = len(readers) == 1 and value not in self._given
        return readers[0] if alone and readers[0].op_type in _RANGED else None

    def dequantized(self, value: str) -> str:
        """Return what a value is after it has been quantized and dequantized, or itself where that is not done."""
        readers = self._readers[value]
        if len(readers) != 1 or readers[0].op_type != "QuantizeLinear":
            return value
        back = self._readers[readers[0].output[0]]
        if not back or any(node.op_type != "DequantizeLinear" for node in back):
            return value
        return str(back[0].output[0])

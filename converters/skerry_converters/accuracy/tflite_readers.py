"""Who reads the tensors of a TFLite graph."""

from __future__ import annotations

from collections import defaultdict

from skerry_converters.tflite_file.model import ABSENT, Operator, Subgraph

ACTIVATIONS = ("RELU", "LEAKY_RELU", "PRELU", "RELU6")
"""Operators that change each value alone, and by no more than a slope below 0 and a limit above."""


class Readers:
    """The operators that read each tensor of a graph."""

    def __init__(self, graph: Subgraph) -> None:
        self._outputs = frozenset(graph.outputs)
        self._readers: defaultdict[int, list[Operator]] = defaultdict(list)
        for operator in graph.operators:
            for tensor in operator.inputs:
                if tensor != ABSENT:
                    self._readers[tensor].append(operator)

    def only_reader(self, tensor: int) -> Operator | None:
        """Return the operator that alone sees a tensor, once; None where several do or it leaves the network."""
        readers = self._readers.get(tensor, [])
        return readers[0] if len(readers) == 1 and tensor not in self._outputs else None

    def activation(self, tensor: int) -> Operator | None:
        """Return the activation that alone sees a tensor, as its data; None where there is none."""
        reader = self.only_reader(tensor)
        return reader if reader is not None and reader.name in ACTIVATIONS and reader.inputs[0] == tensor else None

"""What the Edge TPU compiler really mapped: what it did not leave outside its custom operator."""

from __future__ import annotations

from collections import Counter

from skerry_converters.edgetpu.predict import COMPILED_OPERATOR
from skerry_converters.tflite_file.errors import TfliteFileError
from skerry_converters.tflite_file.model import Operator, Subgraph, TfliteModel


def mapped_operators(original: TfliteModel, compiled: TfliteModel) -> tuple[bool, ...]:
    """Tell for each operator of ``original``, in the order of its subgraphs, whether ``compiled`` has it on the chip.

    The compiler keeps operators that it does not map, with the names of their tensors. Raises TfliteFileError where the
    second file was not compiled from the first.
    """
    left = Counter(
        _identity(graph, operator)
        for graph, operator in compiled.operators
        if operator.custom_code != COMPILED_OPERATOR
    )
    found = []
    for graph, operator in original.operators:
        identity = _identity(graph, operator)
        found.append(left[identity] == 0)
        left[identity] -= not found[-1]
    if left.total():
        name, *_ = next(identity for identity, count in left.items() if count)
        raise TfliteFileError("the compiled file is not of this network", found=f"it has a {name} of its own")
    return tuple(found)


def _identity(graph: Subgraph, operator: Operator) -> tuple[str, str, tuple[str, ...]]:
    return operator.name, operator.custom_code, tuple(tensor.name for tensor in graph.made(operator))

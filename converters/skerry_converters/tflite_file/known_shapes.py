"""Sizes that a `.tflite` file computes as it runs although they are fixed, written into it as constants.

Converters compute the shape of a RESHAPE from that of its input (SHAPE, STRIDED_SLICE, PACK) where the batch was open,
as Keras' Flatten in an ordinary export. The Edge TPU compiler refuses a whole file for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skerry_converters.tflite_file.model import ABSENT, Operator, Subgraph
from skerry_converters.tflite_file.reader import parse_tflite


def with_known_shapes(data: bytes, *, where: str) -> bytes:
    """Return a sound file of fixed shapes in which nothing is computed from shapes alone: the results are constants.

    A file that computes nothing of the kind is returned as it is. Raises TfliteFileError where it is not sound, or its
    constants are outside its flat buffer.
    """
    graph = parse_tflite(data, where=where).main
    needless = _computed_from_shapes(graph)
    if not needless:
        return data
    from skerry_converters.tflite_file.packing import (  # noqa: PLC0415  # sources are opened without LiteRT
        add_constant,
        drop_unused_codes,
        packed,
        unpacked,
    )

    model = unpacked(data, where=where)
    changed = model.subgraphs[0]
    for number, values in _values(data, _results(graph, needless)).items():
        changed.tensors[number].buffer = add_constant(model, values)
    changed.operators = [one for number, one in enumerate(changed.operators) if number not in needless]
    drop_unused_codes(model)
    return packed(model)


def _computed_from_shapes(graph: Subgraph) -> dict[int, Operator]:
    """Return the operators, by number, whose results follow from shapes and constants."""
    known: set[int] = set()
    found = {}
    for operator in graph.operators:
        given = [number for number in operator.inputs if number != ABSENT]
        follows = not known.isdisjoint(given) and all(
            number in known or graph.tensors[number].is_constant for number in given
        )
        if operator.name == "SHAPE" or follows:
            known.update(operator.outputs)
            found[operator.index] = operator
    return {number: one for number, one in found.items() if set(graph.outputs).isdisjoint(one.outputs)}


def _results(graph: Subgraph, needless: Mapping[int, Operator]) -> list[int]:
    """Return the tensors that needless operators make for others."""
    made = {number for operator in needless.values() for number in operator.outputs}
    read = {number for one in graph.operators if one.index not in needless for number in one.inputs}
    return sorted(made & read)


def _values(data: bytes, tensors: Iterable[int]) -> dict[int, NDArray[Any]]:
    """Run the network once, on zeros, and return the values of tensors."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType  # noqa: PLC0415  # as above

    interpreter = Interpreter(
        model_content=data,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    for entering in interpreter.get_input_details():
        interpreter.set_tensor(entering["index"], np.zeros(entering["shape"], entering["dtype"]))
    interpreter.invoke()
    return {number: interpreter.get_tensor(number) for number in tensors}

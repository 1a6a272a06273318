"""Float16 weights of a `.tflite` file made float32, as which TensorFlow's quantizer has to have them."""

from __future__ import annotations

import numpy as np

from skerry_converters.tflite_file.model import Operator, Subgraph
from skerry_converters.tflite_file.packing import add_constant, drop_unused_codes, packed, unpacked
from skerry_converters.tflite_file.reader import parse_tflite


def with_float32_weights(data: bytes, *, where: str) -> bytes:
    """Return a file in which no DEQUANTIZE makes float32 numbers of float16 constants: the numbers are there at once.

    A file without such constants is returned as it is. Raises TfliteFileError for one that is not sound, and for one
    whose constants are outside its flat buffer.
    """
    graph = parse_tflite(data, where=where).main
    widening = {operator.index: operator for operator in graph.operators if _widens_a_constant(graph, operator)}
    if not widening:
        return data
    model = unpacked(data, where=where)
    changed = model.subgraphs[0]
    for operator in widening.values():
        values = graph.operand(operator, 0).values().astype(np.float32)
        changed.tensors[graph.result(operator).index].buffer = add_constant(model, values)
    changed.operators = [one for number, one in enumerate(changed.operators) if number not in widening]
    drop_unused_codes(model)
    return packed(model)


def _widens_a_constant(graph: Subgraph, operator: Operator) -> bool:
    if operator.name != "DEQUANTIZE":
        return False
    given = graph.operand(operator, 0)
    return given.is_constant and given.type == "FLOAT16"

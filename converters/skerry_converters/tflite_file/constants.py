"""Constants of a `.tflite` file replaced for single operators: what others read, be it the same constant, stays."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skerry_converters.tflite_file.packing import add_constant, packed, unpacked

Place = tuple[int, int]
"""An operator's number in the main graph, and which of its inputs."""


def with_own_constants(data: bytes, constants: Mapping[Place, NDArray[np.float32]], *, where: str) -> bytes:
    """Return a sound file in which each place is given a new float32 constant that nothing else reads.

    Numbers of operators and tensors stay as they are; new tensors come last. Raises as `unpacked`.
    """
    model = unpacked(data, where=where)
    graph = model.subgraphs[0]
    for (number, place), values in constants.items():
        operator = graph.operators[number]
        entering = np.array(operator.inputs)
        own = copy.copy(graph.tensors[entering[place]])
        own.name += f"_of_{number}".encode()
        own.shape, own.shapeSignature = np.array(values.shape, np.int32), None
        own.buffer = add_constant(model, values)
        graph.tensors.append(own)
        entering[place] = len(graph.tensors) - 1
        operator.inputs = entering
    return packed(model)

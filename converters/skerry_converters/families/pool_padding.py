"""Padding before a max-pool, made fit for integers.

TFLite's max-pool pads by its own rule only, so converters from ONNX put a PADV2 with minus infinity before it, whose
range leaves an int8 tensor without any resolution. Every window holds at least one real cell, so the smallest value of
all does the same; on integers it is the smallest that there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from skerry_converters.accuracy.tflite_watch import watch_numbers
from skerry_converters.families.base import FloatArray
from skerry_converters.tflite_file.constants import with_own_constants
from skerry_converters.tflite_file.model import Operator, Subgraph
from skerry_converters.tflite_file.reader import parse_tflite

BELOW_ALL = -1e30
"""A padding below it stands for minus infinity."""
DATA, PADDING = 0, 2
"""Which input of a PADV2 is what."""


def with_finite_padding(data: bytes, samples: Iterable[FloatArray], *, where: str) -> bytes:
    """Return a float TFLite file, its paddings of minus infinity replaced; ``samples`` fit its one input.

    ``where`` names it in messages. Raises TfliteFileError where it is not sound.
    """
    graph = parse_tflite(data, where=where).main
    endless = [operator for operator in graph.operators if _pads_with_minus_infinity(graph, operator)]
    if not endless:
        return data
    smallest = _smallest(data, [operator.inputs[DATA] for operator in endless], samples)
    # Several often share one constant, but not the smallest value.
    places = [(operator.index, PADDING) for operator in endless]
    return with_own_constants(data, dict(zip(places, smallest, strict=True)), where=where)


def _pads_with_minus_infinity(graph: Subgraph, operator: Operator) -> bool:
    if operator.name != "PADV2":
        return False
    padding = graph.tensors[operator.inputs[PADDING]]
    return padding.is_constant and padding.type == "FLOAT32" and float(padding.values().min()) < BELOW_ALL


def _smallest(data: bytes, tensors: Sequence[int], samples: Iterable[FloatArray]) -> list[FloatArray]:
    """Return the smallest value of each tensor over all samples, float32 of no dimension."""
    smallest = np.full(len(tensors), np.inf, np.float32)
    for values in watch_numbers(data, tensors, samples):
        smallest = np.minimum(smallest, [one.min() for one in values])
    return [np.asarray(one, np.float32) for one in smallest]

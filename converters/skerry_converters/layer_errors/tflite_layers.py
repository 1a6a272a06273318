"""The layers of TFLite files, paired by the names of their results, and the values inside such files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from skerry_converters.layer_errors.pairing import Pair, Pairing, numbered_alike, once
from skerry_converters.tflite_file.macs import multiply_accumulates
from skerry_converters.tflite_file.model import Operator, Quantization, Subgraph
from skerry_converters.tflite_file.reader import read_tflite
from skerry_edge.backends.base import Array


def pair_tflite(emitted: Path, reference: Path) -> Pairing:
    """Pair two TFLite files: operators of one kind and activation with results of one shape, and names that agree.

    Raises TfliteFileError. Only results of multiplying operators are looked at: a converter gives their former names
    to other tensors, such as a bias that it makes float again.
    """
    ours, theirs = _Layers(read_tflite(emitted).main), _Layers(read_tflite(reference).main)
    names = {
        name: twin
        for key, own in ours.by_key.items()
        for name, twin in numbered_alike(own, theirs.by_key.get(key, [])).items()
    }
    usable = {name for name, twin in names.items() if name in ours.unambiguous and twin in theirs.unambiguous}
    pairs = tuple(
        Pair(name=name, kind=kind, emitted=name, reference=names[name])
        for name, kind in ours.in_order
        if name in usable
    )
    return Pairing(pairs=pairs, multiplying=len(ours.in_order))


class _Layers:
    """A graph's multiplying operators by the names of their results."""

    def __init__(self, graph: Subgraph) -> None:
        self.unambiguous = once(tensor.name for tensor in graph.tensors)
        self.in_order: list[tuple[str, str]] = []
        self.by_key: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
        for operator in graph.operators:
            if multiply_accumulates(graph, operator):
                name = graph.result(operator).name
                self.in_order.append((name, operator.label))
                self.by_key[_key(graph, operator)].append(name)


def _key(graph: Subgraph, operator: Operator) -> tuple[object, ...]:
    return operator.name, operator.options.get("activation"), graph.result(operator).shape


def watch_tflite_file(path: Path, tensors: Sequence[str], samples: Iterable[Array]) -> Iterator[Sequence[Array]]:
    """Yield, for each sample of a file's one input, the real values of tensors by name; integers stand for reals.

    LiteRT's own kernels compute them, since an accelerated delegate keeps what is inside to itself.
    """
    from skerry_converters.accuracy.tflite_watch import watch_numbers  # noqa: PLC0415  # imports LiteRT

    graph = read_tflite(path).main
    wanted = [next(one for one in graph.tensors if one.name == name) for name in tensors]
    for values in watch_numbers(path.read_bytes(), [one.index for one in wanted], samples):
        yield [_real(one, tensor.quantization) for one, tensor in zip(values, wanted, strict=True)]


def _real(values: Array, quantization: Quantization | None) -> Array:
    if quantization is None or values.dtype.kind == "f":
        return values
    # Results have one scale each: TFLite knows several for constants alone.
    zero_point = quantization.zero_points[0] if quantization.zero_points else 0
    real: Array = (values.astype(np.float32) - zero_point) * np.float32(quantization.scales[0])
    return real

"""A float TFLite file as accuracy-aware int8 sees it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from skerry_converters.accuracy.float_graph import Link, Multiplier, Weights
from skerry_converters.accuracy.tflite_links import find_links
from skerry_converters.accuracy.tflite_multipliers import read_multiplier
from skerry_converters.accuracy.tflite_ranges import slopes_below_zero
from skerry_converters.accuracy.tflite_readers import Readers
from skerry_converters.accuracy.tflite_weights import with_weights
from skerry_converters.tflite_file.model import Subgraph
from skerry_converters.tflite_file.reader import parse_tflite


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TfliteGraph:
    """A `FloatGraph`. An operator is known by the name of the tensor that it makes, as TensorFlow's quantizer knows it.

    What shares its name with something else is left out. ``activations`` gives, for the multipliers that have one, the
    name of the activation that alone reads the output.
    """

    path: Path
    multipliers: tuple[Multiplier, ...]
    links: tuple[Link, ...]
    slopes: Mapping[str, float]
    activations: Mapping[str, str]

    def rewritten(self, weights: Mapping[str, Weights], path: Path) -> TfliteGraph:
        """Write the network with other numbers for some multipliers, by name, to ``path`` and return it.

        The same numbers give the same bytes. Raises as `with_weights`, and KeyError for a name of no multiplier.
        """
        unknown = weights.keys() - {one.name for one in self.multipliers}
        if unknown:
            raise KeyError(f"no multipliers: {', '.join(sorted(unknown))}")
        path.write_bytes(with_weights(self.path.read_bytes(), weights, where=self.path.name))
        return read_graph(path)


def read_graph(path: Path) -> TfliteGraph:
    """Read a file. Raises TfliteFileError where it is no sound TFLite model, OSError where it cannot be read."""
    graph = parse_tflite(path.read_bytes(), where=path.name).main
    times = Counter(tensor.name for tensor in graph.tensors)
    multipliers = _multipliers(graph, times)
    readers = Readers(graph)
    activations = {
        one.name: readers.activation(graph.operators[place].outputs[0]) for place, one in multipliers.items()
    }
    return TfliteGraph(
        path=path,
        multipliers=tuple(multipliers.values()),
        links=find_links(graph, multipliers),
        slopes={name: slope for name, slope in slopes_below_zero(graph).items() if times[name] == 1},
        activations={name: graph.result(one).name for name, one in activations.items() if one is not None},
    )


def _multipliers(graph: Subgraph, times: Mapping[str, int]) -> dict[int, Multiplier]:
    """Return the multipliers by their operator's number; ``times`` says how often each name stands for a tensor."""
    read = {operator.index: read_multiplier(graph, operator) for operator in graph.operators}
    return {place: one for place, one in read.items() if one is not None and times[one.input] == times[one.output] == 1}

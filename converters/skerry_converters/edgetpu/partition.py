"""Which operators end up in the one part of the graph that the Edge TPU compiler takes.

"At the first point in the model graph where an unsupported operation occurs, the compiler partitions the graph into
two parts. The first part of the graph that contains only supported operations is compiled into a custom operation that
executes on the Edge TPU, and everything else executes on the CPU … Currently, the Edge TPU Compiler cannot partition
the model more than once" (https://coral.ai/docs/edgetpu/models-intro/#compiling). "First" is meant along the data: an
operator that needs nothing from the unsupported one is still in the first part, whatever its number. That is how
TFLite itself parts a graph between a delegate and the CPU (`PartitionGraphIntoIndependentNodeSubsets`, TensorFlow,
`lite/graph_info.cc`): it takes all ready operators of one kind, then all ready ones of the other, in turns. So an
unsupported operator at the very start, such as the QUANTIZE of a float input, stays on the CPU and costs nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from skerry_converters.tflite_file.model import Subgraph


def turns(graph: Subgraph, supported: Sequence[bool]) -> tuple[int, ...]:
    """Return in which turn each operator is taken, counted from 0; ``supported`` says of which kind each is.

    The kinds alternate from turn to turn, and turn 0 has the kind of the first operator.
    """
    made_in: dict[int, int] = {}
    found: list[int] = []
    for operator, kind in zip(graph.operators, supported, strict=True):
        turn = int(kind != supported[0])
        for index in operator.inputs:
            if index in made_in:
                # A turn of the other kind ends before the next of this kind begins.
                turn = max(turn, made_in[index] + (made_in[index] - turn) % 2)
        made_in.update(dict.fromkeys(operator.outputs, turn))
        found.append(turn)
    return tuple(found)


def taken(graph: Subgraph, supported: Sequence[bool], *, multiple_subgraphs: bool) -> tuple[bool, ...]:
    """Return which operators are compiled: those of the first turn of supported ones, or of all such turns.

    ``multiple_subgraphs`` is the compiler's experimental option `-a`.
    """
    first = 0 if supported and supported[0] else 1
    return tuple(
        kind and (multiple_subgraphs or turn == first)
        for kind, turn in zip(supported, turns(graph, supported), strict=True)
    )

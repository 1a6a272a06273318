"""The one part of the graph that is compiled, against TFLite's own way of parting a graph, written out plainly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skerry_converters.edgetpu.partition import taken, turns
from skerry_converters.tflite_file.model import Subgraph


def _by_tflites_rule(graph: Subgraph, supported: list[bool]) -> tuple[int, ...]:
    """Take all ready operators of one kind, again and again until none is left, then those of the other kind."""
    ready = set(graph.inputs)
    found: dict[int, int] = {}
    made = {index for operator in graph.operators for index in operator.outputs}
    turn = 0
    while len(found) < len(graph.operators):
        kind = None
        moved = True
        while moved:
            moved = False
            for place, operator in enumerate(graph.operators):
                waits = any(index in made and index not in ready for index in operator.inputs)
                if place in found or waits:
                    continue
                kind = supported[place] if kind is None else kind
                if supported[place] == kind:
                    found[place], moved = turn, True
                    ready.update(operator.outputs)
        turn += 1
    return tuple(found[place] for place in range(len(graph.operators)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(
        st.tuples(st.booleans(), st.lists(st.integers(0, 30), min_size=1, max_size=3)), min_size=1, max_size=16
    )
)
def test_operators_are_taken_in_turns_as_tflite_takes_them(
    sketch: Callable[[], Any], plan: list[tuple[bool, list[int]]]
) -> None:
    one = sketch()
    tensors = [one.tensor([1, 4])]
    for _, sources in plan:
        tensors.append(one.add("RELU", [tensors[place % len(tensors)] for place in sources], [1, 4]))
    graph, supported = one.graph(), [kind for kind, _ in plan]

    assert turns(graph, supported) == _by_tflites_rule(graph, supported)


def test_a_branch_beside_an_unsupported_operator_is_still_taken(sketch: Callable[[], Any]) -> None:
    one = sketch()
    image = one.tensor([1, 4])
    unsupported = one.add("ELU", [image], [1, 4])
    beside = one.add("RELU", [image], [1, 4])
    one.add("ADD", [unsupported, beside], [1, 4])

    # The unsupported operator comes first in the file, so the chip's turn is the second one.
    assert taken(one.graph(), [False, True, True], multiple_subgraphs=False) == (False, True, True)

    one = sketch()
    image = one.tensor([1, 4])
    first = one.add("RELU", [image], [1, 4])
    unsupported = one.add("ELU", [first], [1, 4])
    beside = one.add("RELU", [first], [1, 4])
    one.add("ADD", [unsupported, beside], [1, 4])

    assert taken(one.graph(), [True, False, True, True], multiple_subgraphs=False) == (True, False, True, False)
    assert taken(one.graph(), [True, False, True, True], multiple_subgraphs=True) == (True, False, True, True)

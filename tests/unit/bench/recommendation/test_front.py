"""The front: what nothing else beats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skerry_edge.bench.recommendation.front import dominates, on_front

FIGURES = st.integers(0, 5).map(float)
COSTS = st.lists(st.tuples(FIGURES, FIGURES), min_size=1, max_size=12)


def test_slower_and_worse_is_off_the_front() -> None:
    assert on_front([("a", (1.0, 2.0)), ("b", (2.0, 1.0)), ("c", (2.0, 3.0))]) == ["a", "b"]


def test_equals_are_both_on_the_front() -> None:
    assert on_front([("a", (1.0, 1.0)), ("b", (1.0, 1.0))]) == ["a", "b"]


def test_as_fast_and_worse_is_off_the_front() -> None:
    assert on_front([("a", (1.0, 1.0)), ("b", (1.0, 1.5)), ("c", (1.5, 1.0))]) == ["a"]


@given(COSTS)
def test_whatever_is_off_the_front_is_beaten_by_one_on_it(costs: list[tuple[float, float]]) -> None:
    front = on_front(list(enumerate(costs)))
    assert front
    for place, one in enumerate(costs):
        beaten = any(dominates(costs[other], one) for other in front)
        assert beaten == (place not in front)

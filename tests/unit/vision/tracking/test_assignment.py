"""The best pairing of rows and columns."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skerry_edge.vision.tracking.assignment import best_pairs

gains = st.tuples(st.integers(0, 5), st.integers(0, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-2, 9).map(lambda value: value / 8))
)


def best_sum(matrix: np.ndarray) -> float:
    """Try every pairing."""
    matrix = np.maximum(matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T, 0.0)
    rows, columns = matrix.shape
    return max(
        sum(matrix[row, column] for row, column in enumerate(chosen)) for chosen in permutations(range(columns), rows)
    )


@given(gains)
def test_no_pairing_gains_more(matrix: np.ndarray) -> None:
    pairs = best_pairs(matrix)
    assert sum(matrix[pair] for pair in pairs) == pytest.approx(best_sum(matrix))


@given(gains)
def test_each_row_and_column_is_used_once_and_only_where_there_is_something_to_gain(matrix: np.ndarray) -> None:
    pairs = best_pairs(matrix)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(matrix[pair] > 0 for pair in pairs)


def test_the_greedy_choice_is_given_up_where_the_whole_gains() -> None:
    assert best_pairs(np.array([[0.9, 0.8], [0.85, 0.1]])) == [(0, 1), (1, 0)]


def test_nothing_pairs_with_nothing() -> None:
    assert best_pairs(np.zeros((0, 3))) == []
    assert best_pairs(np.zeros((2, 2))) == []


@pytest.mark.parametrize("gain", [float("nan"), float("inf")])
def test_a_gain_that_is_no_number_is_refused(gain: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        best_pairs(np.array([[gain]]))
